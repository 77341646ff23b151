//! What is remembered of a kept task.

use std::time::Duration;

use super::Times;
use crate::TaskVitals;

/// Deaths within this time are recent.
const RECENT: Duration = Duration::from_mins(5);
/// A task that hung so often, each time soon after its start, will not come right by being started again.
pub(super) const TOO_OFTEN: u32 = 3;
/// Soon.
const SOON: Duration = Duration::from_mins(1);
/// So long may a task that cannot be ended go on.
pub(super) const TOO_LONG: Duration = Duration::from_mins(1);

/// One kept task.
#[derive(Debug, Default)]
pub(super) struct Kept {
    running: bool,
    restarts: u64,
    /// When it died last, monotonic, as far as that is recent.
    deaths: Times,
    replaced: u64,
    pub(super) hung_in_a_row: u32,
    pub(super) stuck: Duration,
    /// When the runs of it that could not be ended were given up.
    pub(super) left_behind: Times,
    last_error: Option<(Duration, String)>,
}

impl Kept {
    pub(super) fn start(&mut self) {
        self.running = true;
        self.stuck = Duration::ZERO;
    }

    pub(super) fn stop(&mut self) {
        self.running = false;
        self.stuck = Duration::ZERO;
    }

    pub(super) fn died(&mut self, now: Duration, why: String) {
        self.stop();
        self.restarts += 1;
        self.hung_in_a_row = 0;
        self.deaths.push_back(now);
        self.forget(now);
        self.last_error = Some((now, why));
    }

    pub(super) fn hung(&mut self, now: Duration, ran: Duration, what: &str) {
        self.stop();
        self.replaced += 1;
        self.hung_in_a_row = if ran < SOON { self.hung_in_a_row + 1 } else { 1 };
        self.last_error = Some((now, format!("hung: no progress at {what}")));
    }

    /// How long the oldest run that could not be ended has gone on since.
    pub(super) fn left_behind_for(&self, now: Duration) -> Duration {
        self.left_behind.front().map_or(Duration::ZERO, |since| now.saturating_sub(*since))
    }

    pub(super) fn add_to(&mut self, vitals: &mut TaskVitals, now: Duration) {
        self.forget(now);
        vitals.wanted += 1;
        vitals.running += usize::from(self.running);
        vitals.restarts += self.restarts;
        vitals.recent_restarts += self.deaths.len();
        vitals.replaced += self.replaced;
        vitals.stuck_seconds = vitals.stuck_seconds.max(self.stuck.as_secs());
        if let Some((_, why)) = &self.last_error {
            vitals.last_error = Some(why.clone());
        }
    }

    fn forget(&mut self, now: Duration) {
        while self.deaths.front().is_some_and(|at| now.saturating_sub(*at) > RECENT) {
            self.deaths.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn p11_five_deaths_in_five_minutes_are_counted_and_forgotten() {
        let mut kept = Kept::default();
        for i in 0..5 {
            kept.died(at(i * 60), "x".into());
        }
        let vitals = |kept: &mut Kept, now| {
            let mut vitals = TaskVitals::default();
            kept.add_to(&mut vitals, now);
            (vitals.restarts, vitals.recent_restarts)
        };
        assert_eq!(vitals(&mut kept, at(240)), (5, 5));
        assert_eq!(vitals(&mut kept, at(301)), (5, 4));
        assert_eq!(vitals(&mut kept, at(1_000)), (5, 0));
    }

    #[test]
    fn p13_hangs_in_a_row_are_those_soon_after_the_start() {
        let mut kept = Kept::default();
        kept.hung(at(100), at(100), "x");
        kept.hung(at(130), at(27), "x");
        kept.hung(at(160), at(27), "x");
        assert_eq!(kept.hung_in_a_row, TOO_OFTEN);
        kept.hung(at(900), at(700), "x");
        assert_eq!(kept.hung_in_a_row, 1);
    }
}
