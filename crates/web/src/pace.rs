use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Requests and connections a second, for long; people never come near it, and a crawler at it takes a few hundredths
/// of one processor.
const A_SECOND: u32 = 200;
/// So many at once before anybody waits.
const BURST: u32 = 200;

/// Gives turns: all at once while they are few, then one after the other (the leaky bucket, as a clock that runs ahead).
#[derive(Default)]
pub(crate) struct Pace(Mutex<Option<Instant>>);

impl Pace {
    /// How long to wait for the next turn.
    pub(crate) fn turn(&self) -> Duration {
        self.turn_at(Instant::now())
    }

    fn turn_at(&self, now: Instant) -> Duration {
        let each = Duration::from_secs(1) / A_SECOND;
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = next.filter(|due| *due > now).unwrap_or(now);
        let wait = due.saturating_duration_since(now).saturating_sub(each * BURST);
        // One that is sent away takes no turn.
        if wait <= Duration::from_secs(5) {
            *next = Some(due + each);
        }
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p20_a_flood_is_served_at_an_even_pace() {
        let pace = Pace::default();
        let begin = Instant::now();
        for _ in 0..=BURST {
            assert_eq!(pace.turn_at(begin), Duration::ZERO);
        }
        assert_eq!(pace.turn_at(begin), Duration::from_millis(5));
        assert_eq!(pace.turn_at(begin), Duration::from_millis(10));
        for _ in 0..100_000 {
            pace.turn_at(begin);
        }
        let longest = pace.turn_at(begin);
        assert!(longest > Duration::from_secs(5) && longest < Duration::from_millis(5_010), "{longest:?}");
        assert_eq!(pace.turn_at(begin + Duration::from_mins(1)), Duration::ZERO, "and it is forgotten");
    }
}
