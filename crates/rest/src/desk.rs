//! What the desk cannot do, as clients are told.

use posthaste_lists::subscription::DeskError;

use crate::fault::Fault;

/// The fault behind an error of the desk.
pub(crate) fn fault(error: DeskError) -> Fault {
    match error {
        DeskError::Store(error) => error.into(),
        DeskError::Spool(error) => error.into(),
    }
}
