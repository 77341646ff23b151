use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use posthaste_model::{Clock, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::batch::{Attempt, Batch, SendError};
use super::breaker::{Breaker, Pass};
use super::connect;
use super::connection::{Connection, Run};
use super::haste::Haste;
use super::job::{Cause, Job};
use super::relay::Relay;
use super::seats::{STALL, Seat, Standing};
use super::session::Trouble;
use super::site::Site;
use crate::Reply;

/// Losses of one batch that are made good at once; after these it pauses between attempts.
const AT_ONCE: u32 = 3;
/// Losses of one batch after which, if the relay does well otherwise, it must be the batch that kills connections.
const MOST_LOSSES: u32 = 5;
/// Times the relay may say 421 to one batch.
const MOST_CLOSINGS: u32 = 3;

/// Connections to the relay: opened when needed, used again, and never too many.
pub struct Pool {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    breaker: Breaker,
    /// A connection has come back.
    returned: Notify,
    /// Connections that are open.
    seats: Arc<AtomicUsize>,
}

struct State {
    site: Arc<Site>,
    /// The one used last is the last in the row.
    idle: Vec<Idle>,
    /// Keep no connection any more.
    down: bool,
}

struct Idle {
    line: Line,
    since: Duration,
}

/// How the relay does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RelayState {
    /// Connections may be opened freely; false while only one attempt at a time is made.
    pub up: bool,
    /// Since when, wall time.
    pub since: Timestamp,
    /// The last trouble with a connection, in words for people; `None` when it is over.
    pub last_error: Option<String>,
    /// Open connections, in use or idle.
    pub connections: usize,
    /// How many may be in use at once as things go: grows while that helps, shrinks when the relay asks for patience,
    /// and is at most [`Relay::max_connections`].
    pub width: usize,
}

/// An open connection, counted as long as it lives, and the settings it was opened with.
struct Line {
    connection: Connection,
    site: Arc<Site>,
    seats: Arc<AtomicUsize>,
}

/// A line in use.
struct Lease<'p> {
    line: Line,
    pass: Pass<'p>,
    seat: Seat,
}

impl Pool {
    /// A pool without connections; the first one is opened when there is something to send.
    pub fn new(relay: Relay, clock: Arc<dyn Clock>) -> Arc<Self> {
        let state = State { site: Arc::new(Site::new(relay)), idle: Vec::new(), down: false };
        Arc::new(Self {
            breaker: Breaker::new(Arc::clone(&clock)),
            state: Mutex::new(state),
            clock,
            returned: Notify::new(),
            seats: Arc::default(),
        })
    }

    /// Uses other settings from the next connection on. What is under way ends as it began.
    pub fn reconfigure(&self, relay: Relay) {
        let old = {
            let mut state = self.lock();
            if state.site.relay == relay {
                return;
            }
            std::mem::replace(&mut state.site, Arc::new(Site::new(relay)))
        };
        // Whoever waits for a connection under the old settings waits again under the new ones.
        old.retired.cancel();
        self.breaker.hurry();
    }

    /// How the relay does. Cheap: no I/O, no waiting.
    pub fn state(&self) -> RelayState {
        let state = self.breaker.state();
        RelayState {
            up: state.is_up(),
            since: state.since,
            last_error: state.last_error,
            connections: self.seats.load(Ordering::Relaxed),
            width: self.lock().site.seats.limit(),
        }
    }

    /// Sends one batch; see [`send_each`](Self::send_each).
    pub async fn send(&self, batch: Batch, cancel: &CancellationToken) -> Result<Vec<Attempt>, SendError> {
        self.send_in(&Haste::none(), batch, cancel).await
    }

    /// The same where others may wait: then a relay that is silent is left, unless a message was sent to it.
    pub async fn send_in(
        &self,
        haste: &Haste,
        batch: Batch,
        cancel: &CancellationToken,
    ) -> Result<Vec<Attempt>, SendError> {
        let mut jobs = [Job::new(batch)];
        self.work(&mut jobs, cancel, haste).await;
        let [job] = jobs;
        job.finish()
    }

