//! What the pages are made of: plain values, so that they can be made up in a test.

use std::sync::Arc;

use posthaste_model::{Stage, Timestamp};
use posthaste_watch::Vitals;
use serde::{Deserialize, Serialize};

/// Everything there is to show at one moment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Seen {
    /// The newest figures.
    pub vitals: Arc<Vitals>,
    /// How each stage went in the last hours.
    pub trends: Vec<Trend>,
    /// Alerts that are open, the worst first.
    pub alerts: Vec<OpenAlert>,
    /// What happened lately, the newest first; one that goes on has no end.
    pub incidents: Vec<Incident>,
    /// What was set aside, the oldest first.
    pub quarantine: Vec<SetAside>,
    /// Maintenance windows, running and to come.
    pub windows: Vec<Window>,
    /// Since when list mail has stood still, once that is to be said on every page (P30).
    pub banner: Option<Timestamp>,
    /// Planned work that everybody may know of.
    pub planned: Option<Planned>,
}

/// Planned work.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Planned {
    /// Why.
    pub why: String,
    /// Until when.
    pub until: Timestamp,
}

/// A stage in the last hours.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Trend {
    /// Which.
    pub stage: Stage,
    /// How many seconds lie between two figures.
    pub step_seconds: u64,
    /// Entries that waited, the oldest first.
    pub depth: Vec<u64>,
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// Nothing that members notice.
    #[default]
    Degraded,
    /// Nobody can tell.
    Unknown,
    /// Members do not get what they should.
    Critical,
}

impl Grade {
    /// Its name for people, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Critical => "critical",
        }
    }
}

/// An alert that is open.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OpenAlert {
    /// Names it in paths: letters, digits, `-` and `_`.
    pub id: String,
    /// `MailNotDelivered` …
    pub name: String,
    /// How bad it is.
    pub grade: Grade,
    /// Where it stands: `critical`, `acknowledged`, `recovering` …
    pub state: String,
    /// True if it says that members do not get mail, and not merely why.
    pub symptom: bool,
    /// Since when.
    pub since: Timestamp,
    /// What is wrong, in a sentence.
    pub text: String,
    /// What is suspected.
    pub cause: Option<String>,
    /// One command that tells more.
    pub look: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// Who has it in hand.
    pub acked: Option<Acked>,
}

/// An acknowledgement.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Acked {
    /// Whose.
    pub by: String,
    /// When it ends and everybody is told again.
    pub until: Timestamp,
    /// What they said.
    pub note: String,
}

/// Something that went wrong, from its beginning to its end.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Incident {
    /// Names it in paths: letters, digits, `-` and `_`.
    pub id: String,
    /// In a few words, for operators.
    pub title: String,
    /// The worst it was.
    pub grade: Grade,
    /// True if members noticed: then the public status tells of it, without saying why.
    pub public: bool,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What happened when, the oldest first.
    pub lines: Vec<Line>,
}

/// A line of an incident.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: String,
}

/// An entry in quarantine.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SetAside {
    /// Its id.
    pub id: String,
    /// When it was set aside.
    pub at: Timestamp,
    /// The list it is for; empty if that cannot be known.
    pub list: String,
    /// Why it was set aside.
    pub why: String,
    /// Octets.
    pub size: u64,
}

/// A maintenance window.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Window {
    /// What it is about.
    pub about: String,
    /// Who said so.
    pub by: String,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl Seen {
    /// The trend of a stage.
    pub(crate) fn trend(&self, stage: Stage) -> Option<&Trend> {
        self.trends.iter().find(|trend| trend.stage == stage)
    }
}
