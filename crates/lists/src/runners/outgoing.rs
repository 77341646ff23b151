//! From `planned` to the relay. Needs no database.
//!
//! One *feeder* turns waiting entries into open dispatches; as many *workers* as there may be connections take chunks of
//! recipients from the open dispatches in turn, so that a post to a hundred thousand members and one to ten share the
//! relay. An outage of the relay is waited for inside the pool and costs no recipient an attempt.

mod aftermath;
mod canary;
mod dispatch;
mod resting;
mod sending;
mod share;
mod silence;
mod story;
mod taken;
mod tally;
mod words;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use posthaste_model::{Beat, Clock, Stage};
use posthaste_smtp::client::Pool;
use posthaste_spool::{Event, Kind, Leased, Spool, SpoolError, Then};
use rand::Rng;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use self::dispatch::Dispatch;
use self::share::{Shares, crowded};
use self::silence::Answers;
use self::taken::Taken;
use super::failures::{self, Failures};
use super::working::{Caution, Working};
use crate::canary::{Keeper, is_canary};
use crate::delivery::{Chunk, Destinations, Fate, Lane, Met, Next, fold_outcomes};
use crate::events::Events;
use crate::history::{History, TraceEvent};
use crate::pipeline::Segment;
use crate::site::LiveSite;

/// At most so many personal copies are sent between two records (P5).
const PERSONAL_CHUNK: usize = 50;

/// How much is asked of the relay at once.
#[derive(Debug)]
pub struct OutLimits {
    /// Recipients of one transaction.
    pub max_recipients: AtomicUsize,
    /// Dispatches open at once; bounds memory.
    pub window: usize,
    /// Tasks that send; no list gets them all.
    pub workers: usize,
}

/// The out runner.
pub struct Outgoing {
    spool: Arc<Spool>,
    pool: Arc<Pool>,
    clock: Arc<dyn Clock>,
    site: Arc<LiveSite>,
    history: Arc<History>,
    limits: OutLimits,
    events: Arc<Events>,
    failures: Failures,
    open: Mutex<VecDeque<Arc<Dispatch>>>,
    shares: Mutex<Shares>,
    /// What is known of destinations.
    known: Mutex<Destinations>,
    /// How long the relay may be silent, because others wait and no worker is free.
    patience: watch::Sender<Option<Duration>>,
    /// When the relay last answered for anybody, monotonic.
    answered: Mutex<Duration>,
    /// Signalled when an open dispatch has something to offer.
    work: Notify,
    /// Signalled when a dispatch was closed.
    room: Notify,
    pub(super) canary: Option<Arc<dyn Keeper>>,
}