    /// Sends batches one after the other on one connection; each begins before the one before it is answered.
    /// One result per batch, in order; in a result, one attempt per recipient, in order.
    ///
    /// A relay that is away, closes connections or refuses our login is waited for, however long: that is no
    /// error of a batch. To give up, cancel the token rather than drop the future: what is under way is then
    /// brought to its end, and every batch has a truthful result.
    pub async fn send_each(
        &self,
        batches: Vec<Batch>,
        cancel: &CancellationToken,
    ) -> Vec<Result<Vec<Attempt>, SendError>> {
        self.send_each_in(&Haste::none(), batches, cancel).await
    }

    /// The same where others may wait: see [`send_in`](Self::send_in).
    pub async fn send_each_in(
        &self,
        haste: &Haste,
        batches: Vec<Batch>,
        cancel: &CancellationToken,
    ) -> Vec<Result<Vec<Attempt>, SendError>> {
        let mut jobs: Vec<Job> = batches.into_iter().map(Job::new).collect();
        self.work(&mut jobs, cancel, haste).await;
        jobs.into_iter().map(Job::finish).collect()
    }

    /// Closes, politely, connections that nobody has used for a while. To be run as long as the pool is used:
    /// returns, with all of them closed, when `shutdown` is cancelled.
    pub async fn tend(&self, shutdown: &CancellationToken) {
        loop {
            let keep = self.lock().site.relay.timeouts.idle;
            let pause = self.clock.sleep((keep / 4).max(Duration::from_millis(10)));
            let down = shutdown.run_until_cancelled(pause).await.is_none();
            let now = self.clock.monotonic();
            let expired: Vec<Idle> = {
                let mut state = self.lock();
                state.down = down;
                let site = Arc::clone(&state.site);
                let expired = |one: &mut Idle| {
                    down || now.saturating_sub(one.since) >= keep || !Arc::ptr_eq(&one.line.site, &site)
                };
                state.idle.extract_if(.., expired).collect()
            };
            join_all(expired.into_iter().map(|one| one.line.close())).await;
            if down {
                return;
            }
        }
    }

    /// Works through the jobs, over as many connections as it takes.
    async fn work(&self, jobs: &mut [Job], cancel: &CancellationToken, haste: &Haste) {
        while jobs.iter().any(Job::is_open) {
            let Some(mut lease) = cancel.run_until_cancelled(self.lease()).await else { return };
            let span = tracing::info_span!("attempt", hop = %lease.line.site.hop);
            let (before, began) = (Standing::of(jobs), self.clock.monotonic());
            let run = lease.run(jobs, cancel, haste).instrument(span).await;
            self.learn(&lease, &run, [before, Standing::of(jobs)], began);
            if let Some(pause) = self.settle(lease, run, jobs, cancel.is_cancelled()).await {
                cancel.run_until_cancelled(self.clock.sleep(pause)).await;
            }
        }
    }

    /// Tells the width of the road what this run shows of it. A lost connection or a probe shows nothing.
    fn learn(&self, lease: &Lease<'_>, run: &Run, change: [Standing; 2], began: Duration) {
        let closing = matches!(run.trouble, Some(Trouble::Closing(_)));
        if lease.pass.is_probe() || (run.trouble.is_some() && !closing) {
            return;
        }
        let now = self.clock.monotonic();
        lease.line.site.seats.learn(&lease.seat, now, now.saturating_sub(began), change, closing);
    }

