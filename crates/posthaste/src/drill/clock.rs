//! A clock that is turned by hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use posthaste_model::{Clock, Timestamp};
use tokio::sync::watch;

use crate::clock::SystemClock;

/// The system's time, further on by what it was turned; whoever sleeps wakes when it is turned past their hour. Its wall
/// time can also jump, which wakes nobody.
pub(super) struct DrillClock {
    system: SystemClock,
    start: Instant,
    turned: watch::Sender<Duration>,
    /// Microseconds the wall time is off.
    jumped: AtomicI64,
}

impl DrillClock {
    pub(super) fn new() -> Self {
        Self {
            system: SystemClock::new(),
            start: Instant::now(),
            turned: watch::Sender::new(Duration::ZERO),
            jumped: AtomicI64::new(0),
        }
    }

    /// Time passes at once.
    pub(super) fn turn(&self, by: Duration) {
        self.turned.send_modify(|turned| *turned += by);
    }

    /// The wall clock is set forward, or back.
    pub(super) fn jump(&self, seconds: i64) {
        self.jumped.fetch_add(seconds.saturating_mul(1_000_000), Ordering::Relaxed);
    }
}

impl Clock for DrillClock {
    fn now(&self) -> Timestamp {
        let off = self.jumped.load(Ordering::Relaxed);
        let turned = i64::try_from(self.turned.borrow().as_micros()).unwrap_or(i64::MAX);
        let now = self.system.now().as_micros();
        Timestamp::from_micros(now.saturating_add(off).saturating_add(turned))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed() + *self.turned.borrow()
    }

    fn sleep(&self, for_: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (end, start, mut turned) = (self.monotonic() + for_, self.start, self.turned.subscribe());
        Box::pin(async move {
            loop {
                let now = start.elapsed() + *turned.borrow_and_update();
                let Some(left) = end.checked_sub(now).filter(|left| !left.is_zero()) else { return };
                tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    changed = turned.changed() => if changed.is_err() {
                        // The clock is gone, and with it whoever could turn it.
                        tokio::time::sleep(left).await;
                        return;
                    }
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleepers_wake_when_time_is_turned_past_their_hour() {
        let clock = DrillClock::new();
        let mut sleeper = tokio::spawn(clock.sleep(Duration::from_hours(1)));
        let before = clock.now();
        clock.turn(Duration::from_mins(59));
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut sleeper).await.is_err());
        clock.turn(Duration::from_mins(1));
        tokio::time::timeout(Duration::from_secs(20), sleeper).await.unwrap().unwrap();
        assert!(clock.monotonic() >= Duration::from_hours(1));
        assert!(clock.now().since(before) >= Duration::from_hours(1));
    }

    #[tokio::test]
    async fn a_jump_of_the_wall_clock_wakes_nobody() {
        let clock = DrillClock::new();
        let (before, monotonic) = (clock.now(), clock.monotonic());
        clock.jump(86_400);
        assert!(clock.now().since(before) >= Duration::from_hours(24));
        assert!(clock.monotonic() < monotonic + Duration::from_hours(1));
        clock.jump(-2 * 86_400);
        assert!(clock.now() < before);
    }
}
