//! One story that meets every transition of the state page, told to a disk that may fail at any call, and what must be
//! true of the disk afterwards.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use posthaste_model::{Clock, EntryId, Stage};

use super::tools::{HandClock, entry, event, id, open};
use crate::fake::FakeDisk;
use crate::{Entry, Event, Kind, Leased, Spool, SpoolError, Then};

pub(crate) const ROOT: &str = "/spool";

/// What the spool told us of one entry.
#[derive(Default, Debug)]
pub(crate) struct Told {
    message: String,
    /// `put` said Ok.
    accepted: bool,
    /// Events whose `record` said Ok, in order.
    recorded: Vec<String>,
    /// Events whose `record` failed or was never answered: they may or may not be there.
    perhaps: Vec<String>,
    /// Its last stage was left, or it was removed, perhaps.
    may_be_gone: bool,
    /// It certainly is.
    gone: bool,
    /// We set it aside, perhaps.
    may_be_aside: bool,
}

/// Everything the spool told us.
#[derive(Default, Debug)]
pub(crate) struct Tale {
    pub(crate) entries: BTreeMap<EntryId, Told>,
}

/// A future that is ready, or nothing: leases of a story never wait.
pub(crate) async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        value = future => Some(value),
        () = std::future::ready(()) => None,
    }
}

impl Tale {
    async fn put(&mut self, spool: &Arc<Spool>, n: u128, list: &str) {
        let message = format!("message {n} ").repeat(40);
        let told = self.entries.entry(id(n)).or_default();
        told.message.clone_from(&message);
        told.accepted |= spool.put(entry(n, list, &message)).await.is_ok();
    }

    async fn record(&mut self, spool: &Arc<Spool>, leased: &Leased, ends: bool, event: Event) {
        let told = self.entries.entry(leased.id()).or_default();
        let label = String::from_utf8(event.data.to_vec()).unwrap();
        told.may_be_gone |= ends;
        if spool.record(leased, event).await.is_ok() {
            told.recorded.push(label);
            told.gone |= ends;
        } else {
            told.perhaps.push(label);
        }
    }

    async fn quarantine(&mut self, spool: &Arc<Spool>, leased: &Leased) {
        self.entries.entry(leased.id()).or_default().may_be_aside = true;
        let _ = spool.quarantine(leased, "the story wants it").await;
    }

    async fn remove(&mut self, spool: &Arc<Spool>, n: u128) {
        let told = self.entries.entry(id(n)).or_default();
        told.may_be_gone = true;
        told.gone |= spool.remove(id(n)).await.is_ok();
    }

    /// Puts, plans, sends, defers, archives, sets aside, takes back, finishes, removes.
    pub(crate) async fn tell(&mut self, spool: &Arc<Spool>, clock: &HandClock) {
        let lease = |stage| at_once(spool.lease(stage));
        for (n, list) in [(1, "a"), (2, "a"), (3, "b"), (4, "b")] {
            self.put(spool, n, list).await;
        }
        // 1: accepted for two stages, sent in two batches, put off, archived.
        if let Some(Ok(incoming)) = lease(Stage::Incoming).await {
            let _ = spool.load(&incoming).await;
            let planned = event(Kind::Planned, Then::Leave, &[Stage::Out, Stage::Archive], "planned");
            self.record(spool, &incoming, false, planned).await;
        }
        if let Some(Ok(out)) = lease(Stage::Out).await {
            self.record(spool, &out, false, event(Kind::Sent, Then::Stay, &[], "batch 1")).await;
            self.record(spool, &out, false, event(Kind::Sent, Then::Stay, &[], "batch 2")).await;
            let due = clock.now().plus(Duration::from_mins(5));
            self.record(spool, &out, false, event(Kind::Deferred, Then::Again { due }, &[], "later")).await;
        }
        if let Some(Ok(archive)) = lease(Stage::Archive).await {
            self.record(spool, &archive, false, event(Kind::Archived, Then::Leave, &[], "archived")).await;
        }
        // The next: set aside and taken back.
        if let Some(Ok(incoming)) = lease(Stage::Incoming).await {
            let id = incoming.id();
            self.quarantine(spool, &incoming).await;
            drop(incoming);
            let _ = spool.retry(id).await;
        }
        // The next: finished in one step.
        if let Some(Ok(incoming)) = lease(Stage::Incoming).await {
            let _ = spool.load(&incoming).await;
            self.record(spool, &incoming, true, event(Kind::Discarded, Then::Leave, &[], "discarded")).await;
        }
        self.remove(spool, 4).await;
        self.put(spool, 5, "c").await;
        // What was put off comes back and ends.
        clock.advance(Duration::from_mins(5));
        if let Some(Ok(out)) = lease(Stage::Out).await {
            self.record(spool, &out, false, event(Kind::Sent, Then::Stay, &[], "batch 3")).await;
        }
        let _ = spool.pause(Stage::Digest).await;
    }

    /// Opens what is left and holds it against what we were told.
    pub(crate) async fn check(&self, disk: &FakeDisk, clock: &Arc<HandClock>) {
        let spool = open(Path::new(ROOT), clock, Arc::new(disk.clone())).unwrap();
        spool.scan_complete().await;
        assert_eq!(spool.left_alone(), []);
        let aside: Vec<EntryId> = spool.quarantined().into_iter().map(|(id, _)| id).collect();
        for id in &aside {
            assert!(self.entries[id].may_be_aside, "{id} was set aside: something half written was seen");
        }
        let listed = spool.list().await.unwrap();
        for (id, told) in &self.entries {
            match spool.show(*id).await {
                Ok(entry) => told.check(&entry),
                Err(SpoolError::Gone(_)) => {
                    assert!(!told.accepted || told.may_be_gone, "{id} was accepted and is lost");
                }
                Err(other) => panic!("{other}"),
            }
            // Waiting for something, or aside, or gone: never there and forgotten.
            let there = listed.iter().any(|summary| summary.id == *id);
            assert!(there || !told.accepted || told.may_be_gone, "{id} is there but waits for nothing");
        }
    }
}

impl Told {
    fn check(&self, entry: &Entry) {
        assert_eq!(entry.message, self.message.as_bytes());
        let mut certain = self.recorded.iter();
        for event in &entry.events {
            let label = String::from_utf8(event.data.to_vec()).unwrap();
            if event.kind == Kind::Retried || self.perhaps.contains(&label) {
                continue;
            }
            assert_eq!(Some(&label), certain.next(), "{self:?}");
        }
        assert_eq!(certain.next(), None, "an acknowledged event is lost: {self:?}");
    }
}
