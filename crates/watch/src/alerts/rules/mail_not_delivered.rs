//! The symptom: members are not getting mail. The one rule that most sites need.
//!
//! The canary is late twice, or a post is due for more than five minutes. While a dependency is known to be away the
//! canary alone does not begin to page: that outage is told as such, and pages when posts wait for more than five minutes.

use std::time::Duration;

use super::super::message::span;
use super::super::{Alert, Finding, Level};
use super::{EXIT, View, canary_is_green, is_calm, oldest};

/// A post due for longer is not being delivered.
const TOO_OLD: Duration = Duration::from_mins(5);
/// No maintenance window hides more than this (P30).
const ARMED: Duration = Duration::from_mins(30);
/// Canaries missing one after the other.
const TWICE: u32 = 2;
/// It must be so for this long: a backlog whose oldest post leaves just now is being delivered.
const HOLD: Duration = Duration::from_secs(15);

pub(super) fn judge(view: &View<'_>) -> Vec<Finding> {
    let vitals = view.vitals;
    let mut reasons = Vec::new();
    let (mut age, mut failed) = (Duration::ZERO, false);
    if let Some((stage, old)) = oldest(vitals)
        && old > TOO_OLD
    {
        let rest = if stage.paused { ", which an administrator lets rest" } else { "" };
        reasons.push(format!("a post has been due at stage {} for {}{rest}", stage.stage, span(old)));
        age = old;
    }
    let canary = &vitals.canary;
    if canary.enabled && canary.missing >= TWICE && (view.paged || !view.memory.explained(view.now.steady)) {
        let away = Duration::from_secs(canary.oldest_seconds.unwrap_or(60));
        let away = canary.last_returned.map_or(away, |back| vitals.at.since(back).max(away));
        reasons.push(format!("the canary has not come back {} times", canary.missing));
        age = age.max(away);
    }
    if let Some(ended) = view.exit
        && view.now.steady.since(ended) > EXIT
        && !(canary_is_green(vitals) == Some(true) || (!canary.enabled && is_calm(vitals)))
    {
        failed = true;
        reasons.push("the check at the end of the maintenance window failed".to_owned());
        age = age.max(view.now.steady.since(ended));
    }
    if reasons.is_empty() {
        return vec![];
    }
    let suspect = suspects(view);
    let text = if suspect.is_empty() {
        reasons.join("; ")
    } else {
        format!("{} ({})", suspect.join("; "), reasons.join("; "))
    };
    let finding = Finding::new(Alert::MailNotDelivered, Level::Critical, vitals.at.minus(age), text);
    vec![finding.after(HOLD).armed(age > ARMED || failed)]
}

/// What may be the cause, the likeliest first.
fn suspects(view: &View<'_>) -> Vec<String> {
    let vitals = view.vitals;
    let away = vitals.dependencies.iter().filter(|d| !d.up).map(|d| {
        let said = d.error.as_deref().map(|e| format!(": {e}")).unwrap_or_default();
        format!("{} ({}) does not answer{said}", d.name, d.address)
    });
    let disk = vitals.disk.trouble.iter().map(|why| format!("the spool takes no mail: {why}"));
    let stuck = vitals.tasks.iter().filter(|t| t.stuck_seconds >= 30 || t.recent_restarts >= 3).map(|t| {
        let died = if t.recent_restarts > 0 {
            format!(", {} restarts in 5 min", t.recent_restarts)
        } else {
            String::new()
        };
        let why = t.last_error.as_deref().map(|e| format!(", last: {e}")).unwrap_or_default();
        format!(
            "task {} without progress for {} s{died}, {} replaced{why}",
            t.name, t.stuck_seconds, t.replaced
        )
    });
    away.chain(disk).chain(stuck).collect()
}

#[cfg(test)]
mod tests {
    use posthaste_model::Stage;

    use super::super::tests::{of, well};
    use super::super::{Memory, View};
    use super::*;
    use crate::Vitals;
    use crate::alerts::Moment;

    fn aged(stage: Stage, seconds: u64) -> Vitals {
        let mut vitals = well();
        vitals.stages[stage.index()].oldest_due_seconds = Some(seconds);
        vitals
    }

    fn canary(missing: u32) -> Vitals {
        let mut vitals = well();
        vitals.canary.missing = missing;
        vitals
    }

    #[test]
    fn ages_and_canaries() {
        for (vitals, pages) in [
            (aged(Stage::Out, 300), false),
            (aged(Stage::Out, 301), true),
            (aged(Stage::Incoming, 301), true),
            (aged(Stage::Bounce, 10_000), false),
            (canary(1), false),
            (canary(2), true),
        ] {
            assert_eq!(!of(judge, &vitals).is_empty(), pages, "{:?} {:?}", vitals.stages, vitals.canary);
        }
    }

    #[test]
    fn a_canary_that_is_not_configured_is_not_missing() {
        let mut vitals = canary(9);
        vitals.canary.enabled = false;
        assert!(of(judge, &vitals).is_empty());
    }

    #[test]
    fn while_a_dependency_is_away_only_waiting_posts_page() {
        let mut vitals = canary(5);
        vitals.dependencies[0].up = false;
        let now = Moment { steady: vitals.at, wall: vitals.at };
        let memory =
            Memory { dependency_down: Some(vitals.at.minus(Duration::from_secs(20))), ..Memory::default() };
        let view = View { vitals: &vitals, memory: &memory, paged: false, exit: None, paths: 1, now };
        assert!(judge(&view).is_empty());
        let mut vitals = aged(Stage::Incoming, 400);
        vitals.dependencies[0].up = false;
        let said = judge(&View { vitals: &vitals, ..view });
        assert!(said[0].text.contains("database (mysql at m5.example.org:3306) does not answer"), "{said:?}");
    }

    #[test]
    fn a_window_hides_half_an_hour_and_no_more() {
        assert!(!of(judge, &aged(Stage::Out, 1800))[0].armed);
        assert!(of(judge, &aged(Stage::Out, 1801))[0].armed);
    }
}
