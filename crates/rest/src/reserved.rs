//! What test suites of Mailman use.

use crate::call::Call;
use crate::reply::Reply;

/// `DELETE reserved/uids/orphans`: no ids are ever orphaned here.
pub(crate) fn forget_orphans(_: &Call) -> Reply {
    Reply::Done
}

/// `GET reserved/reset`: there are no sessions to drop.
pub(crate) fn reset(_: &Call) -> Reply {
    Reply::Done
}
