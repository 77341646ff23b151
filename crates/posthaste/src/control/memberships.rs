use posthaste_model::{Address, DeliveryMode, DeliveryStatus, Mailbox};
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
        /// Whether they get it at all.
        #[serde(default)]
        status: Option<DeliveryStatus>,
        /// Who says so, for the audit log.
        #[serde(default)]
        by: String,
    },
    /// End the memberships of people, and write to them.
    Dismiss {
        /// The list's posting address.
        list: String,
        /// Names this doing: the same again does nothing twice.
        id: Uuid,
        /// Whose.
        people: Vec<Address>,
        /// Whether to say goodbye; `None` = as the list says.
        goodbye: Option<bool>,
        /// Whether to tell the owners; `None` = as the list says.
        tell_owners: Option<bool>,
        /// Who says so, for the audit log.
        #[serde(default)]
        by: String,
    },
    /// Decide about a request that waits for a moderator.
    Decide {
        /// Which.
        id: Uuid,
        /// `accept`, `reject` or `discard`.
        verdict: String,
        /// What the other is told.
        reason: Option<String>,
        /// Who says so, for the audit log.
        #[serde(default)]
        by: String,
    },
}