impl Outgoing {
    /// A runner that takes from `spool` and gives to `pool`.
    pub fn new(
        spool: Arc<Spool>,
        pool: Arc<Pool>,
        clock: Arc<dyn Clock>,
        site: Arc<LiveSite>,
        history: Arc<History>,
        limits: OutLimits,
        events: Arc<Events>,
    ) -> Self {
        let workers = limits.workers;
        Self {
            spool,
            pool,
            clock,
            site,
            history,
            limits,
            events,
            failures: Failures::new(Stage::Out),
            open: Mutex::default(),
            shares: Mutex::new(Shares::new(workers)),
            known: Mutex::default(),
            patience: watch::Sender::new(None),
            answered: Mutex::default(),
            work: Notify::new(),
            room: Notify::new(),
            canary: None,
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

    /// Changes how many recipients a transaction may have.
    pub fn set_max_recipients(&self, most: usize) {
        self.limits.max_recipients.store(most.max(1), Ordering::Relaxed);
    }

    /// Opens waiting entries until `stop`.
    pub async fn feed(&self, stop: &CancellationToken, beat: &Beat) {
        loop {
            beat.waiting("an entry, and room for it");
            let room = self.room.notified();
            if self.lock().len() >= self.limits.window {
                tokio::select! { () = stop.cancelled() => return, () = room => continue }
            }
            // One list's posts must not fill the window.
            let crowded = crowded(self.lock().iter().map(|open| open.list()), self.limits.window.div_ceil(4));
            let leased = tokio::select! {
                () = stop.cancelled() => return,
                () = room => continue,
                leased = self.spool.lease_except(Stage::Out, &crowded) => leased,
            };
            match leased {
                Ok(leased) => {
                    beat.begin("opening an entry").await;
                    self.open(leased).await;
                }
                Err(error) => {
                    tracing::error!(%error, "cannot take work from the spool");
                    self.clock.sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    async fn open(&self, leased: Leased) {
        let id = leased.id();
        match self.read(leased).await {
            Ok(Some(dispatch)) => {
                self.lock().push_back(Arc::new(dispatch));
                self.work.notify_waiters();
                self.look_around();
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%id, %error, "cannot open an entry for delivery"),
        }
    }

    async fn read(&self, leased: Leased) -> Result<Option<Dispatch>, SpoolError> {
        let attempt = failures::Attempt::new(&self.failures, &leased);
        let caution = self.failures.caution(leased.id()).await;
        let guilty = if let Caution::Guilty(why) = &caution { Some(why) } else { None };
        if let Some(why) = guilty.filter(|_| !is_canary(leased.list())) {
            self.set_aside(&leased, why).await?;
            attempt.over();
            return Ok(None);
        }
        if let Caution::Later(pause) = caution {
            leased.rest(pause);
            attempt.over();
            return Ok(None);
        }
        let entry = match self.spool.load(&leased).await {
            Ok(entry) => entry,
            Err(error) => {
                attempt.failed(&error.to_string());
                return Err(error);
            }
        };
        if is_canary(&entry.list) && (guilty.is_some() || !self.is_awaited(&entry)) {
            self.drop_canary(&leased, &entry).await?;
            attempt.over();
            return Ok(None);
        }
        let mark = self.failures.mark(leased.id());
        let opened = Dispatch::read(&entry);
        drop(mark);
        attempt.over();
        let dispatch = match opened {
            Ok(opened) => Dispatch::new(leased, opened),
            Err(why) => {
                self.set_aside(&leased, &why).await?;
                return Ok(None);
            }
        };
        if dispatch.next() == Next::Done {
            self.finish(&dispatch, Kind::Done, bytes::Bytes::new()).await?;
            return Ok(None);
        }
        Ok(Some(dispatch))
    }

    async fn set_aside(&self, leased: &Leased, why: &str) -> Result<(), SpoolError> {
        self.spool.quarantine(leased, why).await?;
        self.failures.put_aside(leased.id());
        Ok(())
    }

    /// Closes a dispatch at which a worker died. When the other workers let go of it the entry rests a little, and is
    /// opened again as its log has it.
    fn close(&self, dispatch: &Arc<Dispatch>, chunk: &[usize], pause: Duration) {
        dispatch.give_back(chunk);
        dispatch.leased().rest(pause);
        self.lock().retain(|other| !Arc::ptr_eq(other, dispatch));
        self.room.notify_one();
    }

    /// Offers again what a worker could not.
    fn take_back(&self, dispatch: &Arc<Dispatch>, chunk: &[usize]) {
        let mut open = self.lock();
        dispatch.give_back(chunk);
        if !open.iter().any(|other| Arc::ptr_eq(other, dispatch)) {
            open.push_back(dispatch.clone());
        }
        drop(open);
        self.work.notify_one();
        self.look_around();
    }

    /// Sends chunks until `stop`; a transaction that has begun is finished and recorded.
    pub async fn work(&self, stop: &CancellationToken, beat: &Beat) {
        loop {
            beat.waiting("recipients");
            let work = self.work.notified();
            tokio::pin!(work);
            work.as_mut().enable();
            if stop.is_cancelled() {
                return;
            }
            let taken = self.next_chunk();
            self.look_around();
            let Some(taken) = taken else {
                tokio::select! { () = stop.cancelled() => return, () = work => continue }
            };
            let span = tracing::info_span!("dispatch", id = %taken.dispatch.id());
            self.send(taken, stop, beat).instrument(span).await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<Dispatch>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next recipients of the dispatch whose turn it is. Lists that have their share of the workers are passed over;
    /// whom the relay was silent about comes after all others.
    fn next_chunk(&self) -> Option<Taken<'_>> {
        let mut open = self.lock();
        let mut shares = self.shares();
        let known = self.known();
        for lane in [Lane::Go, Lane::Slow] {
            if lane == Lane::Slow && !shares.may_go_slow() {
                break;
            }
            for _ in 0..open.len() {
                let dispatch = open.pop_front()?;
                if !shares.may_take(dispatch.list()) {
                    open.push_back(dispatch);
                    continue;
                }
                let mut chunk = dispatch.take(self.most_of(&dispatch), lane, &known);
                let more = dispatch.has_more();
                if more {
                    open.push_back(dispatch.clone());
                } else if chunk.is_none() && dispatch.next() == Next::Rest {
                    // Nobody is to be offered, and somebody has to write that down.
                    chunk = Some(Chunk::new());
                }
                if let Some(chunk) = chunk {
                    if more {
                        self.work.notify_one();
                    }
                    shares.take(dispatch.list());
                    drop((known, shares, open));
                    self.room.notify_one();
                    return Some(Taken::new(self, dispatch, chunk));
                }
                if !more {
                    self.room.notify_one();
                }
            }
        }
        None
    }

    /// The most recipients of one piece.
    fn most_of(&self, dispatch: &Dispatch) -> usize {
        let most = self.limits.max_recipients.load(Ordering::Relaxed);
        match dispatch.plan().personal {
            true if dispatch.differs_by_sender_only() => most.min(PERSONAL_CHUNK),
            true => PERSONAL_CHUNK,
            false => most,
        }
    }

    /// A worker is free again.
    fn let_go(&self, dispatch: &Dispatch) {
        self.shares().give_back(dispatch.list());
        self.work.notify_one();
    }

    fn shares(&self) -> std::sync::MutexGuard<'_, Shares> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, mut taken: Taken<'_>, stop: &CancellationToken, beat: &Beat) {
        beat.begin("sending").await;
        taken.begin();
        let dispatch = taken.dispatch.clone();
        if let Some(why) = self.failures.verdict(dispatch.id()) {
            let ended = match dispatch.canary() {
                Some(_) => self.finish(&dispatch, Kind::Done, bytes::Bytes::new()).await,
                None => self.set_aside(dispatch.leased(), &why).await,
            };
            match ended {
                Ok(()) => self.lock().retain(|other| !Arc::ptr_eq(other, &dispatch)),
                Err(error) => tracing::error!(%error, "cannot set an entry aside"),
            }
            return taken.answered();
        }
        if taken.chunk.is_empty() {
            if let Err(error) = self.rest(&dispatch).await {
                tracing::error!(%error, "cannot let an entry rest; it is opened again");
                self.lock().retain(|other| !Arc::ptr_eq(other, &dispatch));
            }
            return taken.answered();
        }
        if let Some(Segment::Shared(head)) = dispatch.planned.segments.first() {
            self.failures.swallow(dispatch.id(), head).await;
        }
        let began = self.clock.monotonic();
        let Answers { mut results, gave_way } = if dispatch.plan().personal {
            self.send_personal(&dispatch, &taken.chunk, stop, beat).await
        } else {
            self.send_bulk(&dispatch, &taken.chunk, stop, beat).await
        };
        if gave_way && !stop.is_cancelled() {
            results = self.after_silence(&taken, results, began);
            if results.is_empty() {
                return taken.answered();
            }
        } else {
            self.heard(&dispatch, &results);
        }
        // Cancelled: nothing was offered, nothing is recorded; the next start offers the same chunk.
        if results.is_empty() {
            return taken.give_back();
        }
        match self.record(&dispatch, &results).await {
            Ok(()) => {
                taken.answered();
                super::retry(&self.spool, self.failures.moves()).await;
            }
            Err(error) => {
                tracing::error!(%error, "cannot record a delivery; its recipients may get a second copy");
                // Unless its lease is over, that is.
                if matches!(error, SpoolError::Gone(_) | SpoolError::Over(..)) {
                    self.lock().retain(|other| !Arc::ptr_eq(other, &dispatch));
                    return taken.answered();
                }
                beat.wait("the disk", self.clock.sleep(Duration::from_secs(1))).await;
                taken.give_back();
            }
        }
    }

    async fn record(&self, dispatch: &Arc<Dispatch>, results: &[Met]) -> Result<(), SpoolError> {
        let now = self.clock.now();
        let outcomes = fold_outcomes(results);
        self.report_failures(dispatch, &outcomes).await?;
        let next = dispatch.answer(results);
        self.tally(dispatch, results, next);
        let data = serde_json::to_vec(&outcomes).unwrap_or_default().into();
        dispatch.log_sent(now, outcomes);
        match next {
            Next::Round => self.append(dispatch, Kind::Sent, Then::Stay, data).await,
            Next::Done => self.finish(dispatch, Kind::Sent, data).await,
            Next::Rest => {
                self.append(dispatch, Kind::Sent, Then::Stay, data).await?;
                self.rest(dispatch).await
            }
            Next::Again { broken_only } => {
                self.append(dispatch, Kind::Sent, Then::Stay, data).await?;
                self.end_round(dispatch, broken_only).await
            }
        }
    }

    /// Somebody still waits: sleep until the next round, or give them up.
    async fn end_round(&self, dispatch: &Arc<Dispatch>, broken_only: bool) -> Result<(), SpoolError> {
        let now = self.clock.now();
        if dispatch.canary().is_some() {
            return self.rest_canary(dispatch).await;
        }
        let backoff = dispatch.backoff();
        // Who rests by order is not given up for it; the others are tried a little longer then.
        if backoff.is_over(now) && dispatch.resting() == 0 {
            return self.expire(dispatch).await;
        }
        let due = backoff.next(now, rand::rng().random(), broken_only);
        let detail = serde_json::json!({ "waiting": dispatch.waiting().len(), "until": due, "round": backoff.rounds + 1 });
        tracing::info!(waiting = dispatch.waiting().len(), until = %due, "recipients deferred");
        dispatch.log(TraceEvent::new(now, Kind::Deferred, detail.clone()));
        self.failures.forget(dispatch.id());
        self.append(dispatch, Kind::Deferred, Then::Again { due }, detail.to_string().into()).await
    }

    async fn append(
        &self,
        dispatch: &Dispatch,
        kind: Kind,
        then: Then,
        data: bytes::Bytes,
    ) -> Result<(), SpoolError> {
        let event = Event { kind, then, also: vec![], data };
        loop {
            match self.spool.record(dispatch.leased(), event.clone()).await {
                // What became of the recipients is known; letting go of it would send to them again.
                Err(error @ SpoolError::Disk { .. }) => {
                    tracing::error!(%error, "cannot record a delivery; trying until the disk takes it");
                    self.clock.sleep(Duration::from_secs(1)).await;
                }
                recorded => return recorded,
            }
        }
    }

    /// Nobody waits any more: the entry leaves the spool, its story goes to the history.
    async fn finish(&self, dispatch: &Dispatch, kind: Kind, data: bytes::Bytes) -> Result<(), SpoolError> {
        if dispatch.canary().is_some() {
            return self.finish_canary(dispatch, kind, data).await;
        }
        self.history.add(&dispatch.trace(), self.clock.now());
        self.failures.forget(dispatch.id());
        self.append(dispatch, kind, Then::Leave, data).await?;
        tracing::info!(list = %dispatch.list(), delivered = dispatch.count(Fate::Delivered), failed = dispatch.count(Fate::Failed), "post finished");
        Ok(())
    }
}
