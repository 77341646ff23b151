use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Action, Address, Timestamp};

/// What somebody is to a list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Gets posts.
    Member,
    /// Runs the list.
    Owner,
    /// Decides on held posts.
    Moderator,
    /// Has written to the list without being a member.
    Nonmember,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Member, Self::Owner, Self::Moderator, Self::Nonmember];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Owner => "owner",
            Self::Moderator => "moderator",
            Self::Nonmember => "nonmember",
        }
    }
}

/// How a member gets the list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMode {
    /// Each post.
    #[default]
    Regular,
    /// Digests as plain text.
    PlaintextDigests,
    /// Digests as MIME.
    MimeDigests,
    /// Summaries.
    SummaryDigests,
}

/// Whether a member gets the list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Yes.
    #[default]
    Enabled,
    /// Switched off by the member.
    ByUser,
    /// Switched off because mail bounced.
    ByBounces,
    /// Switched off by an administrator.
    ByModerator,
    /// Switched off, nobody knows why.
    Unknown,
}

/// What a person may set; `None` means "as the next level says" (member, address, user, system).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Send a note for each post of mine that was accepted. System default: no.
    pub acknowledge_posts: Option<bool>,
    /// System default: regular.
    pub delivery_mode: Option<DeliveryMode>,
    /// System default: enabled.
    pub delivery_status: Option<DeliveryStatus>,
    /// System default: yes.
    pub hide_address: Option<bool>,
    /// A language code. System default: the site's.
    pub preferred_language: Option<String>,
    /// Send me the list's copy even if I am in To or Cc. System default: yes.
    pub receive_list_copy: Option<bool>,
    /// Send me my own posts. System default: yes.
    pub receive_own_postings: Option<bool>,
}

impl Preferences {
    /// These, with what they leave open taken from `next`.
    pub fn or(&self, next: &Self) -> Self {
        Self {
            acknowledge_posts: self.acknowledge_posts.or(next.acknowledge_posts),
            delivery_mode: self.delivery_mode.or(next.delivery_mode),
            delivery_status: self.delivery_status.or(next.delivery_status),
            hide_address: self.hide_address.or(next.hide_address),
            preferred_language: self.preferred_language.clone().or_else(|| next.preferred_language.clone()),
            receive_list_copy: self.receive_list_copy.or(next.receive_list_copy),
            receive_own_postings: self.receive_own_postings.or(next.receive_own_postings),
        }
    }
}

/// One address in one role on one list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// Its key.
    pub id: Uuid,
    /// The list's key.
    pub list: Uuid,
    /// In which role.
    pub role: Role,
    /// Under which address.
    pub address: Address,
    /// The name the person gave; may be empty.
    pub display_name: String,
    /// What happens to this person's posts; `None` = as the list says.
    pub moderation_action: Option<Action>,
    /// What this person set for this membership.
    pub preferences: Preferences,
    /// Since when.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_fall_through() {
        let member = Preferences { acknowledge_posts: Some(true), ..Preferences::default() };
        let address = Preferences {
            acknowledge_posts: Some(false),
            hide_address: Some(false),
            ..Preferences::default()
        };
        let both = member.or(&address);
        assert_eq!((both.acknowledge_posts, both.hide_address), (Some(true), Some(false)));
    }
}
