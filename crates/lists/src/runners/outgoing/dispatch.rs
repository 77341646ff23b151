//! An entry open for delivery.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use posthaste_model::{EntryId, ForwardPath, ListId, Stage, Timestamp};
use posthaste_spool::{Entry, Kind, Leased};

use super::story::Story;
use crate::canary::is_canary;
use crate::delivery::{
    Backoff, Chunk, Destinations, Fate, Lane, Met, Next, Outcome, Plan, Planned, Progress, decode_plan,
    domain_of,
};
use crate::history::{Trace, TraceEvent};
use crate::notes;
use crate::pipeline::{Segment, Vars, render, to_bytes};
use crate::site::Site;

/// An entry open for delivery: what was planned, and who has it already.
pub(super) struct Dispatch {
    leased: Leased,
    pub(super) planned: Planned,
    planned_at: Timestamp,
    received: Timestamp,
    /// True once it was counted as handed over.
    counted: AtomicBool,
    progress: Mutex<Progress>,
    story: Mutex<Story>,
    /// The canary's extension, if this is one.
    canary: Option<String>,
    /// What signs the message, if all copies are alike.
    stamp: OnceLock<Bytes>,
    /// Destinations about which the relay was silent while others waited.
    silent: Mutex<BTreeSet<String>>,
}

/// Silent about so many destinations, it is the post that makes the relay silent, not they.
const SLUGGISH: usize = 3;

/// An entry's log as it was read.
pub(super) struct Opened {
    planned: Planned,
    planned_at: Timestamp,
    received: Timestamp,
    counted: bool,
    progress: Progress,
    story: Story,
    canary: Option<String>,
}

impl Dispatch {
    /// Reads the entry's log; or says why there is no plan to follow.
    pub(super) fn read(entry: &Entry) -> Result<Opened, String> {
        let Some(event) = entry.events.iter().rev().find(|e| e.kind == Kind::Planned) else {
            return Err("the entry waits for delivery but nothing was planned".into());
        };
        let planned = decode_plan(&event.data).map_err(|error| error.to_string())?;
        let mut progress = Progress::new(planned.recipients.len());
        let mut story = Story::new(entry, &planned);
        for event in &entry.events {
            match event.kind {
                Kind::Planned => story.planned(event.at, &planned),
                Kind::Sent => match serde_json::from_slice::<Vec<Outcome>>(&event.data) {
                    Ok(outcomes) => {
                        progress.replay(&outcomes);
                        story.sent(event.at, outcomes);
                    }
                    Err(error) => return Err(format!("a record of deliveries cannot be read: {error}")),
                },
                kind => {
                    if kind == Kind::Deferred {
                        progress.replay_round();
                    }
                    let detail = serde_json::from_slice(&event.data).unwrap_or_default();
                    story.log(TraceEvent::new(event.at, kind, detail));
                }
            }
        }
        if matches!(progress.next(), Next::Again { .. }) {
            progress.begin_round();
        }
        Ok(Opened {
            planned_at: event.at,
            received: entry.envelope.received,
            // Counted at the end of its first round; a notice of ours is no post.
            counted: progress.rounds > 0
                || entry.events.iter().any(|e| e.kind == Kind::Note && e.stage == Stage::Out)
                || entry.notes.contains_key(notes::PURPOSE),
            planned,
            progress,
            story,
            canary: is_canary(&entry.list)
                .then(|| entry.notes.get(notes::EXTENSION).cloned().unwrap_or_default()),
        })
    }

    /// What was read, in the hands of whoever holds the lease.
    pub(super) fn new(leased: Leased, opened: Opened) -> Self {
        Self {
            leased,
            planned: opened.planned,
            planned_at: opened.planned_at,
            received: opened.received,
            counted: AtomicBool::new(opened.counted),
            progress: Mutex::new(opened.progress),
            story: Mutex::new(opened.story),
            canary: opened.canary,
            stamp: OnceLock::new(),
            silent: Mutex::default(),
        }
    }

    pub(super) fn id(&self) -> EntryId {
        self.leased.id()
    }

    pub(super) fn list(&self) -> &ListId {
        self.leased.list()
    }

    pub(super) const fn leased(&self) -> &Leased {
        &self.leased
    }

    pub(super) const fn plan(&self) -> &Plan {
        &self.planned.plan
    }

    pub(super) fn canary(&self) -> Option<&str> {
        self.canary.as_deref()
    }

    /// Each member's copy has the same text, and a sender that names the member.
    pub(super) fn differs_by_sender_only(&self) -> bool {
        let same = |segment: &Segment| matches!(segment, Segment::Shared(_));
        self.plan().personal && !self.plan().sender.is_empty() && self.planned.segments.iter().all(same)
    }

    /// The one message for all, with what signs it on top: made once.
    pub(super) fn message(&self, site: &Site, now: Timestamp) -> Vec<Bytes> {
        let pieces = to_bytes(&self.planned.segments);
        let stamp = self.stamp.get_or_init(|| self.signature(&pieces, site, now));
        with(stamp.clone(), pieces)
    }

    /// The copy of one recipient, with what signs it on top.
    pub(super) fn copy(&self, index: usize, site: &Site, now: Timestamp) -> Vec<Bytes> {
        let pieces = render(&self.planned.segments, &self.vars(index, site));
        with(self.signature(&pieces, site, now), pieces)
    }

