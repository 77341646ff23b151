//! Posts to the archives: each archiver once, those that are away later.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use posthaste_mime::Message;
use posthaste_model::{Beat, EntryId, Stage};
use posthaste_spool::{Entry, Event, Kind, Leased, Then};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::side::{bare, forget};
use super::station::{Craft, Station, Tools, Trouble};
use crate::archive::{ArchiveError, Archiver, Kept, Piece};

/// An archiver that refuses a post so often will not have it.
const ATTEMPTS: u32 = 3;

/// The runner of the archive stage. One is enough: archives want posts in their order.
pub struct Archiving {
    station: Station,
    refusals: Mutex<HashMap<(EntryId, &'static str), u32>>,
}

/// What a record says.
#[derive(Serialize, Deserialize)]
struct Done {
    archiver: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Why the archiver will never have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// What became of a post at one archiver.
enum Fate {
    Over(Done),
    Later(Duration),
}

impl Archiving {
    /// A runner with these.
    pub fn new(tools: Tools) -> Self {
        Self { station: Station::new(Stage::Archive, tools), refusals: Mutex::default() }
    }

    /// Works until `stop`.
    pub async fn run(&self, stop: &CancellationToken, beat: &Beat) {
        self.station.run(self, stop, beat).await;
    }

    async fn offer(&self, archiver: &dyn Archiver, piece: Piece<'_>, beat: &Beat) -> Result<Fate, Trouble> {
        let tools = &self.station.tools;
        let (name, pauses) = (archiver.name(), &tools.outlets.pauses);
        if let Some(left) = pauses.left(name, tools.clock.monotonic()) {
            return Ok(Fate::Later(left));
        }
        let url = match beat.wait("an archiver", archiver.keep(piece)).await {
            Ok(Kept::There(url)) => url,
            Ok(Kept::ByMail(mail)) => {
                let counted = tools.events.born(&mail.list);
                tools.spool.put_with(*mail, counted).await?;
                None
            }
            Err(ArchiveError::Away(why)) => {
                let pause = pauses.away(name, tools.clock.monotonic());
                tracing::warn!(archiver = name, why, wait = ?pause, "an archiver is away; posts for it wait");
                return Ok(Fate::Later(pause));
            }
            Err(ArchiveError::Refused(why)) => return Ok(self.refused(piece.id, name, why)),
        };
        pauses.there(name);
        Ok(Fate::Over(Done { archiver: name.to_owned(), url, refused: None }))
    }

    fn refused(&self, id: EntryId, name: &'static str, why: String) -> Fate {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let times = refusals.entry((id, name)).or_default();
        *times += 1;
        if *times < ATTEMPTS {
            return Fate::Later(Duration::from_mins(1));
        }
        tracing::error!(
            archiver = name,
            why,
            "an archiver refuses a post for good; it is not in that archive"
        );
        Fate::Over(Done { archiver: name.to_owned(), url: None, refused: Some(why) })
    }

    fn finished(&self, id: EntryId) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.retain(|(other, _), _| *other != id);
    }

    /// The copy that archives elsewhere get.
    fn copy(&self, entry: &Entry, whole: &Bytes) -> Bytes {
        let mut message = Message::parse(whole.clone());
        let _mark = self.station.failures.mark(entry.id);
        self.station.tools.outlets.archivers.clobbering.apply(&mut message, entry.envelope.received);
        message.to_bytes()
    }
}

impl Craft for Archiving {
    async fn step(&self, leased: &Leased, entry: &Entry, beat: &Beat) -> Result<(), Trouble> {
        let tools = &self.station.tools;
        let Some(list) = forget(&self.station, leased, entry).await? else { return Ok(()) };
        let whole = bare(entry)?;
        let message = self.copy(entry, &whole);
        let received = entry.envelope.received;
        let piece = Piece { id: entry.id, list: &list, message: &message, whole: &whole, received };
        let told = entry.events.iter().filter(|e| e.kind == Kind::Archived && e.stage == Stage::Archive);
        let over: Vec<Done> = told.filter_map(|e| serde_json::from_slice(&e.data).ok()).collect();
        let mut later: Option<Duration> = None;
        for archiver in tools.outlets.archivers.of(&list) {
            if over.iter().any(|done| done.archiver == archiver.name()) {
                continue;
            }
            match self.offer(archiver, piece, beat).await? {
                Fate::Later(pause) => later = Some(later.map_or(pause, |other| other.min(pause))),
                Fate::Over(done) => {
                    let data = serde_json::to_vec(&done).unwrap_or_default().into();
                    let event = Event { kind: Kind::Archived, then: Then::Stay, also: vec![], data };
                    tools.spool.record(leased, event).await?;
                }
            }
        }
        if let Some(pause) = later {
            leased.rest(pause);
            return Ok(());
        }
        self.finished(entry.id);
        let event = Event { kind: Kind::Done, then: Then::Leave, also: vec![], data: Bytes::new() };
        Ok(tools.spool.record(leased, event).await?)
    }
}
