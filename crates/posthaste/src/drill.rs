//! Drills: faults planted on purpose into a scratch instance, to see that what is promised holds.
//!
//! The server's half is small: a disk that fails and a clock that is turned, on command. It exists only in
//! `posthaste serve --drill`, which refuses to start in a state folder that no drill has made.

mod clock;
#[cfg(feature = "drill")]
mod command;
mod disk;
mod fault;

use std::path::Path;
use std::sync::Arc;

use posthaste_model::Clock;
use posthaste_spool::{Disk, RealDisk};

use self::clock::DrillClock;
use self::disk::DrillDisk;
use crate::cli::output::BadInput;
use crate::clock::SystemClock;

#[cfg(feature = "drill")]
pub(crate) use self::command::{Options, run};
pub(crate) use self::fault::{DiskFault, Fault};

/// The file that says that a state folder is a drill's, to be broken at will.
pub(crate) const MARKER: &str = "this-is-a-drill";

/// What a server stands on: the world, or a drill's idea of it.
pub(crate) struct Ground {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) drill: Option<Drill>,
}

/// Where faults are planted.
pub(crate) struct Drill {
    clock: Arc<DrillClock>,
    disk: Arc<DrillDisk>,
}

impl Ground {
    /// The world as it is.
    pub(crate) fn real() -> Self {
        Self { clock: Arc::new(SystemClock::new()), disk: Arc::new(RealDisk), drill: None }
    }

    /// One that can be shaken. Refused unless the state folder was made for it.
    pub(crate) fn shaking(state: &Path) -> anyhow::Result<Self> {
        if !state.join(MARKER).exists() {
            return Err(BadInput::new(format!(
                "{} is no drill's state folder, and faults are planted in no other: use `posthaste drill`, which makes \
                 one of its own",
                state.display()
            ))
            .into());
        }
        let (clock, disk) = (Arc::new(DrillClock::new()), Arc::new(DrillDisk::new(Arc::new(RealDisk))));
        Ok(Self { clock: clock.clone(), disk: disk.clone(), drill: Some(Drill { clock, disk }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_need_a_folder_made_for_them() {
        let folder = tempfile::tempdir().unwrap();
        let refused = Ground::shaking(folder.path()).map(|_| ()).unwrap_err().to_string();
        assert!(refused.contains("is no drill's state folder"), "{refused}");
        std::fs::write(folder.path().join(MARKER), "").unwrap();
        assert!(Ground::shaking(folder.path()).is_ok());
    }
}
