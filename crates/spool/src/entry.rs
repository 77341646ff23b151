use std::collections::BTreeMap;

use bytes::Bytes;
use posthaste_model::{EntryId, Envelope, ListId, Stage, Timestamp};
use serde::{Deserialize, Serialize};

/// What is to become an entry of the spool.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// Its name. An id that exists already is not written again.
    pub id: EntryId,
    /// What it waits for first.
    pub stage: Stage,
    /// The list it belongs to; leases are fair between lists.
    pub list: ListId,
    /// What SMTP said.
    pub envelope: Envelope,
    /// Whatever the writer wants to find again.
    pub notes: BTreeMap<String, String>,
    /// The message, byte for byte.
    pub message: Bytes,
    /// Events it is born with, seen from `stage`.
    pub events: Vec<Event>,
}

/// One step of an entry's life, to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// What becomes of the entry at the stage that records this.
    pub then: Then,
    /// What it waits for in addition, from now on.
    pub also: Vec<Stage>,
    /// The particulars, in the words of whoever records it.
    pub data: Bytes,
}

/// What happened in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Accepted: the recipients and variants of a fan-out.
    Planned,
    /// Handed to the relay: a batch and its replies.
    Sent,
    /// Refused for now; tried again later.
    Deferred,
    /// Refused for good.
    Failed,
    /// Tried for too long.
    Expired,
    /// Held for a moderator.
    Held,
    /// Refused by a rule, with a notice to the author.
    Rejected,
    /// Dropped by a rule.
    Discarded,
    /// Put into the archive.
    Archived,
    /// Nothing more to do at this stage.
    Done,
    /// A remark.
    Note,
    /// Set aside.
    Quarantined,
    /// Made due by a person.
    Retried,
}

impl Kind {
    /// Its name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sent => "sent",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Held => "held",
            Self::Rejected => "rejected",
            Self::Discarded => "discarded",
            Self::Archived => "archived",
            Self::Done => "done",
            Self::Note => "note",
            Self::Quarantined => "quarantined",
            Self::Retried => "retried",
        }
    }
}

/// What becomes of an entry at a stage after an event there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// The work goes on under the same lease.
    Stay,
    /// The lease ends; the stage is due again at this time.
    Again {
        /// Wall time; never more than [`crate::Options::max_delay`] away.
        due: Timestamp,
    },
    /// The lease ends and the entry leaves the stage. An entry that waits for no stage is done and its file goes.
    Leave,
}

/// One event as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// When it was recorded, wall time.
    pub at: Timestamp,
    /// The stage that recorded it.
    pub stage: Stage,
    /// What happened.
    pub kind: Kind,
    /// What became of the entry at that stage.
    pub then: Then,
    /// What it waited for in addition.
    pub also: Vec<Stage>,
    /// The particulars.
    pub data: Bytes,
}

/// A stage an entry waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The stage.
    pub stage: Stage,
    /// When the wait began, wall time.
    pub since: Timestamp,
    /// When it is due, wall time; `None`: it has been since `since`.
    pub due: Option<Timestamp>,
}

/// One whole entry, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: EntryId,
    /// The stage it was born for.
    pub stage: Stage,
    /// The list it belongs to.
    pub list: ListId,
    /// What SMTP said.
    pub envelope: Envelope,
    /// The writer's notes.
    pub notes: BTreeMap<String, String>,
    /// When it was put, wall time.
    pub put: Timestamp,
    /// The message, byte for byte.
    pub message: Bytes,
    /// Everything recorded so far, oldest first.
    pub events: Vec<Recorded>,
}

impl Entry {
    /// What it waits for, as its events tell.
    pub fn waiting(&self) -> Vec<Waiting> {
        replay(self.stage, self.put, &self.events)
    }
}

/// The stages an entry waits for after these events. Nothing left means it is done.
pub(crate) fn replay(stage: Stage, put: Timestamp, events: &[Recorded]) -> Vec<Waiting> {
    let mut waiting = vec![Waiting { stage, since: put, due: None }];
    for event in events {
        match event.then {
            Then::Stay => {}
            Then::Leave => waiting.retain(|w| w.stage != event.stage),
            Then::Again { due } => {
                if let Some(w) = waiting.iter_mut().find(|w| w.stage == event.stage) {
                    (w.since, w.due) = (event.at, Some(due));
                }
            }
        }
        for &stage in &event.also {
            if waiting.iter().all(|w| w.stage != stage) {
                waiting.push(Waiting { stage, since: event.at, due: None });
            }
        }
    }
    waiting
}
