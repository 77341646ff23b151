//! Digests: each post is collected, and what is due goes out.

mod editions;
mod send;

use bytes::Bytes;
use posthaste_model::{Beat, ListName, Stage};
use posthaste_spool::{Entry, Event, Kind, Leased, Then};
use posthaste_store::Collected;
use tokio_util::sync::CancellationToken;

pub(super) use self::send::send_due;
use super::side::{bare, forget};
use super::station::{Craft, Station, Tools, Trouble};

/// The runner of the digest stage. Any number may run side by side.
pub struct Digests {
    station: Station,
}

impl Digests {
    /// A runner with these.
    pub fn new(tools: Tools) -> Self {
        Self { station: Station::new(Stage::Digest, tools) }
    }

    /// Sends digests of what was collected, due or not, of one list or of all; says how many. The error is for people.
    pub async fn send_now(&self, list: Option<&ListName>) -> Result<u64, String> {
        let tools = &self.station.tools;
        let key = match list {
            None => None,
            Some(name) => match tools.store.list_by_name(name).await {
                Ok(Some(list)) => Some(list.id),
                Ok(None) => return Err(format!("there is no list {name}")),
                Err(error) => return Err(error.to_string()),
            },
        };
        send_due(tools, key, true).await.map_err(|error| error.to_string())
    }

    /// Works until `stop`.
    pub async fn run(&self, stop: &CancellationToken, beat: &Beat) {
        self.station.run(self, stop, beat).await;
    }
}

impl Craft for Digests {
    async fn step(&self, leased: &Leased, entry: &Entry, beat: &Beat) -> Result<(), Trouble> {
        let tools = &self.station.tools;
        let Some(list) = forget(&self.station, leased, entry).await? else { return Ok(()) };
        let post = Collected { id: entry.id, list: list.id, at: tools.clock.now(), message: bare(entry)? };
        tools.store.collect_for_digest(&post).await?;
        // Recorded before a digest may take it: collected again afterwards it would be in two.
        let event = Event { kind: Kind::Done, then: Then::Leave, also: vec![], data: Bytes::new() };
        tools.spool.record(leased, event).await?;
        beat.progress();
        if let Err(error) = send_due(tools, Some(list.id), false).await {
            tracing::warn!(%error, "a digest could not be sent now; it is tried again within a minute");
        }
        Ok(())
    }
}
