use posthaste_model::{DeliveryMode, Mailbox};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What can be asked about memberships.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub(crate) enum MembershipRequest {
    /// Make people members, or invite them, and write to them.
    Enrol {
        /// The list's posting address.
        list: String,
        /// Names this doing: the same again does nothing twice.
        id: Uuid,
        /// Whom.
        people: Vec<Mailbox>,
        /// Ask each of them first.
        invite: bool,
        /// Whether to say welcome; `None` = as the list says.
        greet: Option<bool>,
        /// How they get the list's mail.
        mode: Option<DeliveryMode>,
    },
    /// Decide about a request that waits for a moderator.
    Decide {
        /// Which.
        id: Uuid,
        /// `accept`, `reject` or `discard`.
        verdict: String,
        /// What the other is told.
        reason: Option<String>,
    },
}
