use posthaste_model::Stage;

use super::*;
use crate::{Dependency, DiskVitals, StageVitals, TaskVitals};

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
        since: at.minus(Duration::from_mins(1)),
        error: None,
        owner: None,
    };
    Vitals {
        at,
        uptime_seconds: 60,
        stages: Stage::ALL.into_iter().map(stage).collect(),
        dependencies: vec![dependency("database"), dependency("relay")],
        tasks: vec![TaskVitals { name: "out".into(), wanted: 20, running: 20, ..TaskVitals::default() }],
        disk: DiskVitals {
            free_bytes: 50 << 30,
            total_bytes: 100 << 30,
            reserve_bytes: 4 << 30,
            ..DiskVitals::default()
        },
        ..Vitals::default()
    }
}

fn state(what: What, change: impl FnOnce(&mut Vitals)) -> (State, String) {
    let mut vitals = vitals();
    let now = vitals.at;
    change(&mut vitals);
    let verdict = check(what, &vitals, now, Limits::default());
    (verdict.state, verdict.line(what.name()))
}

#[test]
fn a_healthy_server_is_well() {
    for (name, what) in What::EACH {
        let (state, line) = state(what, |_| ());
        let wanted = if what == What::Canary { State::Unknown } else { State::Ok };
        assert_eq!(state, wanted, "{line}");
        assert!(line.starts_with(&format!("POSTHASTE {} ", name.to_uppercase())), "{line}");
    }
}

#[test]
fn table() {
    type Change = fn(&mut Vitals);
    let cases: &[(What, State, &str, Change)] = &[
        (What::Runners, State::Warning, "19 of 20 out run", |v| v.tasks[0].running = 19),
        (What::Runners, State::Critical, "no out runs", |v| v.tasks[0].running = 0),
        (What::Runners, State::Critical, "without progress for 60 s", |v| v.tasks[0].stuck_seconds = 60),
        (What::Runners, State::Warning, "still retrying", |v| v.tasks[0].recent_restarts = 5),
        (What::Runners, State::Unknown, "names no tasks", |v| v.tasks.clear()),
        (What::Queues, State::Warning, "out rests", |v| v.stages[3].paused = true),
        (What::Queues, State::Critical, "20000 entries", |v| v.stages[0].depth = 20_000),
        (What::Queues, State::Warning, "1 entries in quarantine", |v| v.quarantine.count = 1),
        (What::Oldest, State::Warning, "at out for 120 s", |v| v.stages[3].oldest_due_seconds = Some(120)),
        (What::Oldest, State::Critical, "for 300 s", |v| v.stages[0].oldest_due_seconds = Some(300)),
        // What waits for a runner that comes later is not undelivered mail.
        (What::Oldest, State::Ok, "nothing waits", |v| v.stages[2].oldest_due_seconds = Some(9_999)),
        (What::Drain, State::Warning, "in 1800 s", |v| v.stages[3].eta_seconds = Some(1_800)),
        (What::Drain, State::Critical, "none moves", |v| {
            (v.stages[3].due, v.stages[3].oldest_due_seconds) = (5, Some(120));
        }),
        (What::Canary, State::Critical, "2 canaries", |v| {
            (v.canary.enabled, v.canary.missing) = (true, 2);
        }),
        (What::Canary, State::Unknown, "no canary has come back", |v| {
            (v.canary.enabled, v.uptime_seconds) = (true, 300);
        }),
        (What::Canary, State::Ok, "after 40 ms", |v| {
            (v.canary.enabled, v.canary.latency_ms) = (true, Some(40));
        }),
        (What::Database, State::Warning, "away for 60 s", |v| v.dependencies[0].up = false),
        (What::Relay, State::Critical, "away for 300 s: refused", |v| {
            let relay = &mut v.dependencies[1];
            (relay.up, relay.error) = (false, Some("refused".into()));
            relay.since = v.at.minus(Duration::from_mins(5));
        }),
        (What::Relay, State::Unknown, "says nothing", |v| v.dependencies.truncate(1)),
        (What::Disk, State::Warning, "free", |v| v.disk.free_bytes = 8 << 30),
        (What::Disk, State::Critical, "not accepted: full", |v| v.disk.trouble = Some("full".into())),
        (What::Disk, State::Warning, "in 2 h", |v| v.disk.full_in_seconds = Some(7_500)),
        (What::Disk, State::Unknown, "could not ask", |v| v.disk.total_bytes = 0),
        (What::Ledger, State::Warning, "off by 1", |v| {
            (v.ledger.checked, v.ledger.drift, v.ledger.drifting_checks) = (Some(v.at), 1, 1);
        }),
        (What::Ledger, State::Critical, "off by -3", |v| {
            (v.ledger.checked, v.ledger.drift, v.ledger.drifting_checks) = (Some(v.at), -3, 2);
        }),
        (What::Ledger, State::Unknown, "not each minute", |v| v.ledger.checked = Some(Timestamp::default())),
        (What::All, State::Critical, "relay CRITICAL: relay.example has been away", |v| {
            v.dependencies[1].up = false;
            v.dependencies[1].since = Timestamp::default();
        }),
    ];
    for (what, wanted, words, change) in cases {
        let (found, line) = state(*what, *change);
        assert_eq!(found, *wanted, "{line}");
        assert!(line.contains(words), "{words:?} is not in {line}");
        assert_eq!(line.lines().count(), 1);
    }
}

#[test]
fn p28_old_or_incomplete_figures_are_unknown_for_every_check() {
    for (_, what) in What::EACH {
        for at in [Timestamp::default(), Timestamp::from_micros(9_000_000_000_000)] {
            assert_eq!(state(what, |v| v.at = at).0, State::Unknown);
        }
        assert_eq!(state(what, |v| v.stages.clear()).0, State::Unknown);
    }
}

#[test]
fn limits_are_the_administrators() {
    let mut vitals = vitals();
    vitals.stages[3].oldest_due_seconds = Some(50);
    let limits = Limits { warning: Some(10.0), critical: Some(50.0) };
    let verdict = check(What::Oldest, &vitals, vitals.at, limits);
    assert_eq!(verdict.state, State::Critical);
    assert_eq!(verdict.perf[0].to_string(), "'oldest'=50s;10;50;0;");
}

#[test]
fn text_never_breaks_the_line() {
    let line = Verdict::unknown("a|b\nc").line("all");
    assert_eq!(line, "POSTHASTE ALL UNKNOWN - a b c");
}
