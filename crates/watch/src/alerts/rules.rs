//! The rules, one a file: from what is known at one moment to what is wrong. Adding one is a file and a line here.

mod alert_path_broken;
mod backlog_eta;
mod dependency_down;
mod disk_reserve;
mod ledger_drift;
mod mail_not_delivered;
mod monitoring_blind;
mod quarantine;
mod restart_storm;
mod slo_burn;
mod spool_unhealthy;

use std::time::Duration;

use posthaste_model::{Stage, Timestamp};

use super::{Finding, Memory, Moment};
use crate::{StageVitals, Vitals};

/// What a rule may look at.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The newest vitals.
    pub vitals: &'a Vitals,
    /// What was before.
    pub memory: &'a Memory,
    /// Somebody was paged because mail does not come, and it is not over.
    pub paged: bool,
    /// When a maintenance window ended whose exit check is still open, steady time.
    pub exit: Option<Timestamp>,
    /// How many ways there are to reach people.
    pub paths: usize,
    /// The time.
    pub now: Moment,
}

/// After a maintenance window mail has so long to flow again.
pub(super) const EXIT: Duration = Duration::from_mins(3);

type Rule = fn(&View<'_>) -> Vec<Finding>;

/// Rules that need fresh vitals.
const RULES: [Rule; 9] = [
    mail_not_delivered::judge,
    ledger_drift::judge,
    spool_unhealthy::judge,
    disk_reserve::judge,
    slo_burn::judge,
    dependency_down::judge,
    restart_storm::judge,
    quarantine::judge,
    backlog_eta::judge,
];

/// Rules about ourselves, which must speak when there are no vitals too.
const OWN: [Rule; 2] = [alert_path_broken::judge, monitoring_blind::judge];

/// Everything that is wrong. Without `fresh` vitals only what is wrong with our own sight and voice.
pub fn judge(view: &View<'_>, fresh: bool) -> Vec<Finding> {
    let rules = if fresh { RULES.as_slice() } else { &[] };
    rules.iter().chain(&OWN).flat_map(|rule| rule(view)).collect()
}

/// True while the canary sings: it is not missing, nothing keeps it from being sent, and the last one came back not long
/// ago. `None` if there is none.
pub(super) fn canary_is_green(vitals: &Vitals) -> Option<bool> {
    let canary = &vitals.canary;
    let fresh = Duration::from_secs(canary.interval_seconds.saturating_add(60));
    canary.enabled.then(|| {
        canary.missing == 0
            && canary.error.is_none()
            && canary.last_returned.is_some_and(|back| vitals.at.since(back) <= fresh)
    })
}

/// Mail flows: the canary is green if there is one, and nothing has waited for a minute.
pub(super) fn is_calm(vitals: &Vitals) -> bool {
    canary_is_green(vitals) != Some(false)
        && oldest(vitals).is_none_or(|(_, age)| age < Duration::from_mins(1))
}

/// The delivering stage whose oldest due post is oldest, and that age.
pub(super) fn oldest(vitals: &Vitals) -> Option<(&StageVitals, Duration)> {
    [Stage::Incoming, Stage::Out]
        .into_iter()
        .filter_map(|stage| vitals.stage(stage))
        .filter_map(|stage| Some((stage, Duration::from_secs(stage.oldest_due_seconds?))))
        .max_by_key(|(_, age)| *age)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{CanaryVitals, Dependency};

    /// A server on which all is well, at 2023-03-07T14:20:00Z.
    pub(crate) fn well() -> Vitals {
        let at = Timestamp::parse_rfc3339("2023-03-07T14:20:00Z").unwrap();
        let stages = Stage::ALL.map(|stage| StageVitals {
            stage,
            depth: 0,
            due: 0,
            leased: 0,
            paused: false,
            oldest_due_seconds: None,
            rate: 0.0,
            eta_seconds: None,
        });
        let up = |name: &str, address: &str| Dependency {
            name: name.into(),
            address: address.into(),
            up: true,
            since: at.minus(Duration::from_hours(24)),
            error: None,
            owner: None,
        };
        Vitals {
            at,
            hostname: "lists.example.org".into(),
            version: "0.1.0".into(),
            uptime_seconds: 86_400,
            lists: 40,
            scanned: true,
            stages: stages.into(),
            dependencies: vec![
                up("database", "mysql at m5.example.org:3306"),
                up("relay", "mx.example.org:25"),
            ],
            canary: CanaryVitals {
                enabled: true,
                interval_seconds: 30,
                last_returned: Some(at.minus(Duration::from_secs(10))),
                ..CanaryVitals::default()
            },
            ..Vitals::default()
        }
    }

    /// What the rules say of `vitals` with nothing remembered.
    pub(super) fn of(rule: Rule, vitals: &Vitals) -> Vec<Finding> {
        let memory = Memory::default();
        let now = Moment { steady: vitals.at, wall: vitals.at };
        rule(&View { vitals, memory: &memory, paged: false, exit: None, paths: 1, now })
    }

    #[test]
    fn a_well_server_is_silent() {
        for rule in RULES.iter().chain(&OWN) {
            assert_eq!(of(*rule, &well()), vec![]);
        }
    }
}
