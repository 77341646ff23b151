use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

/// So many wrong passwords a list hears in an hour; then it listens to none until the hour is over.
const MOST: u32 = 20;
const WINDOW: Duration = Duration::from_hours(1);

/// Wrong passwords of late, so that nobody finds a right one by trying, nor keeps the machine busy with checking.
#[derive(Debug, Default)]
pub(crate) struct Guesses(Mutex<HashMap<Uuid, (Duration, u32)>>);

impl Guesses {
    /// True if one more may be tried on this list. `now` is monotonic.
    pub(crate) fn may_try(&self, list: Uuid, now: Duration) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, (since, _)| now.saturating_sub(*since) < WINDOW);
        seen.get(&list).is_none_or(|(_, wrong)| *wrong < MOST)
    }

    /// One was wrong.
    pub(crate) fn wrong(&self, list: Uuid, now: Duration) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.entry(list).or_insert((now, 0)).1 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_an_hour_a_list() {
        let guesses = Guesses::default();
        let (list, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for _ in 0..MOST {
            assert!(guesses.may_try(list, Duration::ZERO));
            guesses.wrong(list, Duration::ZERO);
        }
        assert!(!guesses.may_try(list, WINDOW.saturating_sub(Duration::from_secs(1))));
        assert!(guesses.may_try(other, Duration::ZERO));
        assert!(guesses.may_try(list, WINDOW));
    }
}
