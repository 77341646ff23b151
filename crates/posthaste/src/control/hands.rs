use posthaste_model::{Address, ListName};
use serde::{Deserialize, Serialize};

/// What can be asked of whoever has the spool, besides memberships.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "hand", rename_all = "snake_case")]
pub(crate) enum HandRequest {
    /// Tell the moderators of a list what waits; the answer is how much.
    Remind {
        /// The list.
        list: ListName,
    },
    /// Tell the owners of a new list that it is there.
    NewList {
        /// The list.
        list: ListName,
        /// Whom.
        owners: Vec<Address>,
    },
}
