//! The canary of this configuration.

use std::path::Path;
use std::sync::Arc;

use posthaste_lists::canary::Keeper;
use posthaste_model::Clock;
use posthaste_watch::{Canary, CanaryOptions, CanaryVitals, Door, Keys};

use super::Server;
use crate::config::{Config, Listen};

/// The canary, if one is wanted.
pub(super) fn of(
    config: &Config,
    state: &Path,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Option<Arc<Canary>>> {
    let Some(address) = config.canary.address.clone() else { return Ok(None) };
    let options = CanaryOptions {
        address,
        interval: config.canary.interval,
        late: config.canary.late,
        door: door(&config.lmtp.listen),
    };
    let key = Keys::open(state)?.key("canary");
    Ok(Some(Arc::new(Canary::new(options, key, clock.clone()))))
}

/// What the rooms below know of it.
pub(super) fn keeper(canary: Option<&Arc<Canary>>) -> Option<Arc<dyn Keeper>> {
    canary.map(|canary| canary.clone() as Arc<dyn Keeper>)
}

/// Our own listener, as somebody who connects to it.
pub(crate) fn door(listen: &Listen) -> Door {
    match listen {
        Listen::Tcp(address) => Door::Tcp(*address),
        Listen::Unix(path) => Door::Unix(path.clone()),
    }
}

impl Server {
    /// How the canary is.
    pub(super) fn canary_vitals(&self) -> CanaryVitals {
        self.canary.as_ref().map(|canary| canary.vitals()).unwrap_or_default()
    }
}
