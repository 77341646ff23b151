//! Looks at every room once a second.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthaste_lists::{Directory, Events, Gate};
use posthaste_model::{Clock, Timestamp};
use posthaste_smtp::client::Pool;
use posthaste_spool::Spool;
use tokio_util::sync::CancellationToken;

use crate::collect::Memory;
use crate::ledger::Ledger;
use crate::samples::MinuteFile;
use crate::{CanaryVitals, Sample, Samples, TaskVitals, Vitals, WayVitals};

/// How often the vitals are taken.
const EVERY: Duration = Duration::from_secs(1);
/// How often one of them is kept for long.
const MINUTE: Duration = Duration::from_mins(1);

/// What is looked at. Every look is cheap and does no I/O.
pub struct Rooms {
    /// The queue.
    pub spool: Arc<Spool>,
    /// The way to the relay.
    pub pool: Arc<Pool>,
    /// The database, as the runners know it.
    pub gate: Arc<Gate>,
    /// The lists.
    pub directory: Arc<Directory>,
    /// What was counted.
    pub events: Arc<Events>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What the configuration in force says; asked each time, since a reload may change it.
    pub settings: Box<dyn Fn() -> Settings + Send + Sync>,
}

/// What the configuration says of things that vitals name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// The name this host gives itself.
    pub hostname: String,
    /// Where the configuration was read from.
    pub config_file: String,
    /// Why the last reload was refused, if it was.
    pub config_error: Option<String>,
    /// What we need of others.
    pub dependencies: Vec<Needed>,
}

/// Something we need of others, as configured.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Needed {
    /// `database`, `relay` or `dns`.
    pub name: String,
    /// Where it is, for people.
    pub address: String,
    /// Who looks after it, if that is configured.
    pub owner: Option<String>,
}

type Source<T> = Mutex<Option<Box<dyn Fn() -> T + Send + Sync>>>;

/// Takes [`Vitals`] and keeps what is asked for later.
pub struct Watch {
    pub(crate) rooms: Rooms,
    began: Duration,
    latest: tokio::sync::watch::Sender<Arc<Vitals>>,
    samples: Mutex<Samples>,
    minutes: Arc<MinuteFile>,
    pub(crate) memory: Mutex<Memory>,
    pub(crate) ledger: Ledger,
    tasks: Source<Vec<TaskVitals>>,
    canary: Source<CanaryVitals>,
    ways: Source<Vec<WayVitals>>,
}

impl Watch {
    /// A watch over `rooms` that keeps its minutes below `state`. Takes the vitals once, so that there are some.
    pub fn new(rooms: Rooms, state: &Path) -> Arc<Self> {
        let minutes = Arc::new(MinuteFile::new(state.join("minutes.jsonl")));
        let samples = Samples { minutes: minutes.read(), ..Samples::default() };
        let began = rooms.clock.monotonic();
        let ledger = Ledger::open(state.join("ledger.json"), rooms.clock.now());
        let watch = Arc::new(Self {
            rooms,
            began,
            latest: tokio::sync::watch::Sender::default(),
            samples: Mutex::new(samples),
            minutes,
            memory: Mutex::default(),
            ledger,
            tasks: Mutex::default(),
            canary: Mutex::default(),
            ways: Mutex::default(),
        });
        watch.look();
        watch
    }

    /// Takes the vitals each second until `stop`. Each goes to those who [`subscribe`](Self::subscribe).
    pub async fn run(&self, stop: &CancellationToken) {
        let mut kept = self.rooms.clock.monotonic();
        while stop.run_until_cancelled(self.rooms.clock.sleep(EVERY)).await.is_some() {
            let sample = self.look();
            let now = self.rooms.clock.monotonic();
            if now.saturating_sub(kept) >= MINUTE {
                kept = now;
                self.keep(sample).await;
            }
        }
    }

    /// The last vitals.
    pub fn latest(&self) -> Arc<Vitals> {
        self.latest.borrow().clone()
    }

    /// The vitals of this moment; not kept.
    pub fn now(&self) -> Vitals {
        self.collect()
    }

    /// Tells of each new vitals.
    pub fn subscribe(&self) -> tokio::sync::watch::Receiver<Arc<Vitals>> {
        self.latest.subscribe()
    }

    /// What was kept.
    pub fn samples(&self) -> Samples {
        lock(&self.samples).clone()
    }

    /// Where the figures of the supervised tasks come from. Asked each second; must be quick.
    pub fn tasks_from(&self, source: impl Fn() -> Vec<TaskVitals> + Send + Sync + 'static) {
        *lock(&self.tasks) = Some(Box::new(source));
    }

    /// Where the figures of the canary come from. Asked each second; must be quick.
    pub fn canary_from(&self, source: impl Fn() -> CanaryVitals + Send + Sync + 'static) {
        *lock(&self.canary) = Some(Box::new(source));
    }

    /// Where the figures of the ways of alerts come from. Asked each second; must be quick.
    pub fn ways_from(&self, source: impl Fn() -> Vec<WayVitals> + Send + Sync + 'static) {
        *lock(&self.ways) = Some(Box::new(source));
    }

    pub(crate) fn ways(&self) -> Vec<WayVitals> {
        lock(&self.ways).as_ref().map(|source| source()).unwrap_or_default()
    }

    pub(crate) fn tasks(&self) -> Vec<TaskVitals> {
        lock(&self.tasks).as_ref().map(|source| source()).unwrap_or_default()
    }

    pub(crate) fn canary(&self) -> CanaryVitals {
        lock(&self.canary).as_ref().map(|source| source()).unwrap_or_default()
    }

    /// The oldest of the last so many minutes, and how many minutes ago it was.
    pub(crate) fn minutes_back(&self, most: usize) -> Option<(Arc<Sample>, usize)> {
        let samples = lock(&self.samples);
        let back = most.min(samples.minutes.len());
        let at = samples.minutes.len().checked_sub(back).filter(|_| back > 0)?;
        Some((samples.minutes.get(at)?.clone(), back))
    }

    /// Since the start.
    pub(crate) fn uptime(&self) -> Duration {
        self.rooms.clock.monotonic().saturating_sub(self.began)
    }

    /// When this began, wall time of now.
    pub(crate) fn started(&self) -> Timestamp {
        self.rooms.clock.now().minus(self.uptime())
    }

    fn look(&self) -> Arc<Sample> {
        let vitals = Arc::new(self.collect());
        let sample = Arc::new(Sample::of(&vitals));
        lock(&self.samples).second(sample.clone());
        self.latest.send_replace(vitals);
        sample
    }

    async fn keep(&self, sample: Arc<Sample>) {
        lock(&self.samples).minute(sample.clone());
        let minutes = self.minutes.clone();
        let written = tokio::task::spawn_blocking(move || minutes.add(&sample)).await;
        if let Ok(Err(error)) = written {
            tracing::debug!(%error, "cannot keep the figures of this minute for the next start");
        }
    }
}

pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is kept here is replaced whole, never half.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
