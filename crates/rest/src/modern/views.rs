//! What rooms above this one know, and tell through it.

use serde_json::Value;

use crate::call::Call;
use crate::fault::Fault;

/// What is told of the server as a whole.
pub struct Views {
    /// Whether every accepted post is accounted for.
    pub ledger: Box<dyn Fn() -> Value + Send + Sync>,
    /// What is wrong now.
    pub alerts: Box<dyn Fn() -> Value + Send + Sync>,
}

/// `GET ledger`
pub(super) fn ledger(call: &Call) -> Result<Value, Fault> {
    let views = call.api.views.get().ok_or(Fault::GONE)?;
    Ok((views.ledger)())
}

/// `GET alerts`
pub(super) fn alerts(call: &Call) -> Result<Value, Fault> {
    let views = call.api.views.get().ok_or(Fault::GONE)?;
    Ok((views.alerts)())
}
