//! What an open dispatch will tell the history: compact until somebody listens, for a post to a hundred thousand
//! members is sent in thousands of transactions.

use posthaste_model::{EntryId, Envelope, ListId, Timestamp};
use posthaste_spool::{Entry, Kind};

use crate::delivery::{Outcome, Planned, Recipients};
use crate::history::{Trace, TraceEvent};

pub(super) struct Story {
    id: EntryId,
    message_id: String,
    list: ListId,
    envelope: Envelope,
    told: Vec<Told>,
}

enum Told {
    Event(TraceEvent),
    Sent(Timestamp, Vec<Outcome>),
}

impl Story {
    /// The life so far; what was sent is added as its records are read.
    pub(super) fn new(entry: &Entry, planned: &Planned) -> Self {
        Self {
            id: entry.id,
            message_id: planned.plan.message_id.clone(),
            list: entry.list.clone(),
            envelope: entry.envelope.clone(),
            told: vec![],
        }
    }

    pub(super) fn sent(&mut self, at: Timestamp, outcomes: Vec<Outcome>) {
        self.told.push(Told::Sent(at, outcomes));
    }

    pub(super) fn log(&mut self, event: TraceEvent) {
        self.told.push(Told::Event(event));
    }

    pub(super) fn planned(&mut self, at: Timestamp, planned: &Planned) {
        let detail =
            serde_json::json!({ "recipients": planned.recipients.len(), "subject": planned.plan.subject });
        self.log(TraceEvent::new(at, Kind::Planned, detail));
    }

    /// What the relay said last about this recipient.
    pub(super) fn last_reply(&self, index: usize) -> Option<&str> {
        let number = u32::try_from(index).ok()?;
        let about = |o: &&Outcome| o.who.iter().any(|(first, last)| (*first..=*last).contains(&number));
        self.told.iter().rev().find_map(|told| match told {
            Told::Sent(_, outcomes) => outcomes.iter().rev().find(about).map(|o| o.reply.as_str()),
            Told::Event(_) => None,
        })
    }

    /// The whole life, for people.
    pub(super) fn trace(&self, recipients: &Recipients) -> Trace {
        let event = |told: &Told| match told {
            Told::Event(event) => event.clone(),
            Told::Sent(at, outcomes) => TraceEvent::sent(*at, outcomes, recipients),
        };
        Trace {
            id: self.id,
            message_id: self.message_id.clone(),
            list: self.list.clone(),
            envelope: self.envelope.clone(),
            events: self.told.iter().map(event).collect(),
        }
    }
}
