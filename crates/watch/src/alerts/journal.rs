//! Everything that happened, one JSON line each: the base of the report and of the export of an incident.

use posthaste_model::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// When, wall time.
    pub at: Timestamp,
    /// In which incident, if in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<u32>,
    /// What.
    pub what: Happening,
    /// In words.
    pub text: String,
    /// Who did it or was told, if somebody was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// What can happen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// A rule saw something; nobody is told yet.
    Seen,
    /// It healed before anybody was told.
    Passed,
    /// The channel was told.
    Noticed,
    /// A person was paged for this incident the first time.
    Paged,
    /// The ladder went on.
    Escalated,
    /// An ack ran out and the page was repeated.
    AckExpired,
    /// Somebody took it.
    Acked,
    /// It comes and goes.
    Unstable,
    /// The symptom went away.
    Recovering,
    /// It came back.
    Returned,
    /// It is over.
    Closed,
    /// Somebody said whether a page was needed.
    Judged,
    /// A message got through.
    Delivered,
    /// A message did not get through.
    Failed,
    /// A maintenance window was opened.
    WindowOpened,
    /// It ended.
    WindowClosed,
    /// Mail flows after it.
    ExitPassed,
    /// Mail does not flow after it.
    ExitFailed,
    /// The channels were tried.
    Tested,
    /// A fire drill began or ended.
    Drilled,
    /// The watch began after a start of the server.
    Started,
}

impl Event {
    /// An event that is nobody's doing.
    pub fn new(at: Timestamp, incident: Option<u32>, what: Happening, text: impl Into<String>) -> Self {
        Self { at, incident, what, text: text.into(), who: None }
    }

    /// The same, with who did it or was told.
    pub fn by(mut self, who: impl Into<String>) -> Self {
        self.who = Some(who.into());
        self
    }
}
