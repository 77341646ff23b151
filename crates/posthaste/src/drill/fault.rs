//! What can be planted into a server of a drill.

use std::time::Duration;

use posthaste_store::Store;
use posthaste_watch::{Planted, Supervisor};
use serde::{Deserialize, Serialize};

use super::Drill;

/// One fault, or its end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum Fault {
    /// The disk under the spool.
    Disk {
        /// What is wrong with it from now on.
        how: DiskFault,
    },
    /// The tasks of a name.
    Task {
        /// `out`, `incoming` …
        name: String,
        /// What happens to them.
        how: Planted,
    },
    /// The wall clock is set forward or back.
    Jump {
        /// By so much.
        seconds: i64,
    },
    /// Nobody waits longer than this for the database, so that time can be turned while it is silent.
    Hurry {
        /// Of the world's time.
        millis: u64,
    },
    /// Time passes at once.
    Turn {
        /// So much.
        seconds: u64,
    },
}

/// How a disk fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub(crate) enum DiskFault {
    /// It does not.
    None,
    /// No space left.
    Full,
    /// No inode left.
    NoInodes,
    /// Mounted read-only, as a kernel does after an error.
    ReadOnly,
    /// What was written cannot be made durable.
    Fsync,
    /// It takes its time.
    Slow,
}

impl Drill {
    /// Plants `fault`; `Err` tells why it cannot be.
    pub(crate) fn plant(&self, fault: &Fault, supervisor: &Supervisor, store: &Store) -> Result<(), String> {
        tracing::warn!(?fault, "the drill plants a fault");
        match fault {
            Fault::Disk { how } => self.disk.fail(*how),
            Fault::Task { name, how } if !supervisor.plant(name, *how) => {
                return Err(format!("there is no task {name}"));
            }
            Fault::Task { .. } => {}
            Fault::Jump { seconds } => self.clock.jump(*seconds),
            Fault::Hurry { millis } => store.set_deadline(Duration::from_millis(*millis)),
            Fault::Turn { seconds } => self.clock.turn(Duration::from_secs(*seconds)),
        }
        Ok(())
    }
}
