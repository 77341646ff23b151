//! What an operator decides about alerts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When who is told.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    /// People and channels, in the order of the configuration.
    pub contacts: Vec<Contact>,
    /// An un-acknowledged page goes to the second person after this (P30).
    pub second_after: Duration,
    /// To everybody, and to the owner of the suspected dependency, after this.
    pub everyone_after: Duration,
    /// The public is told after this.
    pub public_after: Duration,
    /// Then all again, this often; nothing that is not acknowledged is silent for longer.
    pub repeat: Duration,
    /// An ack is good for so long.
    pub ack_expires: Duration,
    /// An incident closes when all has been well for so long.
    pub calm: Duration,
    /// An unstable one when all has been quiet for so long.
    pub quiet: Duration,
    /// So many changes within an hour make it unstable.
    pub changes: usize,
    /// The owner of the service, for messages.
    pub owner: String,
    /// Where pages of ours are read, without a slash at the end: `https://lists.example.org`; for ack links.
    pub base_url: Option<String>,
}

/// A person, or a channel that many read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contact {
    /// By which messages and acks name them.
    pub name: String,
    /// 0: a channel, told of everything. 1: paged first. 2: paged after ten minutes. 3: with everyone.
    pub step: u8,
    /// How they are reached, each way on its own.
    pub targets: Vec<Target>,
}

/// One way to reach a contact: what it is called in the journal, never a secret.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Mail past our own queue, to this address.
    Mail(String),
    /// The webhook of this contact.
    Webhook(String),
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            contacts: Vec::new(),
            second_after: Duration::from_mins(10),
            everyone_after: Duration::from_mins(30),
            public_after: Duration::from_hours(1),
            repeat: Duration::from_hours(1),
            ack_expires: Duration::from_hours(4),
            calm: Duration::from_mins(1),
            quiet: Duration::from_mins(30),
            changes: 4,
            owner: String::new(),
            base_url: None,
        }
    }
}

impl Policy {
    /// The contact of this name, in any case.
    pub fn contact(&self, name: &str) -> Option<&Contact> {
        self.contacts.iter().find(|c| c.name.eq_ignore_ascii_case(name))
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mail(address) => write!(f, "mail to {address}"),
            Self::Webhook(contact) => write!(f, "webhook of {contact}"),
        }
    }
}
