//! What test suites of Mailman use.

use crate::call::Call;
use crate::reply::{Answer, Reply};

/// `DELETE reserved/uids/orphans`: no ids are ever orphaned here.
pub(crate) async fn forget_orphans(_: Call) -> Answer {
    Ok(Reply::Done)
}

/// `GET reserved/reset`: there are no sessions to drop.
pub(crate) async fn reset(_: Call) -> Answer {
    Ok(Reply::Done)
}
