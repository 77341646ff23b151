//! A way to reach people does not work: found by the weekly self-test, or when something had to be told.

use std::time::Duration;

use super::super::{Alert, Finding, Level};
use super::View;

/// Tries go on for this long before it is called broken.
const HOLD: Duration = Duration::from_mins(5);

pub(super) fn judge(view: &View<'_>) -> Vec<Finding> {
    let broken: Vec<_> = view.memory.paths.iter().filter(|(_, p)| p.broken.is_some()).collect();
    // The heartbeat tells nobody anything by itself.
    let all = broken.iter().filter(|(path, _)| *path != "heartbeat").count() >= view.paths;
    let level = if all { Level::Critical } else { Level::Degraded };
    broken
        .into_iter()
        .map(|(path, health)| {
            let since = health.broken.map_or(view.now.wall, |t| view.now.wall_of(t));
            let why = health.error.as_deref().map(|e| format!(": {e}")).unwrap_or_default();
            Finding::new(Alert::AlertPathBroken, level, since, format!("{path} does not get through{why}"))
                .about(path.clone())
                .look("posthaste alerts test")
                .after(HOLD)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::{Moment, PathHealth};
    use super::super::tests::well;
    use super::super::{Memory, View};
    use super::*;

    #[test]
    fn one_of_two_and_both() {
        let vitals = well();
        let now = Moment { steady: vitals.at, wall: vitals.at };
        let mut memory = Memory::default();
        let bad =
            PathHealth { broken: Some(vitals.at), error: Some("refused".into()), ..PathHealth::default() };
        memory.paths.insert("mail to a@example.org".into(), bad.clone());
        memory.paths.insert("webhook of b".into(), PathHealth::default());
        let say = |memory: &Memory| {
            judge(&View { vitals: &vitals, memory, paged: false, exit: None, paths: 2, now })
        };
        let said = say(&memory);
        assert_eq!(said[0].text, "mail to a@example.org does not get through: refused");
        assert_eq!(said[0].level, Level::Degraded);
        memory.paths.insert("webhook of b".into(), bad);
        assert!(say(&memory).iter().all(|f| f.level == Level::Critical));
    }
}
