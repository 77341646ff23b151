//! From `incoming` to `planned`, or to whatever the rules decide.

mod audience;
mod canary;
mod owner;
mod post;
mod stopped;

use std::sync::Arc;

use posthaste_model::{Beat, Stage, SubAddress};
use posthaste_spool::{Entry, Leased};
use tokio_util::sync::CancellationToken;

use super::station::{Craft, Outcome, Station, Tools, Trouble};
use crate::approval::Guesses;
use crate::canary::{Keeper, is_canary};
use crate::notes;
use crate::notices::WrittenTo;
use crate::patterns::Patterns;

/// The incoming runner. Any number may run side by side.
pub struct Incoming {
    station: Station,
    canary: Option<Arc<dyn Keeper>>,
    patterns: Patterns,
    guesses: Guesses,
}

impl Incoming {
    /// A runner with these, and with somebody who sends canaries if there is one.
    pub fn new(tools: Tools, canary: Option<Arc<dyn Keeper>>) -> Self {
        let station = Station::new(Stage::Incoming, tools);
        Self { station, canary, patterns: Patterns::default(), guesses: Guesses::default() }
    }

    /// From now on a post may say what is to happen to the runner that works on it. For drills only.
    pub fn swallow_poison(&self) {
        self.station.failures.poison.allow();
    }

    /// Works until `stop`.
    pub async fn run(&self, stop: &CancellationToken, beat: &Beat) {
        self.station.run(self, stop, beat).await;
    }
}

impl Craft for Incoming {
    async fn step(&self, leased: &Leased, entry: &Entry, beat: &Beat) -> Result<(), Trouble> {
        if is_canary(&entry.list) {
            let outcome = self.to_ourselves(entry, beat).await?;
            return Ok(self.station.tools.spool.record(leased, outcome.event).await?);
        }
        let mut list = self.station.list(entry).await?;
        self.station.failures.swallow(entry.id, &entry.message).await;
        let sub = entry.notes.get(notes::SUB).map_or("post", String::as_str);
        let to_owners = sub == SubAddress::Owner.name();
        let written_to = if to_owners { WrittenTo::Owners } else { WrittenTo::Members };
        let (answer, enough) = self.station.answer(written_to, entry, &list).await?;
        let mut outcome = if enough {
            Outcome::answered()
        } else if to_owners {
            Box::pin(self.to_owners(entry, &list, beat)).await?
        } else {
            self.station.tools.templates.dress(&self.station.tools.store, &mut list).await?;
            Box::pin(self.to_members(entry, &list, beat)).await?
        };
        outcome.born.extend(answer);
        self.station.conclude(leased, entry, outcome, beat).await
    }
}
