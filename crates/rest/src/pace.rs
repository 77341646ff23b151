//! How much one caller may ask, and how often somebody may guess.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use posthaste_model::Clock;

/// So many wrong passwords in a row from one place before it has to wait.
const GUESSES: u32 = 20;
/// How long such a place waits for the next guess, and is remembered.
const WAIT: Duration = Duration::from_secs(30);
/// So many callers and places are remembered; beyond it those that rest are forgotten.
const REMEMBERED: usize = 10_000;

/// The paces of everybody.
pub(crate) struct Paces {
    clock: Arc<dyn Clock>,
    callers: Mutex<HashMap<String, Duration>>,
    guesses: Mutex<HashMap<String, (u32, Duration)>>,
}

impl Paces {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, callers: Mutex::default(), guesses: Mutex::default() }
    }

    /// Takes a turn of this caller's `rate` a second, of which a second's worth may come at once; seconds to wait if there is
    /// none.
    pub(crate) fn turn(&self, caller: &str, rate: u32) -> Option<u64> {
        if rate == 0 {
            return None;
        }
        let (now, each) = (self.clock.monotonic(), Duration::from_secs(1) / rate);
        let mut callers = lock(&self.callers);
        if callers.len() > REMEMBERED {
            callers.retain(|_, due| *due > now);
        }
        let due = callers.get(caller).copied().filter(|due| *due > now).unwrap_or(now);
        let ahead = due.saturating_sub(now);
        if ahead > Duration::from_secs(1) {
            return Some(ahead.saturating_sub(Duration::from_secs(1)).as_secs().max(1));
        }
        callers.insert(caller.to_owned(), due + each);
        None
    }

    /// Seconds that this place has to wait before it may guess again, if it has to.
    pub(crate) fn guessing(&self, place: &str) -> Option<u64> {
        let now = self.clock.monotonic();
        let guesses = lock(&self.guesses);
        let (count, until) = guesses.get(place)?;
        (*count >= GUESSES && *until > now).then(|| until.saturating_sub(now).as_secs().max(1))
    }

    /// This place guessed wrong.
    pub(crate) fn guessed(&self, place: &str) {
        let now = self.clock.monotonic();
        let mut guesses = lock(&self.guesses);
        if guesses.len() > REMEMBERED {
            guesses.retain(|_, (_, until)| *until > now);
        }
        let entry = guesses.entry(place.to_owned()).or_insert((0, now));
        if entry.1 < now {
            entry.0 = 0;
        }
        *entry = (entry.0.saturating_add(1), now + WAIT);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Numbers only: half a change does no harm.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::atomic::{AtomicU64, Ordering};

    use posthaste_model::Timestamp;

    use super::*;

    #[derive(Default)]
    struct Turned(AtomicU64);

    impl Clock for Turned {
        fn now(&self) -> Timestamp {
            Timestamp::default()
        }
        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::Relaxed))
        }
        fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(std::future::ready(()))
        }
    }

    #[test]
    fn a_flood_is_told_when_to_come_back() {
        let clock = Arc::new(Turned::default());
        let paces = Paces::new(clock.clone());
        assert!((0..11).all(|_| paces.turn("a", 10).is_none()));
        assert_eq!(paces.turn("a", 10), Some(1));
        assert_eq!(paces.turn("b", 10), None, "each has its own");
        assert!((0..1_000).all(|_| paces.turn("a", 0).is_none()));
        clock.0.store(200, Ordering::Relaxed);
        assert_eq!(paces.turn("a", 10), None);
    }

    #[test]
    fn guessing_is_slow() {
        let clock = Arc::new(Turned::default());
        let paces = Paces::new(clock.clone());
        for _ in 0..GUESSES {
            assert_eq!(paces.guessing("x"), None);
            paces.guessed("x");
        }
        assert_eq!(paces.guessing("x"), Some(30));
        assert_eq!(paces.guessing("y"), None);
        clock.0.store(30_001, Ordering::Relaxed);
        assert_eq!(paces.guessing("x"), None);
        paces.guessed("x");
        assert_eq!(paces.guessing("x"), None, "and it is forgotten");
    }
}
