//! What is wrong, and the one command that mends it. Pure: vitals in, findings out, the cause first.

use posthaste_model::Timestamp;
use serde::Serialize;

use crate::{Vitals, health};

/// Something that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// A word for programs: `database`, `paused` …
    pub kind: &'static str,
    /// What is the matter.
    pub cause: String,
    /// What members notice of it.
    pub notice: String,
    /// The one command to run, or the one thing to do.
    pub command: String,
    /// True if members do not get mail because of it, or mail is lost.
    pub grave: bool,
}

/// What a person is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Diagnosis {
    /// True if nothing is wrong.
    pub healthy: bool,
    /// What waits now, in words.
    pub waiting: String,
    /// Everything that is wrong, the most probable cause of all of it first.
    pub findings: Vec<Finding>,
}

/// How the server answered.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'v> {
    /// With its vitals.
    Vitals(&'v Vitals),
    /// No server runs on this state folder.
    NotRunning,
    /// It took the question and did not answer, and why we think so.
    Silent(&'v str),
}

/// One look at the vitals; what it finds stands in the order of [`LOOKS`], causes before what they cause.
type Look = fn(&Vitals, Timestamp, &mut Vec<Finding>);

const LOOKS: &[Look] = &[
    stale, disk, database, relay, dns, paused, resting, stuck, tasks, ledger, canary, quarantine, ways,
    refused, old, unscanned,
];

const DELAYED: &str = "list mail is accepted and delayed; it goes out by itself afterwards";
const NOTHING: &str = "nothing";

/// Finds out what is wrong.
pub fn diagnose(answer: Answer<'_>, now: Timestamp) -> Diagnosis {
    let vitals = match answer {
        Answer::Vitals(vitals) => vitals,
        Answer::NotRunning => {
            return alone(finding(
                "stopped",
                "no server is running on this state folder",
                "no list mail is taken or delivered; the mail server in front keeps it and tries again",
                "systemctl start posthaste",
                true,
            ));
        }
        Answer::Silent(why) => {
            return alone(finding(
                "silent",
                &format!("the server does not answer: {why}"),
                "probably no list mail is taken or delivered",
                "systemctl restart posthaste",
                true,
            ));
        }
    };
    let mut findings = Vec::new();
    for look in LOOKS {
        look(vitals, now, &mut findings);
    }
    // Among causes of one weight the order of the looks stands.
    findings.sort_by_key(|finding: &Finding| !finding.grave);
    let waiting = format!(
        "{} posts to {} lists ({} recipients) wait",
        vitals.waiting.posts, vitals.waiting.lists, vitals.waiting.recipients
    );
    Diagnosis { healthy: findings.is_empty(), waiting, findings }
}

fn alone(finding: Finding) -> Diagnosis {
    Diagnosis { healthy: false, waiting: "how much waits is not known".to_owned(), findings: vec![finding] }
}

fn finding(kind: &'static str, cause: &str, notice: &str, command: &str, grave: bool) -> Finding {
    Finding { kind, cause: cause.to_owned(), notice: notice.to_owned(), command: command.to_owned(), grave }
}

fn stale(vitals: &Vitals, now: Timestamp, found: &mut Vec<Finding>) {
    let age = now.since(vitals.at);
    if age > health::STALE {
        let cause = format!("the server's figures are {} s old: its watch does not turn", age.as_secs());
        found.push(finding("stale", &cause, "not known", "systemctl restart posthaste", true));
    }
}

fn disk(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    if let Some(trouble) = &vitals.disk.trouble {
        let notice = "new list mail is refused for now (452) and waits at the mail server in front; accepted mail goes out";
        found.push(finding("disk", trouble, notice, "df -h; df -i", true));
    } else if let Some(seconds) = vitals.disk.full_in_seconds.filter(|s| *s < 86_400) {
        let cause = format!("at this pace the spool's disk reaches its reserve in {} h", seconds / 3_600);
        found.push(finding("disk", &cause, NOTHING, "df -h", false));
    }
}

fn down(vitals: &Vitals, name: &'static str, notice: &str, found: &mut Vec<Finding>) {
    let Some(dependency) = vitals.dependency(name).filter(|d| !d.up) else { return };
    let error = dependency.error.as_deref().unwrap_or("no answer");
    let owner =
        dependency.owner.as_ref().map_or(String::new(), |owner| format!("; it is looked after by {owner}"));
    let cause = format!(
        "the {name} {} has been away since {} ({error}){owner}",
        dependency.address, dependency.since
    );
    found.push(finding(name, &cause, notice, "posthaste depends", true));
}

fn database(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    let notice = "new posts are accepted and wait; what was already planned is delivered; held mail and settings cannot be reached";
    down(vitals, "database", notice, found);
}

fn relay(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    if vitals.dependency("dns").is_none_or(|dns| dns.up) {
        down(vitals, "relay", DELAYED, found);
    }
}

fn dns(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    down(vitals, "dns", DELAYED, found);
}

fn paused(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    for stage in vitals.stages.iter().filter(|s| s.paused) {
        let cause = format!(
            "an administrator lets the stage {} rest; {} entries wait for it",
            stage.stage, stage.depth
        );
        let command = format!("posthaste queue resume {}", stage.stage);
        found.push(finding("paused", &cause, DELAYED, &command, stage.depth > 0));
    }
}

fn resting(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    for list in &vitals.resting_lists {
        let cause = format!("an administrator lets the list {list} rest");
        let command = format!("posthaste queue resume --list {list}");
        found.push(finding("resting", &cause, "mail of this list is accepted and waits", &command, false));
    }
    for domain in &vitals.resting_destinations {
        let cause = format!("an administrator lets the mail to {domain} rest");
        let command = format!("posthaste queue resume --destination {domain}");
        found.push(finding(
            "resting",
            &cause,
            "members there get no mail; it waits for them",
            &command,
            false,
        ));
    }
}

fn stuck(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    for task in vitals.tasks.iter().filter(|t| t.stuck_seconds >= 30) {
        let cause = format!(
            "a task {} has had work and made no progress for {} s; {} were replaced",
            task.name, task.stuck_seconds, task.replaced
        );
        found.push(finding("wedged", &cause, DELAYED, "systemctl restart posthaste", true));
    }
}

fn tasks(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    for task in &vitals.tasks {
        let why = task.last_error.as_deref().unwrap_or("the log says how");
        if task.running == 0 && task.wanted > 0 {
            let cause = format!("no task {} runs ({why}); it is started again for ever", task.name);
            found.push(finding("task", &cause, DELAYED, "journalctl -u posthaste -p err -n 50", true));
        } else if task.recent_restarts >= 5 {
            let cause = format!(
                "the task {} died {} times in 5 minutes ({why}), still retrying",
                task.name, task.recent_restarts
            );
            found.push(finding("task", &cause, NOTHING, "journalctl -u posthaste -p err -n 50", false));
        }
    }
}

fn ledger(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    if vitals.ledger.drift != 0 {
        let first = vitals.ledger.findings.first().map_or(String::new(), |f| format!(": {f}"));
        let cause = format!("the ledger is off by {}{first}", vitals.ledger.drift);
        found.push(finding("drift", &cause, "a post may be lost", "posthaste ledger --check", true));
    }
}

fn canary(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    let canary = &vitals.canary;
    if !canary.enabled {
        return;
    }
    if let Some(error) = &canary.error {
        let cause = format!("the canary cannot be sent: {error}");
        found.push(finding("canary", &cause, NOTHING, "posthaste canary", false));
    } else if canary.returned == 0 && canary.lost > 0 {
        let cause =
            "no canary has come back since the start: the mail server does not route its address back to us";
        found.push(finding("canary", cause, NOTHING, "posthaste canary", false));
    } else if canary.missing >= 2 {
        let cause = format!("{} canaries in a row did not come back", canary.missing);
        found.push(finding("canary", &cause, "list mail does not come through", "posthaste canary", true));
    }
}

fn quarantine(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    if vitals.quarantine.count > 0 {
        let cause = format!("{} entries are in quarantine and wait for a person", vitals.quarantine.count);
        let notice = "these posts are not delivered; all others are";
        found.push(finding("quarantine", &cause, notice, "posthaste queue ls", false));
    }
}

fn ways(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    let broken: Vec<_> = vitals.ways.iter().filter(|way| way.broken).collect();
    if broken.is_empty() {
        return;
    }
    let names = broken.iter().map(|way| format!("{} {}", way.way, way.contact).trim().to_owned());
    let all = if broken.len() == vitals.ways.len() { "; nobody would hear of trouble" } else { "" };
    let cause = format!("alerts do not get through by {}{all}", names.collect::<Vec<_>>().join(", "));
    found.push(finding("alert path", &cause, NOTHING, "posthaste alerts test", false));
}

fn refused(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    if let Some(error) = &vitals.config_error {
        let cause = format!("the last reload was refused, the old configuration is in force: {error}");
        found.push(finding("config", &cause, NOTHING, "posthaste config check", false));
    }
}

impl Diagnosis {
    /// Adds that the file says something else than what is in force: keys that a reload takes over, and keys that need a
    /// restart.
    pub fn add_drift(&mut self, reload: &[String], restart: &[String]) {
        let mut add = |keys: &[String], how: &str, command: &str| {
            if keys.is_empty() {
                return;
            }
            let cause =
                format!("the file says something else than what is in force: {} ({how})", keys.join(", "));
            self.findings.push(finding("drift of configuration", &cause, NOTHING, command, false));
        };
        add(reload, "a reload takes it over", "systemctl reload posthaste");
        add(restart, "it needs a restart", "systemctl restart posthaste");
        self.healthy = self.findings.is_empty();
    }
}

/// Late mail that nothing above explains.
fn old(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    use posthaste_model::Stage::{Incoming, Out};
    if found.iter().any(|f| f.grave) {
        return;
    }
    for figures in [Incoming, Out].into_iter().filter_map(|stage| vitals.stage(stage)) {
        let Some(age) = figures.oldest_due_seconds.filter(|age| *age > 300) else { continue };
        let stage = figures.stage;
        let cause = match figures.eta_seconds {
            Some(eta) => format!(
                "there is much mail: the oldest at {stage} has been due for {age} s, all is gone in {eta} s"
            ),
            None => format!(
                "the oldest at {stage} has been due for {age} s and nothing moves, for no reason we know"
            ),
        };
        let moves = figures.eta_seconds.is_some();
        let command = if moves { "posthaste status" } else { "systemctl restart posthaste" };
        found.push(finding("late", &cause, DELAYED, command, !moves));
    }
}

fn unscanned(vitals: &Vitals, _: Timestamp, found: &mut Vec<Finding>) {
    if !vitals.scanned && vitals.uptime_seconds > 60 {
        let cause = "the spool is still being read after the start";
        found.push(finding("starting", cause, DELAYED, "posthaste status", false));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use posthaste_model::Stage;

    use super::*;
    use crate::{Dependency, StageVitals, TaskVitals};

    fn vitals() -> Vitals {
        let at = Timestamp::from_micros(1_000_000_000_000);
        let stage = |stage| StageVitals {
            stage,
            depth: 0,
            due: 0,
            leased: 0,
            paused: false,
            oldest_due_seconds: None,
            rate: 0.0,
            eta_seconds: None,
        };
        let dependency = |name: &str| Dependency {
            name: name.into(),
            address: format!("{name}.example"),
            up: true,
            since: at,
            error: None,
            owner: Some("the owners".into()),
        };
        Vitals {
            at,
            scanned: true,
            stages: Stage::ALL.into_iter().map(stage).collect(),
            dependencies: ["database", "relay", "dns"].map(dependency).into(),
            tasks: vec![TaskVitals { name: "out".into(), wanted: 2, running: 2, ..TaskVitals::default() }],
            ..Vitals::default()
        }
    }

    #[test]
    fn each_trouble_has_its_cause_and_one_command() {
        type Change = fn(&mut Vitals);
        let cases: &[(&str, &str, bool, Change)] = &[
            ("database", "posthaste depends", true, |v| v.dependencies[0].up = false),
            ("relay", "posthaste depends", true, |v| v.dependencies[1].up = false),
            ("dns", "posthaste depends", true, |v| {
                (v.dependencies[1].up, v.dependencies[2].up) = (false, false);
            }),
            ("paused", "posthaste queue resume out", true, |v| {
                (v.stages[3].paused, v.stages[3].depth) = (true, 4);
            }),
            ("resting", "posthaste queue resume --list a.x", false, |v| v.resting_lists = vec!["a.x".into()]),
            ("resting", "posthaste queue resume --destination far.example", false, |v| {
                v.resting_destinations = vec!["far.example".into()];
            }),
            ("alert path", "posthaste alerts test", false, |v| {
                v.ways = vec![crate::WayVitals {
                    contact: "Anne".into(),
                    way: "mail".into(),
                    broken: true,
                    proved: None,
                }];
            }),
            ("quarantine", "posthaste queue ls", false, |v| v.quarantine.count = 1),
            ("wedged", "systemctl restart posthaste", true, |v| v.tasks[0].stuck_seconds = 31),
            ("task", "journalctl -u posthaste -p err -n 50", true, |v| v.tasks[0].running = 0),
            ("disk", "df -h; df -i", true, |v| v.disk.trouble = Some("full".into())),
            ("drift", "posthaste ledger --check", true, |v| v.ledger.drift = 1),
            ("config", "posthaste config check", false, |v| v.config_error = Some("line 3".into())),
            ("canary", "posthaste canary", false, |v| (v.canary.enabled, v.canary.lost) = (true, 1)),
            ("canary", "posthaste canary", true, |v| {
                (v.canary.enabled, v.canary.returned, v.canary.missing) = (true, 9, 2);
            }),
            ("late", "systemctl restart posthaste", true, |v| v.stages[0].oldest_due_seconds = Some(301)),
            ("starting", "posthaste status", false, |v| (v.scanned, v.uptime_seconds) = (false, 61)),
            ("stale", "systemctl restart posthaste", true, |v| v.at = Timestamp::default()),
        ];
        let now = vitals().at;
        for (kind, command, grave, change) in cases {
            let mut vitals = vitals();
            change(&mut vitals);
            let diagnosis = diagnose(Answer::Vitals(&vitals), now);
            let first = diagnosis.findings.first().unwrap();
            assert_eq!(
                (first.kind, first.command.as_str(), first.grave),
                (*kind, *command, *grave),
                "{first:?}"
            );
            assert!(!diagnosis.healthy);
        }
        assert!(diagnose(Answer::Vitals(&vitals()), now).healthy);
    }

    #[test]
    fn the_cause_stands_before_what_it_causes() {
        let mut vitals = vitals();
        vitals.dependencies[0].up = false;
        vitals.quarantine.count = 3;
        vitals.stages[0].oldest_due_seconds = Some(4_000);
        let diagnosis = diagnose(Answer::Vitals(&vitals), vitals.at);
        let kinds: Vec<_> = diagnosis.findings.iter().map(|f| f.kind).collect();
        assert_eq!(kinds, ["database", "quarantine"]);
        assert!(diagnosis.findings[0].cause.contains("looked after by the owners"));
    }

    #[test]
    fn a_file_that_says_something_else_is_told_key_by_key() {
        let vitals = vitals();
        let mut diagnosis = diagnose(Answer::Vitals(&vitals), vitals.at);
        diagnosis.add_drift(&[], &[]);
        assert!(diagnosis.healthy);
        diagnosis.add_drift(&["relay.host".into(), "log.level".into()], &["lmtp.listen".into()]);
        assert!(!diagnosis.healthy);
        let told: Vec<_> =
            diagnosis.findings.iter().map(|f| (f.cause.as_str(), f.command.as_str())).collect();
        assert_eq!(
            told,
            [
                (
                    "the file says something else than what is in force: relay.host, log.level (a reload takes it over)",
                    "systemctl reload posthaste"
                ),
                (
                    "the file says something else than what is in force: lmtp.listen (it needs a restart)",
                    "systemctl restart posthaste"
                ),
            ]
        );
    }

    #[test]
    fn a_server_that_is_not_there_or_says_nothing_is_a_finding() {
        let now = Timestamp::default().plus(Duration::from_secs(1));
        assert_eq!(diagnose(Answer::NotRunning, now).findings[0].command, "systemctl start posthaste");
        assert_eq!(
            diagnose(Answer::Silent("timeout"), now).findings[0].command,
            "systemctl restart posthaste"
        );
    }
}
