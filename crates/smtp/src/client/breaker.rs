use std::sync::Arc;
use std::time::Duration;

use posthaste_model::{Clock, Timestamp};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

/// Between two attempts to connect to a broken relay, at least and at most (P15).
const LEAST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(30);
/// New connections in a row that die before a transaction ends, until the relay counts as broken.
const LOSSES: u32 = 3;

/// Decides who may open a connection. While the relay answers: everybody, at once. While it is broken: one at a
/// time, after 1, 2, 4 … 30 seconds; all others wait here, and go together when that one gets through.
pub(crate) struct Breaker {
    clock: Arc<dyn Clock>,
    state: watch::Sender<State>,
    /// Held by the one who waits for the next attempt, and by the one who makes it; first come, first served.
    lane: Semaphore,
}

/// Leave to open one connection; to be kept until it is clear what became of it.
pub(crate) struct Pass<'b> {
    probe: Option<SemaphorePermit<'b>>,
}

#[derive(Clone, Debug)]
pub(crate) struct State {
    broken: Option<Broken>,
    /// Attempts that failed since a transaction last ended well: the exponent of the next pause.
    level: u32,
    losses: u32,
    pub(crate) since: Timestamp,
    pub(crate) last_error: Option<String>,
}

#[derive(Clone, Debug)]
struct Broken {
    /// When the next attempt may begin, monotonic.
    next: Duration,
    /// When the last one began, monotonic.
    began: Duration,
    /// It takes connections and drops them: only a transaction proves that it works again.
    drops: bool,
}

impl Breaker {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State { broken: None, level: 0, losses: 0, since: clock.now(), last_error: None };
        Self { clock, state: watch::Sender::new(state), lane: Semaphore::new(1) }
    }

    /// Waits until a connection may be opened.
    pub(crate) async fn admit(&self) -> Pass<'_> {
        let mut state = self.state.subscribe();
        tokio::select! {
            biased;
            // The sender lives as long as `self`, so this never fails.
            _ = state.wait_for(State::is_up) => Pass::FREE,
            pass = self.probe() => pass,
        }
    }

    /// The settings have changed: the next attempt need not wait for its time.
    pub(crate) fn hurry(&self) {
        self.state.send_modify(|state| {
            if let Some(broken) = &mut state.broken {
                broken.next = self.clock.monotonic().max(broken.began + LEAST);
            }
        });
    }

    /// What the pool says about the relay.
    pub(crate) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// The connection stands. The pass stays an attempt only if that proves nothing yet.
    pub(crate) fn connected<'b>(&self, pass: Pass<'b>) -> Pass<'b> {
        self.state.send_if_modified(|state| {
            let mended = state.broken.as_ref().is_some_and(|broken| !broken.drops);
            if mended {
                state.mend(self.clock.now());
            }
            mended
        });
        if self.state.borrow().is_up() { Pass::FREE } else { pass }
    }

    /// Completes when the relay was there for so long without a break.
    pub(crate) async fn up_for(&self, time: Duration) {
        let mut state = self.state.subscribe();
        loop {
            if state.wait_for(State::is_up).await.is_err() {
                return;
            }
            let pause = self.clock.sleep(time);
            tokio::select! {
                () = pause => return,
                _ = state.wait_for(|state| !state.is_up()) => {}
            }
        }
    }

    /// The connection could not be made.
    pub(crate) fn failed(&self, pass: &Pass<'_>, why: String) {
        self.state.send_modify(|state| {
            state.last_error = Some(why);
            self.worsen(state, pass, false);
        });
    }

    /// A new connection died before a transaction ended.
    pub(crate) fn dropped(&self, pass: &Pass<'_>, why: String) {
        self.state.send_modify(|state| {
            state.last_error = Some(why);
            state.losses += 1;
            if state.losses >= LOSSES || pass.is_probe() {
                self.worsen(state, pass, true);
            }
        });
    }

    /// A transaction ended, however.
    pub(crate) fn completed<'b>(&self, pass: Pass<'b>) -> Pass<'b> {
        self.state.send_if_modified(|state| {
            let mended = state.broken.is_some() && pass.is_probe();
            if mended {
                state.mend(self.clock.now());
            }
            if state.is_up() {
                state.level = 0;
                state.losses = 0;
            }
            mended
        });
        if self.state.borrow().is_up() { Pass::FREE } else { pass }
    }

    /// A number between 1 and 30 seconds: doubles with `level`, and a fifth more or less, so that many who lost
    /// the same relay do not come back in step.
    pub(crate) fn pause(level: u32) -> Duration {
        let base = LEAST.saturating_mul(1 << level.clamp(1, 6).saturating_sub(1));
        base.min(MOST).mul_f64(rand::random_range(0.8..1.2)).clamp(LEAST, MOST)
    }

    async fn probe(&self) -> Pass<'_> {
        let Ok(lane) = self.lane.acquire().await else { return Pass::FREE };
        let mut state = self.state.subscribe();
        loop {
            let now = self.clock.monotonic();
            let next = state.borrow_and_update().broken.as_ref().map_or(now, |broken| broken.next);
            if next <= now {
                break;
            }
            tokio::select! {
                () = self.clock.sleep(next.saturating_sub(now)) => {}
                _ = state.changed() => {}
            }
        }
        // Should this attempt never be reported, the next one still keeps its distance.
        self.state.send_if_modified(|state| {
            if let Some(broken) = &mut state.broken {
                broken.began = self.clock.monotonic();
                broken.next = broken.began + LEAST;
            }
            false
        });
        Pass { probe: Some(lane) }
    }

    fn worsen(&self, state: &mut State, pass: &Pass<'_>, drops: bool) {
        let now = self.clock.monotonic();
        // Attempts that were begun before it broke tell nothing new.
        if !state.is_up() && !pass.is_probe() {
            return;
        }
        state.level += 1;
        if state.is_up() {
            state.since = self.clock.now();
            tracing::warn!(why = state.last_error, "the relay is broken: mail waits");
        }
        // The pause counts from the start of the attempt: one that took long was a pause in itself.
        let began = state.broken.as_ref().map_or(now, |broken| broken.began);
        let next = (began + Self::pause(state.level)).max(now);
        state.broken = Some(Broken { next, began, drops });
    }
}

impl State {
    /// Connections may be opened freely.
    pub(crate) fn is_up(&self) -> bool {
        self.broken.is_none()
    }

    fn mend(&mut self, now: Timestamp) {
        tracing::info!("the relay works again");
        self.broken = None;
        self.since = now;
        self.last_error = None;
    }
}

impl Pass<'_> {
    pub(crate) const FREE: Self = Self { probe: None };

    /// This is the one attempt at a broken relay.
    pub(crate) const fn is_probe(&self) -> bool {
        self.probe.is_some()
    }
}
