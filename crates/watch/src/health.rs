//! Three questions that a load balancer, an orchestrator or a person asks by HTTP.

use std::time::Duration;

use posthaste_model::{Stage, Timestamp};
use serde::Serialize;

use crate::Vitals;

/// Vitals older than this say nothing about now.
pub const STALE: Duration = Duration::from_secs(10);
/// A delivering stage whose oldest due entry is older does not deliver (the alert `MailNotDelivered`).
const TOO_OLD_SECONDS: u64 = 300;

/// What to answer: with 200 if `well`, else with 503.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Health {
    /// `ok`, `degraded` (works, somebody should look) or `failing`.
    pub status: &'static str,
    /// False if the answer should be 503.
    #[serde(skip)]
    pub well: bool,
    /// Why, in sentences; empty if all is well.
    pub reasons: Vec<String>,
    /// When the figures were taken.
    pub at: Timestamp,
}

/// `/livez`: does the process turn? Only that: a restart would mend nothing else.
pub fn live(vitals: &Vitals, now: Timestamp) -> Health {
    judged(vitals, stale(vitals, now).into_iter().collect(), vec![])
}

/// `/readyz`: is mail accepted?
pub fn ready(vitals: &Vitals, now: Timestamp) -> Health {
    let failing = stale(vitals, now).into_iter().chain(vitals.disk.trouble.clone());
    judged(vitals, failing.collect(), vec![])
}

/// `/health`: everything that is wrong. Failing if mail is not accepted or not delivered.
pub fn report(vitals: &Vitals, now: Timestamp) -> Health {
    let mut failing: Vec<String> =
        stale(vitals, now).into_iter().chain(vitals.disk.trouble.clone()).collect();
    let mut degraded = Vec::new();
    for stage in [Stage::Incoming, Stage::Out] {
        let Some(figures) = vitals.stage(stage) else { continue };
        if let Some(age) = figures.oldest_due_seconds.filter(|age| *age > TOO_OLD_SECONDS) {
            let told = format!("{stage}: the oldest of {} entries has been due for {age} s", figures.depth);
            failing.push(told);
        }
    }
    if vitals.canary.enabled && vitals.canary.missing >= 2 {
        failing.push(format!("{} canaries in a row did not come back", vitals.canary.missing));
    }
    if vitals.ledger.drift != 0 && vitals.ledger.drifting_checks >= 2 {
        failing.push(format!("the ledger is off by {}: posthaste ledger", vitals.ledger.drift));
    }
    for down in vitals.dependencies.iter().filter(|d| !d.up) {
        let error = down.error.as_deref().unwrap_or("no answer");
        degraded.push(format!("{} ({}) is down since {}: {error}", down.name, down.address, down.since));
    }
    for stage in vitals.stages.iter().filter(|s| s.paused) {
        degraded.push(format!("{} rests: posthaste queue resume {}", stage.stage, stage.stage));
    }
    if vitals.quarantine.count > 0 {
        degraded.push(format!("{} entries in quarantine: posthaste queue ls", vitals.quarantine.count));
    }
    for task in &vitals.tasks {
        if task.running < task.wanted {
            degraded.push(format!("task {}: {} of {} run", task.name, task.running, task.wanted));
        }
        if task.stuck_seconds >= 30 {
            degraded
                .push(format!("task {} has been without progress for {} s", task.name, task.stuck_seconds));
        }
    }
    if let Some(error) = &vitals.config_error {
        degraded.push(format!("the last reload was refused, the old configuration is in force: {error}"));
    }
    judged(vitals, failing, degraded)
}

fn stale(vitals: &Vitals, now: Timestamp) -> Option<String> {
    let age = now.since(vitals.at);
    (age > STALE).then(|| format!("the figures are {} s old: the watch does not turn", age.as_secs()))
}

fn judged(vitals: &Vitals, failing: Vec<String>, degraded: Vec<String>) -> Health {
    let status = match (failing.is_empty(), degraded.is_empty()) {
        (true, true) => "ok",
        (true, false) => "degraded",
        (false, _) => "failing",
    };
    let well = failing.is_empty();
    Health { status, well, reasons: failing.into_iter().chain(degraded).collect(), at: vitals.at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dependency, StageVitals};

    fn vitals() -> Vitals {
        Vitals { at: Timestamp::from_micros(1_000_000_000), ..Vitals::default() }
    }

    #[test]
    fn old_figures_are_never_well() {
        let vitals = vitals();
        let later = vitals.at.plus(STALE + Duration::from_secs(1));
        for judge in [live, ready, report] {
            assert!(judge(&vitals, vitals.at).well);
            let health = judge(&vitals, later);
            assert!(!health.well && health.reasons[0].contains("11 s old"), "{health:?}");
        }
    }

    #[test]
    fn a_full_disk_is_live_and_not_ready() {
        let mut vitals = vitals();
        vitals.disk.trouble = Some("full".into());
        assert!(live(&vitals, vitals.at).well);
        assert!(!ready(&vitals, vitals.at).well);
        assert_eq!(report(&vitals, vitals.at).reasons, ["full"]);
    }

    #[test]
    fn a_dependency_degrades_and_old_mail_fails() {
        let mut vitals = vitals();
        let error = Some("refused".into());
        let (name, address) = ("database".into(), "db:5432".into());
        vitals.dependencies =
            vec![Dependency { name, address, up: false, since: vitals.at, error, owner: None }];
        let health = report(&vitals, vitals.at);
        assert_eq!((health.status, health.well), ("degraded", true));
        vitals.stages = vec![StageVitals {
            stage: Stage::Out,
            depth: 9,
            due: 9,
            leased: 0,
            paused: true,
            oldest_due_seconds: Some(301),
            rate: 0.0,
            eta_seconds: None,
        }];
        let health = report(&vitals, vitals.at);
        assert_eq!((health.status, health.reasons.len()), ("failing", 3));
    }
}
