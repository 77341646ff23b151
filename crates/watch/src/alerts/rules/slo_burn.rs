//! Posts arrive, but too many of them late: 99.5 % should be handed over within a minute, over thirty days.
//!
//! Burn 1 uses up exactly what is allowed; each pair of windows, the long to be sure and the short to be current, has
//! its own bound. What was late while an incident was told does not count, members know of it.

use std::time::Duration;

use super::super::{Alert, Finding, Level};
use super::View;

/// The part of all posts that may be late.
const ALLOWED: f64 = 0.005;
/// Fewer late posts than this wake nobody, however few posts there were.
const LEAST: u64 = 10;
const HOUR: Duration = Duration::from_hours(1);
/// Burn, long window, short window, level.
const BOUNDS: [(f64, Duration, Duration, Level); 3] = [
    (14.4, HOUR, Duration::from_mins(5), Level::Critical),
    (6.0, Duration::from_hours(6), Duration::from_mins(30), Level::Degraded),
    (1.0, Duration::from_hours(72), Duration::from_hours(6), Level::Degraded),
];

pub(super) fn judge(view: &View<'_>) -> Vec<Finding> {
    let burn = &view.memory.burn;
    let rate = |(all, late): (u64, u64)| if all == 0 { 0.0 } else { late as f64 / all as f64 / ALLOWED };
    let broken = BOUNDS.iter().find(|(bound, long, short, _)| {
        burn.over(*long).1 >= LEAST && rate(burn.over(*long)) > *bound && rate(burn.over(*short)) > *bound
    });
    let Some((bound, long, _, level)) = broken else { return vec![] };
    let (all, late) = burn.over(*long);
    let text = format!(
        "{late} of {all} posts took more than a minute in the last {} h, {bound} times what is allowed or more",
        long.as_secs() / 3600
    );
    let finding = Finding::new(Alert::SloBurn, *level, view.vitals.at.minus(*long), text);
    vec![finding.after(Duration::from_mins(1))]
}

#[cfg(test)]
mod tests {
    use super::super::super::Moment;
    use super::super::tests::well;
    use super::super::{Memory, View};
    use super::*;

    /// What is said after `minutes` with a post a second of which every `nth` is late.
    fn after(minutes: u64, nth: u64) -> Option<Level> {
        let mut memory = Memory::default();
        let mut vitals = well();
        let start = vitals.at;
        for minute in 0..=minutes {
            vitals.counters.posts_done = minute * 60;
            vitals.counters.posts_done_in_time = minute * 60 - (minute * 60).checked_div(nth).unwrap_or(0);
            vitals.at = start.plus(Duration::from_mins(minute));
            memory.observe(&vitals, false, vitals.at);
        }
        let now = Moment { steady: vitals.at, wall: vitals.at };
        let view = View { vitals: &vitals, memory: &memory, paged: false, exit: None, paths: 1, now };
        judge(&view).first().map(|f| f.level)
    }

    #[test]
    fn burns() {
        assert_eq!(after(60, 1000), None, "a fifth of what is allowed");
        assert_eq!(after(70, 10), Some(Level::Critical), "twenty times");
        assert_eq!(after(400, 25), Some(Level::Degraded), "eight times");
        assert_eq!(after(4000, 100), Some(Level::Degraded), "twice, for days");
        assert_eq!(after(1, 10), None, "six late posts are too few to wake anybody");
    }
}
