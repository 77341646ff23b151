//! What every runner that needs the database does the same way: lease an entry, wait while the database is away, do the
//! step, record what became of it; and set aside what fails again and again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use posthaste_model::{Beat, Clock, MailingList, Stage};
use posthaste_spool::{Entry, Event, Kind, Leased, NewEntry, Spool, SpoolError, Then};
use posthaste_store::{Store, StoreError};
use serde_json::Value;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Bell;
use super::failures::{Attempt, Failures};
use super::working::{Caution, Working};
use crate::canary::is_canary;
use crate::delivery::planned_recipients;
use crate::events::Events;
use crate::gate::Gate;
use crate::history::{History, Trace, TraceEvent};
use crate::outlets::Outlets;
use crate::site::LiveSite;
use crate::templates::Templates;

/// What runners work with, shared by all of them.
#[derive(Clone)]
pub struct Tools {
    /// Where entries lie.
    pub spool: Arc<Spool>,
    /// The database.
    pub store: Store,
    /// Whether the database may be asked.
    pub gate: Arc<Gate>,
    /// The site as it is now.
    pub site: Arc<LiveSite>,
    /// What we write to people.
    pub templates: Arc<Templates>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Stories of entries that are done.
    pub history: Arc<History>,
    /// What is counted.
    pub events: Arc<Events>,
    /// Rung when a moderator has decided something.
    pub decisions: Arc<Bell>,
    /// Archives, digests and newsgroups.
    pub outlets: Arc<Outlets>,
    /// The notes of what was being worked on when the process died.
    pub working: Option<Arc<Working>>,
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

impl Trouble {
    /// Where several things are done one after the other: trouble with one of them is told and stops no other, but an
    /// outage of the database stops them all.
    pub(crate) fn spare_others(self, what: &'static str) -> Result<(), Self> {
        match self {
            Self::Store(error) if error.is_outage() => Err(Self::Store(error)),
            error => {
                tracing::error!(%error, what, "this one was not done and is tried again soon; the others go on");
                Ok(())
            }
        }
    }
}

/// What became of an entry: one record, and the entries born with it.
pub(crate) struct Outcome {
    pub(super) event: Event,
    pub(super) born: Vec<NewEntry>,
    /// For the history, if the entry is done with this.
    pub(super) told: Value,
}

impl Outcome {
    /// Goes on to delivery.
    pub(super) fn planned(data: Bytes) -> Self {
        Self::planned_for(data, vec![Stage::Out])
    }

    /// Goes on to these stages.
    pub(super) fn planned_for(data: Bytes, also: Vec<Stage>) -> Self {
        let event = Event { kind: Kind::Planned, then: Then::Leave, also, data };
        Self { event, born: vec![], told: serde_json::json!({ "recipients": 0 }) }
    }

    /// Ends here, since the list answers automatically and wants no more of it.
    pub(super) fn answered() -> Self {
        let why = crate::templates::phrase("auto_response.enough", &["en"], &[]);
        Self::ended(Kind::Discarded, serde_json::json!({ "reasons": [why] }), vec![])
    }

    /// Ends here.
    pub(crate) fn ended(kind: Kind, told: Value, born: Vec<NewEntry>) -> Self {
        let event = Event { kind, then: Then::Leave, also: vec![], data: told.to_string().into() };
        Self { event, born, told }
    }
}

/// What a runner does with one entry.
pub(crate) trait Craft: Sync {
    /// Decides what becomes of `entry`, and makes it so with [`Station::conclude`]. Whatever it changes in the database must
    /// bear being done again: a crash may come before the record.
    fn step(
        &self,
        leased: &Leased,
        entry: &Entry,
        beat: &Beat,
    ) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// A place where entries of one stage are worked on.
pub(crate) struct Station {
    stage: Stage,
    pub(super) tools: Tools,
    pub(super) failures: Failures,
}

impl Station {
    pub(super) fn new(stage: Stage, tools: Tools) -> Self {
        let mut failures = Failures::new(stage);
        failures.working.clone_from(&tools.working);
        Self { stage, tools, failures }
    }

