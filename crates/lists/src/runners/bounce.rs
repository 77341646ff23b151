//! Mail to `-bounces`, and what the relay refused: read, and kept until it is judged.

mod complaint;
pub(super) mod due;
mod keep;
mod removal;
pub(super) mod settle;
mod words;

use posthaste_mime::Message;
use posthaste_model::{Beat, MailingList, Stage};
use posthaste_spool::{Entry, Kind, Leased};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::station::{Craft, Outcome, Station, Tools, Trouble};
use crate::bounces::{Finding, Mail, Named, extensions, find, named, read};
use crate::notes;

/// The runner of reports. Any number may run side by side.
pub struct Bounces {
    station: Station,
}

impl Bounces {
    /// A runner with these.
    pub fn new(tools: Tools) -> Self {
        Self { station: Station::new(Stage::Bounce, tools) }
    }

    /// Works until `stop`.
    pub async fn run(&self, stop: &CancellationToken, beat: &Beat) {
        self.station.run(self, stop, beat).await;
    }

    async fn report(&self, entry: &Entry, list: &MailingList) -> Result<Outcome, Trouble> {
        let (tools, now) = (&self.station.tools, entry.envelope.received);
        let names = self.names(entry, list);
        if let Some(failed) = entry.notes.get(notes::FAILED) {
            return keep::refused(tools, entry, list, &names, failed).await;
        }
        let mark = self.station.failures.mark(entry.id);
        let message = Message::parse(entry.message.clone());
        let null_path = entry.envelope.reverse_path.is_null();
        let mail = read(&message, null_path);
        drop(mark);
        if let Mail::Complaint(complaint) = &mail {
            return complaint::take(tools, entry, list, complaint).await;
        }
        if !list.settings.process_bounces {
            return Ok(discarded("The list does not count reports of failure (process_bounces)"));
        }
        match find(&names, mail, null_path) {
            Finding::Failures { told, about } => keep::failures(tools, entry, list, told, &about).await,
            Finding::Probe { token, failure } => keep::probe(tools, entry, list, &token, failure).await,
            Finding::Nothing(what) => {
                tracing::debug!(what, "not a failure");
                Ok(Outcome::ended(Kind::Done, json!({ "what": what }), vec![]))
            }
            Finding::Unread => keep::unread(tools, entry, list, now, "list:admin:notice:unrecognized").await,
        }
    }

    /// What stands in the addresses of ours that this came to: the envelope's first.
    fn names(&self, entry: &Entry, list: &MailingList) -> Vec<Named> {
        let site = self.station.tools.site.get();
        let seal = site.bounces.seal.as_ref();
        let path = entry.envelope.forward_path.as_str();
        let envelope =
            path.rsplit_once('@').and_then(|(local, _)| local.split_once('+')).map(|(_, e)| e.to_owned());
        let own = entry.notes.get(notes::EXTENSION).cloned().or(envelope);
        let header = if entry.notes.contains_key(notes::FAILED) {
            vec![]
        } else {
            extensions(&Message::parse(entry.message.clone()), &list.name)
        };
        let mut names: Vec<Named> = vec![];
        for extension in own.into_iter().chain(header) {
            let name = named(&extension, &list.list_id, seal, entry.envelope.received);
            names.extend(name.filter(|n| !names.contains(n)));
        }
        names
    }
}

impl Craft for Bounces {
    async fn step(&self, leased: &Leased, entry: &Entry, beat: &Beat) -> Result<(), Trouble> {
        let outcome = match self.station.tools.store.list_by_id(&entry.list).await? {
            Some(list) => {
                self.station.failures.swallow(entry.id, &entry.message).await;
                self.report(entry, &list).await?
            }
            None => discarded("A report for a list that does not exist any more"),
        };
        self.station.conclude(leased, entry, outcome, beat).await
    }
}

fn discarded(why: &str) -> Outcome {
    Outcome::ended(Kind::Discarded, json!({ "reasons": [why] }), vec![])
}
