//! Plugins, of which there are none, and the templates of 3.0, which are never found.

use crate::call::Call;
use crate::fault::Fault;
use crate::reply::{Answer, Reply};

/// `GET plugins`.
pub(crate) fn all(call: &Call) -> Answer {
    let slice = call.page()?;
    Ok(Reply::page(slice.skip, 0, vec![]))
}

/// `GET plugins/{name}`.
pub(crate) fn show(_: &Call) -> Answer {
    Err(Fault::GONE)
}

/// `GET templates/{fqdn}/{template}`.
pub(crate) fn template(_: &Call) -> Answer {
    Err(Fault::GONE)
}