    fn signature(&self, pieces: &[Bytes], site: &Site, now: Timestamp) -> Bytes {
        // Our own post to ourselves proves its way, not who we are.
        if self.canary.is_some() { Bytes::new() } else { site.auth.stamp(pieces, self.plan(), now) }
    }

    /// Up to `most` recipients to be offered in this lane.
    pub(super) fn take(&self, most: usize, lane: Lane, known: &Destinations) -> Option<Chunk> {
        let sluggish = lock(&self.silent).len() >= SLUGGISH;
        let of = |index| self.lane(index, known, sluggish);
        match lane {
            Lane::Go => self.progress().take(most, &of),
            Lane::Slow => self.progress().take_slow(most, &of, &|index| self.domain(index)),
            Lane::Rest => None,
        }
    }

    fn lane(&self, index: usize, known: &Destinations, sluggish: bool) -> Lane {
        match known.lane(self.domain(index)) {
            // Our own post to ourselves shows whether mail moves: it waits for nothing and nobody.
            _ if self.canary.is_some() => Lane::Go,
            Lane::Go if sluggish => Lane::Slow,
            lane => lane,
        }
    }

    /// The destination of a recipient.
    pub(super) fn domain(&self, index: usize) -> &str {
        domain_of(self.planned.recipients.address(index).unwrap_or_default())
    }

    /// The relay was silent about these while others waited.
    pub(super) fn suspect(&self, chunk: &[usize]) {
        self.progress().suspect(chunk);
    }

    /// The relay was silent about this destination.
    pub(super) fn is_silent(&self, domain: &str) {
        lock(&self.silent).insert(domain.to_lowercase());
    }

    /// Offers again whose destination does not rest any more; false if there is nobody.
    pub(super) fn rouse(&self, known: &Destinations) -> bool {
        self.progress().rouse(&|index| self.lane(index, known, false))
    }

    /// Recipients whose destination rests.
    pub(super) fn resting(&self) -> usize {
        self.progress().resting()
    }

    /// True if somebody waits who may go at once.
    pub(super) fn has_go(&self) -> bool {
        self.progress().has_go()
    }

    pub(super) fn give_back(&self, chunk: &[usize]) {
        self.progress().give_back(chunk);
    }

    pub(super) fn has_more(&self) -> bool {
        !self.progress().all_offered()
    }

    pub(super) fn answer(&self, results: &[Met]) -> Next {
        self.progress().answer(results)
    }

    pub(super) fn next(&self) -> Next {
        self.progress().next()
    }

    pub(super) fn waiting(&self) -> Vec<usize> {
        self.progress().waiting()
    }

    pub(super) fn count(&self, fate: Fate) -> usize {
        self.progress().count(fate)
    }

    pub(super) fn backoff(&self) -> Backoff {
        Backoff { rounds: self.progress().rounds, planned: self.planned_at }
    }

    /// Each recipient's forward-path; those that are none fail here and now.
    pub(super) fn paths(&self, chunk: &[usize]) -> (Vec<(usize, ForwardPath)>, Vec<Met>) {
        let (mut good, mut bad) = (vec![], vec![]);
        for index in chunk {
            let address = self.planned.recipients.address(*index).unwrap_or_default();
            match ForwardPath::parse(address) {
                Ok(path) => good.push((*index, path)),
                Err(error) => bad.push((*index, Fate::Failed, format!("553 5.1.3 {error}").into())),
            }
        }
        (good, bad)
    }

    /// The texts that differ from copy to copy.
    pub(super) fn vars(&self, index: usize, site: &Site) -> Vars {
        let Some(recipient) = self.planned.recipients.get(index) else { return Vars::default() };
        let language =
            if recipient.language.is_empty() { &site.default_language } else { recipient.language };
        Vars {
            user_email: recipient.address.to_lowercase(),
            user_delivered_to: recipient.address.to_owned(),
            user_name: recipient.name.to_owned(),
            user_language: crate::templates::language_name(language).to_owned(),
            unsubscribe_url: site
                .one_click
                .as_ref()
                .map(|way| way.url(self.list(), recipient.member))
                .unwrap_or_default(),
        }
    }

    /// What this recipient met last, and what the relay said then.
    pub(super) fn last(&self, index: usize) -> Option<(Fate, String)> {
        let fate = self.progress().fate(index)?;
        Some((fate, self.story().last_reply(index).unwrap_or_default().to_owned()))
    }

    /// When the post was accepted, the first time this is asked; `None` afterwards, and for notices of ours.
    pub(super) fn count_once(&self) -> Option<Timestamp> {
        (!self.counted.swap(true, Ordering::Relaxed)).then_some(self.received)
    }

    pub(super) fn log(&self, event: TraceEvent) {
        self.story().log(event);
    }

    pub(super) fn log_sent(&self, at: Timestamp, outcomes: Vec<Outcome>) {
        self.story().sent(at, outcomes);
    }

    pub(super) fn trace(&self) -> Trace {
        self.story().trace(&self.planned.recipients)
    }

    fn story(&self) -> MutexGuard<'_, Story> {
        lock(&self.story)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        lock(&self.progress)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with(stamp: Bytes, mut pieces: Vec<Bytes>) -> Vec<Bytes> {
    if !stamp.is_empty() {
        pieces.insert(0, stamp);
    }
    pieces
}
