//! From `incoming` to `planned`, or to whatever the rules decide.

mod canary;
mod owner;
mod post;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use posthaste_mime::Message;
use posthaste_model::{Beat, Clock, MailingList, Stage, SubAddress};
use posthaste_spool::{Entry, Event, Kind, Leased, NewEntry, Spool, SpoolError, Then};
use posthaste_store::{Store, StoreError};
use serde_json::Value;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::failures::{Attempt, Failures};
use super::working::{Caution, Working};
use crate::canary::{Keeper, is_canary};
use crate::delivery::planned_recipients;
use crate::events::Events;
use crate::gate::Gate;
use crate::history::{History, Trace, TraceEvent};
use crate::notes;
use crate::site::LiveSite;

/// The incoming runner. Any number may run side by side.
pub struct Incoming {
    spool: Arc<Spool>,
    store: Store,
    gate: Arc<Gate>,
    site: Arc<LiveSite>,
    clock: Arc<dyn Clock>,
    history: Arc<History>,
    events: Arc<Events>,
    canary: Option<Arc<dyn Keeper>>,
    failures: Failures,
}

/// Why an entry could not be worked on.
#[derive(Debug, Error)]
pub(crate) enum Trouble {
    /// The database; if it is only away, the entry waits for it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The spool.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The entry itself: a person has to look.
    #[error("{0}")]
    Entry(String),
}

/// What became of an entry: one record, and the entries born with it.
pub(crate) struct Outcome {
    event: Event,
    born: Vec<NewEntry>,
    /// For the history, if the entry is done with this.
    told: Value,
}

impl Outcome {
    /// Goes on to delivery.
    fn planned(data: Bytes) -> Self {
        let event = Event { kind: Kind::Planned, then: Then::Leave, also: vec![Stage::Out], data };
        Self { event, born: vec![], told: Value::Null }
    }

    /// Ends here.
    fn ended(kind: Kind, told: Value, born: Vec<NewEntry>) -> Self {
        let event = Event { kind, then: Then::Leave, also: vec![], data: told.to_string().into() };
        Self { event, born, told }
    }
}

impl Incoming {
    /// A runner on these.
    pub fn new(
        spool: Arc<Spool>,
        store: Store,
        gate: Arc<Gate>,
        site: Arc<LiveSite>,
        clock: Arc<dyn Clock>,
        history: Arc<History>,
        events: Arc<Events>,
    ) -> Self {
        Self {
            spool,
            store,
            gate,
            site,
            clock,
            history,
            events,
            canary: None,
            failures: Failures::new(Stage::Incoming),
        }
    }

    /// The same, with somebody who sends canaries.
    pub fn with_canary(mut self, keeper: Option<Arc<dyn Keeper>>) -> Self {
        self.canary = keeper;
        self
    }

    /// The same, with the notes of what was being worked on when the process died.
    pub fn with_working(mut self, working: Option<Arc<Working>>) -> Self {
        self.failures.working = working;
        self
    }

    /// From now on a post may say what is to happen to the runner that works on it. For drills only.
    pub fn swallow_poison(&self) {
        self.failures.poison.allow();
    }

