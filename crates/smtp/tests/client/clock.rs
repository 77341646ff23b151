use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use posthaste_model::{Clock, Timestamp};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// The system's time.
pub(crate) struct Real(Instant);

impl Default for Real {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Real {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000)
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, for_: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(for_))
    }
}

/// Time that the test turns by hand.
pub(crate) struct Manual {
    now: watch::Sender<Duration>,
    sleepers: Arc<Mutex<Vec<Duration>>>,
}

/// Takes itself out of the list when the sleep is over or dropped.
struct Sleeper(Duration, Arc<Mutex<Vec<Duration>>>);

impl Drop for Sleeper {
    fn drop(&mut self) {
        let mut sleepers = self.1.lock().unwrap();
        let at = sleepers.iter().position(|due| *due == self.0).unwrap();
        sleepers.remove(at);
    }
}

impl Manual {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { now: watch::Sender::new(Duration::from_secs(1000)), sleepers: Arc::default() })
    }

    pub(crate) fn set(&self, to: Duration) {
        self.now.send_replace(to);
    }

    /// Turns itself to whatever sleeps for no more than the longest pause of the breaker.
    pub(crate) fn run_ahead(self: &Arc<Self>) -> AbortOnDropHandle<()> {
        let clock = Arc::clone(self);
        AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                if let Some(&due) = clock.due_within(Duration::from_secs(31)).first() {
                    clock.set(due);
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }))
    }

    /// How many sleep.
    pub(crate) fn sleepers(&self) -> usize {
        self.sleepers.lock().unwrap().len()
    }

    /// When the sleepers wake that wake within `window`, soonest first.
    pub(crate) fn due_within(&self, window: Duration) -> Vec<Duration> {
        let now = self.monotonic();
        let mut due: Vec<Duration> = self.sleepers.lock().unwrap().clone();
        due.retain(|due| *due > now && *due <= now + window);
        due.sort();
        due
    }
}

impl Clock for Manual {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(0).plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        *self.now.borrow()
    }

    fn sleep(&self, for_: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut now = self.now.subscribe();
        let due = *now.borrow() + for_;
        let sleepers = Arc::clone(&self.sleepers);
        Box::pin(async move {
            sleepers.lock().unwrap().push(due);
            let _sleeper = Sleeper(due, sleepers);
            let _ = now.wait_for(|now| *now >= due).await;
        })
    }
}
