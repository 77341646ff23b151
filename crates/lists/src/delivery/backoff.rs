//! When a recipient that said "not now" is tried again, and when it never will be.

use std::time::Duration;

use posthaste_model::Timestamp;

/// A recipient is given up this long after the post was planned (RFC 5321 §4.5.4.1 asks for 4 to 5 days) …
pub const GIVE_UP_AFTER: Duration = Duration::from_hours(5 * 24);
/// … and only after this many rounds, so that a clock that jumps ahead expires nothing (P19).
const LEAST_ROUNDS: u32 = 24;
/// The first wait.
const FIRST: Duration = Duration::from_mins(5);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(4_000);
/// The wait when nobody said "not now", but the connection broke before the answer came.
const AFTER_BREAK: Duration = Duration::from_secs(15);

/// How many rounds an entry has had, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Rounds that ended with somebody deferred.
    pub rounds: u32,
    /// When the post was planned.
    pub planned: Timestamp,
}

impl Backoff {
    /// When the next round begins; `jitter` from 0 to 1 spreads entries that failed together over ±10 %.
    pub fn next(&self, now: Timestamp, jitter: f64, broken_only: bool) -> Timestamp {
        let wait = if broken_only && self.rounds < 3 {
            AFTER_BREAK
        } else {
            let grown = FIRST.as_secs_f64() * 1.7_f64.powi(i32::try_from(self.rounds.min(16)).unwrap_or(16));
            Duration::from_secs_f64(grown.min(LONGEST.as_secs_f64()))
        };
        now.plus(wait.mul_f64(0.9 + 0.2 * jitter.clamp(0.0, 1.0)))
    }

    /// True if whoever still says "not now" is given up.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.rounds + 1 >= LEAST_ROUNDS && now.since(self.planned) >= GIVE_UP_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff(rounds: u32) -> Backoff {
        Backoff { rounds, planned: Timestamp::from_micros(0) }
    }

    #[test]
    fn waits_grow_from_five_minutes_to_4000_seconds() {
        let now = Timestamp::from_micros(0);
        let waits: Vec<u64> = (0..8).map(|r| backoff(r).next(now, 0.5, false).since(now).as_secs()).collect();
        assert_eq!(waits, [300, 510, 867, 1473, 2505, 4000, 4000, 4000]);
        assert_eq!(backoff(0).next(now, 0.0, false).since(now).as_secs(), 270);
        assert_eq!(backoff(0).next(now, 1.0, false).since(now).as_secs(), 330);
        assert_eq!(backoff(0).next(now, 0.5, true).since(now).as_secs(), 15);
    }

    #[test]
    fn p19_a_jump_of_ten_years_expires_nothing() {
        let years = Timestamp::from_micros(0).plus(Duration::from_hours(24 * 3650));
        assert!(!backoff(0).is_over(years));
        assert!(!backoff(10).is_over(years));
    }

    #[test]
    fn five_days_of_trying_are_enough() {
        let mut now = Timestamp::from_micros(0);
        let mut rounds = 0;
        while !backoff(rounds).is_over(now) {
            now = backoff(rounds).next(now, 0.5, false);
            rounds += 1;
        }
        assert!(now.since(Timestamp::from_micros(0)) < GIVE_UP_AFTER + LONGEST * 2);
    }
}