    /// Works until `stop`.
    pub async fn run(&self, stop: &CancellationToken, beat: &Beat) {
        loop {
            beat.waiting("an entry");
            let leased = tokio::select! {
                () = stop.cancelled() => return,
                leased = self.spool.lease(Stage::Incoming) => leased,
            };
            match leased {
                Ok(leased) => {
                    let span = tracing::info_span!("post", id = %leased.id(), list = %leased.list());
                    self.work(leased, stop, beat).instrument(span).await;
                }
                Err(error) => {
                    tracing::error!(%error, "cannot take work from the spool");
                    self.clock.sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// One entry. While the database is away it waits here, and no attempt is counted.
    async fn work(&self, leased: Leased, stop: &CancellationToken, beat: &Beat) {
        beat.begin("an entry").await;
        let attempt = Attempt::new(&self.failures, &leased);
        let caution = beat.wait("its turn alone", self.failures.caution(leased.id())).await;
        if let Caution::Guilty(why) = &caution {
            self.set_aside(&leased, why).await;
            attempt.over();
            return;
        }
        if let Caution::Later(pause) = caution {
            leased.rest(pause);
            attempt.over();
            return;
        }
        let entry = match self.spool.load(&leased).await {
            Ok(entry) => entry,
            Err(error) => {
                attempt.failed(&error.to_string());
                return;
            }
        };
        loop {
            tokio::select! {
                () = stop.cancelled() => {
                    attempt.over();
                    return;
                }
                () = beat.wait("the database", self.gate.opened()) => {}
            }
            match self.step(&leased, &entry, beat).await {
                Ok(()) => {
                    let chances = attempt.well();
                    super::retry(&self.spool, chances).await;
                    return;
                }
                Err(Trouble::Store(
                    error @ (StoreError::Unavailable(_)
                    | StoreError::NewerSchema { .. }
                    | StoreError::OlderSchema { .. }),
                )) => self.gate.close(&error.to_string()),
                Err(Trouble::Entry(why)) => {
                    self.set_aside(&leased, &why).await;
                    attempt.over();
                    return;
                }
                Err(Trouble::Spool(error @ SpoolError::Disk { .. })) => {
                    tracing::error!(%error, "cannot record what became of a post; trying until the disk takes it");
                    beat.wait("the disk", self.clock.sleep(Duration::from_secs(1))).await;
                }
                Err(error) => {
                    // Let go, and tried again a little later.
                    attempt.failed(&error.to_string());
                    return;
                }
            }
        }
    }

    async fn step(&self, leased: &Leased, entry: &Entry, beat: &Beat) -> Result<(), Trouble> {
        if is_canary(&entry.list) {
            let outcome = self.to_ourselves(entry, beat).await?;
            return Ok(self.spool.record(leased, outcome.event).await?);
        }
        let Some(list) = self.store.list_by_id(&entry.list).await? else {
            return Err(Trouble::Entry(format!(
                "the list {} does not exist any more; make it again and retry, or remove the entry",
                entry.list
            )));
        };
        self.failures.swallow(entry.id, &entry.message).await;
        let sub = entry.notes.get(notes::SUB).map_or("post", String::as_str);
        let outcome = if sub == SubAddress::Owner.name() {
            self.to_owners(entry, &list, Message::parse(entry.message.clone())).await?
        } else {
            self.to_members(entry, &list, beat).await?
        };
        // Born before the record that says so: their ids are derived from ours, so once more makes no twin.
        for born in outcome.born {
            let counted = self.events.born(&born.list);
            self.spool.put_with(born, counted).await?;
            beat.progress();
        }
        if outcome.event.also.is_empty() {
            let mut trace = Trace::of(entry);
            let now = self.clock.now();
            trace.events.push(TraceEvent::new(now, outcome.event.kind, outcome.told));
            self.history.add(&trace, now);
        }
        let kind = outcome.event.kind;
        if kind == Kind::Planned {
            // Before the record: afterwards the entry is in other hands.
            self.spool.weigh(leased.id(), planned_recipients(&outcome.event.data));
        }
        self.spool.record(leased, outcome.event).await?;
        self.events.judged(kind);
        Ok(())
    }

    async fn set_aside(&self, leased: &Leased, why: &str) {
        if is_canary(leased.list()) {
            self.failures.forget(leased.id());
            // Nobody retries a canary; the next one proves more.
            let ended = Outcome::ended(Kind::Discarded, serde_json::json!({ "reasons": [why] }), vec![]);
            if let Err(error) = self.spool.record(leased, ended.event).await {
                tracing::error!(%error, "cannot end a canary");
            }
            return;
        }
        tracing::error!(
            why,
            "entry set aside in quarantine; look with: posthaste queue show {}",
            leased.id()
        );
        match self.spool.quarantine(leased, why).await {
            Ok(()) => self.failures.put_aside(leased.id()),
            Err(error) => {
                leased.rest(Duration::from_secs(10));
                tracing::error!(%error, "cannot set an entry aside");
            }
        }
    }

    /// Owners and moderators of a list who want its mail.
    async fn admins(&self, list: &MailingList) -> Result<Vec<String>, StoreError> {
        Ok(self.store.admins(list.id).await?.into_iter().map(String::from).collect())
    }
}
