use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Address, Mailbox, Preferences, Timestamp};

/// What somebody asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestAction {
    /// To become a member.
    Join,
    /// To be a member no more.
    Leave,
    /// To get the list's mail in another way.
    Set,
}

impl RequestAction {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Set => "set",
        }
    }
}

/// Whose word is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenOwner {
    /// Who has the address.
    Subscriber,
    /// Who moderates the list.
    Moderator,
}

impl TokenOwner {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subscriber => "subscriber",
            Self::Moderator => "moderator",
        }
    }
}

/// What else was said when it was asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestDetails {
    /// To join: what the membership is to begin with. To set: what is to change; `None` stays as it is.
    pub preferences: Preferences,
    /// An owner asked first.
    pub invitation: bool,
    /// The address has answered.
    pub confirmed: bool,
    /// No moderator need be asked.
    pub pre_approved: bool,
    /// Whether to say welcome or goodbye; `None` = as the list says.
    pub greet: Option<bool>,
    /// To join: the membership is to belong to this user, and to follow the preferred address.
    pub by_user: Option<Uuid>,
}

/// Something about a membership that waits for somebody's word.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MembershipRequest {
    /// Its key.
    pub id: Uuid,
    /// The list's key.
    pub list: Uuid,
    /// What was asked for.
    pub action: RequestAction,
    /// Whose word is waited for.
    pub owner: TokenOwner,
    /// For which address.
    pub address: Address,
    /// The name that came with it; may be empty.
    pub display_name: String,
    /// What else was said.
    pub details: RequestDetails,
    /// When.
    pub asked_at: Timestamp,
    /// Nothing is done after this moment.
    pub expires_at: Timestamp,
}

impl MembershipRequest {
    /// Name and address.
    pub fn mailbox(&self) -> Mailbox {
        Mailbox { name: self.display_name.clone(), address: self.address.clone() }
    }
}