    /// Works until `stop`. Any number may run side by side.
    pub(super) async fn run(&self, craft: &impl Craft, stop: &CancellationToken, beat: &Beat) {
        loop {
            beat.waiting("an entry");
            let leased = tokio::select! {
                () = stop.cancelled() => return,
                leased = self.tools.spool.lease(self.stage) => leased,
            };
            match leased {
                Ok(leased) => {
                    let span = tracing::info_span!("post", id = %leased.id(), list = %leased.list());
                    self.work(craft, leased, stop, beat).instrument(span).await;
                }
                Err(error) => {
                    tracing::error!(%error, "cannot take work from the spool");
                    self.tools.clock.sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// One entry. While the database is away it waits here, and no attempt is counted.
    async fn work(&self, craft: &impl Craft, leased: Leased, stop: &CancellationToken, beat: &Beat) {
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
        let entry = match self.tools.spool.load(&leased).await {
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
                () = beat.wait("the database", self.tools.gate.opened()) => {}
            }
            match craft.step(&leased, &entry, beat).await {
                Ok(()) => {
                    let chances = attempt.well();
                    super::retry(&self.tools.spool, chances).await;
                    return;
                }
                Err(Trouble::Store(error)) if error.is_outage() => self.tools.gate.close(&error.to_string()),
                Err(Trouble::Entry(why)) => {
                    self.set_aside(&leased, &why).await;
                    attempt.over();
                    return;
                }
                Err(Trouble::Spool(error @ SpoolError::Disk { .. })) => {
                    tracing::error!(%error, "cannot record what became of a post; trying until the disk takes it");
                    beat.wait("the disk", self.tools.clock.sleep(Duration::from_secs(1))).await;
                }
                Err(error) => {
                    // Let go, and tried again a little later.
                    attempt.failed(&error.to_string());
                    return;
                }
            }
        }
    }

    /// The list of an entry.
    pub(super) async fn list(&self, entry: &Entry) -> Result<MailingList, Trouble> {
        self.tools.store.list_by_id(&entry.list).await?.ok_or_else(|| {
            Trouble::Entry(format!(
                "the list {} does not exist any more; make it again and retry, or remove the entry",
                entry.list
            ))
        })
    }

    /// Records what became of an entry, after the entries born with it.
    pub(super) async fn conclude(
        &self,
        leased: &Leased,
        entry: &Entry,
        outcome: Outcome,
        beat: &Beat,
    ) -> Result<(), Trouble> {
        let tools = &self.tools;
        // Born before the record that says so: their ids are derived from ours, so once more makes no twin.
        for born in outcome.born {
            let counted = tools.events.born(&born.list);
            tools.spool.put_with(born, counted).await?;
            beat.progress();
        }
        // What goes to archive or digest alone is done as far as its author is concerned.
        if !outcome.event.also.contains(&Stage::Out) {
            let mut trace = Trace::of(entry);
            let now = tools.clock.now();
            trace.events.push(TraceEvent::new(now, outcome.event.kind, outcome.told));
            tools.history.add(&trace, now);
        }
        let kind = outcome.event.kind;
        if kind == Kind::Planned {
            // Before the record: afterwards the entry is in other hands.
            tools.spool.weigh(leased.id(), planned_recipients(&outcome.event.data));
        }
        tools.spool.record(leased, outcome.event).await?;
        tools.events.judged(kind);
        Ok(())
    }

    async fn set_aside(&self, leased: &Leased, why: &str) {
        if is_canary(leased.list()) {
            self.failures.forget(leased.id());
            // Nobody retries a canary; the next one proves more.
            let ended = Outcome::ended(Kind::Discarded, serde_json::json!({ "reasons": [why] }), vec![]);
            if let Err(error) = self.tools.spool.record(leased, ended.event).await {
                tracing::error!(%error, "cannot end a canary");
            }
            return;
        }
        tracing::error!(
            why,
            "entry set aside in quarantine; look with: posthaste queue show {}",
            leased.id()
        );
        match self.tools.spool.quarantine(leased, why).await {
            Ok(()) => self.failures.put_aside(leased.id()),
            Err(error) => {
                leased.rest(Duration::from_secs(10));
                tracing::error!(%error, "cannot set an entry aside");
            }
        }
    }

    /// Owners and moderators of a list who want its mail.
    pub(super) async fn admins(&self, list: &MailingList) -> Result<Vec<String>, StoreError> {
        Ok(self.tools.store.admins(list.id).await?.into_iter().map(String::from).collect())
    }
}
