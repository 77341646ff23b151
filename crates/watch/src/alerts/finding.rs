//! What a rule says.

use std::fmt;
use std::time::Duration;

use posthaste_model::Timestamp;
use serde::{Deserialize, Serialize};

/// The alerts there are. Their names stand in messages, in the journal and in `posthaste alerts ls`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Alert {
    /// Members are not getting mail: the symptom that pages.
    MailNotDelivered,
    /// An accepted post is not accounted for.
    LedgerDrift,
    /// The spool takes no mail.
    SpoolUnhealthy,
    /// The disk under the spool runs full.
    DiskReserve,
    /// Too many posts are late, though most arrive.
    SloBurn,
    /// Something we need of others does not answer.
    DependencyDown,
    /// A task dies again and again.
    RestartStorm,
    /// Posts were set aside.
    Quarantine,
    /// What waits will take long.
    BacklogEta,
    /// A way to reach people does not work.
    AlertPathBroken,
    /// Nothing is known.
    MonitoringBlind,
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Told in the channel and to the owner of the cause; nobody is woken.
    Degraded,
    /// A person is paged.
    Critical,
}

/// Alerts that are told as one incident: a symptom and its causes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Mail that does not come, and why.
    Delivery,
    /// Mail that cannot be taken in.
    Accepting,
    /// Posts that are not accounted for.
    Ledger,
    /// Posts set aside for a person to look at.
    Quarantine,
    /// Our own eyes and voice.
    Watching,
}

/// A rule's verdict at one moment: something is wrong.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// Which rule.
    pub alert: Alert,
    /// What it is about when there may be several: `database`, a task's name, a contact; empty otherwise.
    pub subject: String,
    /// How bad.
    pub level: Level,
    /// It is told only after it has been so for this long; what heals before is never told (P29).
    pub hold: Duration,
    /// Told even within a maintenance window.
    pub armed: bool,
    /// Since when, as far as is known, wall time.
    pub since: Timestamp,
    /// What is wrong, in words: a clause that can follow "Suspect: ".
    pub text: String,
    /// The one command that shows more.
    pub command: String,
    /// Who looks after the cause, if that is known.
    pub owner: Option<String>,
}

impl Alert {
    /// Every alert, in the order of the operator's page.
    pub const ALL: [Self; 11] = [
        Self::MailNotDelivered,
        Self::LedgerDrift,
        Self::SpoolUnhealthy,
        Self::DiskReserve,
        Self::SloBurn,
        Self::DependencyDown,
        Self::RestartStorm,
        Self::Quarantine,
        Self::BacklogEta,
        Self::AlertPathBroken,
        Self::MonitoringBlind,
    ];

    /// The incident it belongs to.
    pub const fn group(self) -> Group {
        match self {
            Self::MailNotDelivered
            | Self::SloBurn
            | Self::DependencyDown
            | Self::RestartStorm
            | Self::BacklogEta => Group::Delivery,
            Self::SpoolUnhealthy | Self::DiskReserve => Group::Accepting,
            Self::LedgerDrift => Group::Ledger,
            Self::Quarantine => Group::Quarantine,
            Self::AlertPathBroken | Self::MonitoringBlind => Group::Watching,
        }
    }

    /// Its name, as it is written everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MailNotDelivered => "MailNotDelivered",
            Self::LedgerDrift => "LedgerDrift",
            Self::SpoolUnhealthy => "SpoolUnhealthy",
            Self::DiskReserve => "DiskReserve",
            Self::SloBurn => "SloBurn",
            Self::DependencyDown => "DependencyDown",
            Self::RestartStorm => "RestartStorm",
            Self::Quarantine => "Quarantine",
            Self::BacklogEta => "BacklogEta",
            Self::AlertPathBroken => "AlertPathBroken",
            Self::MonitoringBlind => "MonitoringBlind",
        }
    }
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 5] =
        [Self::Delivery, Self::Accepting, Self::Ledger, Self::Quarantine, Self::Watching];
}

impl Level {
    /// The word in front of every message.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Degraded => "DEGRADED",
            Self::Critical => "CRITICAL",
        }
    }
}

impl Finding {
    /// A finding of `alert` that is told at once and not within a maintenance window; the rest is set by its rule.
    pub fn new(alert: Alert, level: Level, since: Timestamp, text: impl Into<String>) -> Self {
        Self {
            alert,
            subject: String::new(),
            level,
            hold: Duration::ZERO,
            armed: false,
            since,
            text: text.into(),
            command: "posthaste doctor".to_owned(),
            owner: None,
        }
    }

    /// The same, told only once it has lasted.
    pub fn after(mut self, hold: Duration) -> Self {
        self.hold = hold;
        self
    }

    /// The same, about `subject`.
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// The same, with the command that shows more.
    pub fn look(mut self, command: impl Into<String>) -> Self {
        self.command = command.into();
        self
    }

    /// The same, told within a maintenance window too if `armed`.
    pub fn armed(mut self, armed: bool) -> Self {
        self.armed = armed;
        self
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