    /// An idle connection, or a new one: waits for its turn, and for the relay.
    async fn lease(&self) -> Lease<'_> {
        loop {
            let site = Arc::clone(&self.lock().site);
            if let Some(Some(lease)) = site.retired.run_until_cancelled(self.lease_at(&site)).await {
                return lease;
            }
        }
    }

    async fn lease_at(&self, site: &Arc<Site>) -> Option<Lease<'_>> {
        let seat = match site.seats.try_take() {
            Some(seat) => seat,
            None => self.wait_for_seat(site).await?,
        };
        let pass = loop {
            let returned = self.returned.notified();
            if let Some(line) = self.take_idle(site) {
                return Some(Lease { line, pass: Pass::FREE, seat });
            }
            tokio::select! {
                biased;
                () = returned => {}
                pass = self.breaker.admit() => break pass,
            }
        };
        // A handshake is large, and rare: it does not live in everybody's future.
        match Box::pin(connect::open(site, &self.clock)).await {
            Ok(connection) => {
                let pass = self.breaker.connected(pass);
                Some(Lease { line: Line::new(connection, Arc::clone(site), &self.seats), pass, seat })
            }
            Err(trouble) => {
                tracing::debug!(hop = %site.hop, %trouble, "no connection");
                self.breaker.failed(&pass, trouble.to_string());
                None
            }
        }
    }

    async fn wait_for_seat(&self, site: &Arc<Site>) -> Option<Seat> {
        let mut seat = pin!(site.seats.take());
        loop {
            tokio::select! {
                biased;
                seat = &mut seat => return seat,
                // While the relay is away, those who have a seat wait too.
                () = self.breaker.up_for(STALL) => site.seats.waited(self.clock.monotonic()),
            }
        }
    }

    fn take_idle(&self, site: &Arc<Site>) -> Option<Line> {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        let mut dead = Vec::new();
        let found = loop {
            let Some(at) = state.idle.iter().rposition(|one| Arc::ptr_eq(&one.line.site, site)) else {
                break None;
            };
            let mut one = state.idle.remove(at);
            if now.saturating_sub(one.since) < site.relay.timeouts.idle && one.line.connection.is_alive() {
                break Some(one.line);
            }
            dead.push(one);
        };
        drop(state);
        found
    }

    /// What a run means for the connection, the relay and the jobs; says how long the jobs should pause.
    async fn settle(
        &self,
        lease: Lease<'_>,
        run: Run,
        jobs: &mut [Job],
        cancelled: bool,
    ) -> Option<Duration> {
        let Lease { line, mut pass, seat } = lease;
        if run.completed > 0 {
            pass = self.breaker.completed(pass);
        }
        let Some(trouble) = run.trouble else {
            self.give_back(line).await;
            return None;
        };
        if cancelled {
            return None;
        }
        tracing::debug!(hop = %line.site.hop, %trouble, "connection lost");
        if trouble == Trouble::GaveWay {
            // It says something about what was asked of the relay, and too little about the relay.
            jobs.iter_mut().filter(|job| job.is_open()).for_each(|job| job.fail(Cause::GaveWay));
            return None;
        }
        if line.connection.served == 0 {
            self.breaker.dropped(&pass, trouble.to_string());
        }
        drop((line, pass, seat));
        let up = self.breaker.state().is_up();
        let mut most = 0;
        for job in jobs.iter_mut().filter(|job| job.is_open()) {
            match &trouble {
                Trouble::Closing(reply) if job.closings >= MOST_CLOSINGS => {
                    job.fail(Cause::Refused(reply.clone()));
                }
                _ if up && job.losses >= MOST_LOSSES => {
                    let text = format!("The connection was lost {} times in this transaction.", job.losses);
                    job.fail(Cause::Refused(Reply::new(451, (4, 4, 2), text)));
                }
                _ => most = most.max(job.losses),
            }
        }
        // While the relay is broken, the breaker sets the pace.
        (up && most >= AT_ONCE).then(|| Breaker::pause(most + 1 - AT_ONCE))
    }

    async fn give_back(&self, line: Line) {
        let most = line.site.relay.max_messages;
        let worn = most > 0 && line.connection.served >= most;
        let line = {
            let mut state = self.lock();
            if worn || state.down || !Arc::ptr_eq(&state.site, &line.site) {
                Some(line)
            } else {
                state.idle.push(Idle { line, since: self.clock.monotonic() });
                None
            }
        };
        match line {
            Some(line) => line.close().await,
            None => self.returned.notify_one(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and a list of connections cannot be half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    async fn run(&mut self, jobs: &mut [Job], cancel: &CancellationToken, haste: &Haste) -> Run {
        let quota = match self.line.site.relay.max_messages {
            // While the relay has to prove itself, one transaction at a time does.
            _ if self.pass.is_probe() => 1,
            0 => usize::MAX,
            most => most.saturating_sub(self.line.connection.served).max(1),
        };
        self.line.connection.run(jobs, quota, cancel, haste).await
    }
}

impl Line {
    fn new(connection: Connection, site: Arc<Site>, seats: &Arc<AtomicUsize>) -> Self {
        seats.fetch_add(1, Ordering::Relaxed);
        Self { connection, site, seats: Arc::clone(seats) }
    }

    async fn close(mut self) {
        self.connection.quit().await;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.seats.fetch_sub(1, Ordering::Relaxed);
    }
}
