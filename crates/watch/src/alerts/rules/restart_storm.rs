//! A task dies again and again. It is started again for ever; somebody should find out why (P11).

use std::time::Duration;

use posthaste_model::Timestamp;

use super::super::{Alert, Finding, Level};
use super::View;

/// Deaths in five minutes.
const STORM: usize = 5;
/// The longest pause between two deaths of one storm: the supervisor's longest, and some.
const PAUSE: Duration = Duration::from_secs(40);
/// With [`PAUSE`]: a storm of less than a minute is over before it is told (P29).
const HOLD: Duration = Duration::from_secs(105);

pub(super) fn judge(view: &View<'_>) -> Vec<Finding> {
    let died = |name: &str| view.memory.restarts.get(name).map_or(Timestamp::default(), |(_, at)| *at);
    let storms = view
        .vitals
        .tasks
        .iter()
        .filter(|task| task.recent_restarts >= STORM && view.now.steady.since(died(&task.name)) <= PAUSE);
    storms
        .map(|task| {
            let why = task.last_error.as_deref().map(|e| format!(" (last: {e})")).unwrap_or_default();
            let text = format!(
                "task {} died {} times in 5 minutes{why}; it is still being started again",
                task.name, task.recent_restarts
            );
            Finding::new(Alert::RestartStorm, Level::Degraded, view.vitals.at, text)
                .about(task.name.clone())
                .after(HOLD)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::Moment;
    use super::super::tests::well;
    use super::super::{Memory, View};
    use super::*;
    use crate::TaskVitals;

    fn said(recent: usize, quiet: u64) -> usize {
        let mut vitals = well();
        let task = |restarts, recent_restarts| TaskVitals {
            name: "out".into(),
            restarts,
            recent_restarts,
            ..TaskVitals::default()
        };
        let mut memory = Memory::default();
        vitals.tasks = vec![task(0, 0)];
        memory.observe(&vitals, false, vitals.at);
        vitals.tasks = vec![task(recent as u64, recent)];
        memory.observe(&vitals, false, vitals.at);
        let steady = vitals.at.plus(Duration::from_secs(quiet));
        let now = Moment { steady, wall: steady };
        judge(&View { vitals: &vitals, memory: &memory, paged: false, exit: None, paths: 1, now }).len()
    }

    #[test]
    fn storms() {
        assert_eq!(said(4, 0), 0);
        assert_eq!(said(5, 0), 1);
        assert_eq!(said(5, 41), 0, "it has been alive since");
    }
}
