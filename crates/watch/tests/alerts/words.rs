//! P31: every message can be read by a stranger. `POSTHASTE_UPDATE_GOLDEN=1` writes the files anew; read them then.

use std::path::Path;
use std::time::Duration;

use posthaste_model::{Stage, Timestamp};
use posthaste_watch::TaskVitals;
use posthaste_watch::alerts::{Facts, Kind, Level, Message, Moment, Rung, Words};

use crate::support::{World, well};

const LINK: &str = "https://lists.example.org/a/mfzwizlboruhk5btmfzgg2lfmvzhs4dn";

fn golden(name: &str, message: &Message) {
    let text = format!("{}\n----\n{}", message.line(Some(LINK)), message.text(Some(LINK), true));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.txt"));
    if std::env::var_os("POSTHASTE_UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), text, "{name}");
}

/// What every page must say (P31).
fn assert_plain(message: &Message) {
    let labels: Vec<_> = message.rows.iter().map(|(label, _)| label.as_str()).collect();
    for wanted in ["Members notice", "Since", "Waiting", "Lost", "Suspect", "Look", "Owner"] {
        assert!(labels.contains(&wanted), "{wanted} is missing in {labels:?}");
    }
    let line = message.line(Some(LINK));
    assert!(line.contains("0 lost") || line.contains("NOT accounted for"), "{line}");
    for wanted in [" since ", " waiting, ", "Suspect: ", "Look: posthaste ", "Owner: ", LINK] {
        assert!(line.contains(wanted), "{wanted:?} is missing in {line}");
    }
}

fn sent(world: &World, kind: Kind) -> Message {
    world.notices.iter().rev().find(|(_, n)| n.message.kind == kind).unwrap().1.message.clone()
}

/// The night of incident.md: the sender is wedged and no restart helps.
#[test]
fn p31_a_wedged_sender() {
    let mut world = World::new();
    world.now = Timestamp::parse_rfc3339("2023-03-07T14:35:30Z").unwrap();
    world.vitals.tasks = vec![TaskVitals {
        name: "out".into(),
        wanted: 20,
        running: 20,
        replaced: 3,
        stuck_seconds: 95,
        ..TaskVitals::default()
    }];
    world.vitals.canary.last_returned = Some(world.now);
    world.faults.wedged = true;
    world.run(200);
    let page = sent(&world, Kind::Page);
    assert_plain(&page);
    golden("page", &page);
    world.run(12 * 60);
    golden("second", &sent(&world, Kind::Escalation(Rung::Second)));
    world.run(3600);
    golden("public", &sent(&world, Kind::Escalation(Rung::Public)));
    let id = world.state.open[0].id;
    let policy = world.policy.clone();
    let actions = world.state.ack(id, "Anne", "restarting it by hand", &policy, world.moment()).unwrap();
    world.take(actions);
    golden("acked", &sent(&world, Kind::Acked));
    world.run(4 * 3600);
    golden("ack-expired", &sent(&world, Kind::AckExpired));
    world.faults.wedged = false;
    world.run(120);
    golden("closed", &sent(&world, Kind::Closed));
}

#[test]
fn p31_a_database_that_is_away() {
    let mut world = World::new();
    world.vitals.dependencies[0].owner = Some("dba@example.org".into());
    world.faults.database = true;
    world.run(125);
    let notice = sent(&world, Kind::Notice);
    assert_plain(&notice);
    golden("database", &notice);
    world.run(240);
    let page = sent(&world, Kind::Page);
    assert_plain(&page);
    golden("database-page", &page);
}

#[test]
fn p31_every_other_alert() {
    type Fault = fn(&mut posthaste_watch::Vitals);
    let cases: [(&str, Fault); 7] = [
        ("relay", |v| {
            (v.dependencies[1].up, v.dependencies[1].since) = (false, v.at);
            v.dependencies[1].error = Some("connection refused".into());
        }),
        ("ledger", |v| (v.ledger.drift, v.ledger.drifting_checks) = (2, 2)),
        ("spool", |v| v.disk.trouble = Some("12 MiB free, less than the reserve of 256 MiB".into())),
        ("disk", |v| v.disk.full_in_seconds = Some(5 * 3600)),
        ("quarantine", |v| (v.quarantine.count, v.quarantine.oldest_seconds) = (3, Some(900))),
        ("backlog", |v| {
            let out = &mut v.stages[Stage::Out.index()];
            (out.depth, out.eta_seconds) = (4000, Some(18_000));
        }),
        ("blind", |v| v.canary.error = Some("our LMTP door does not answer".into())),
    ];
    for (name, fault) in cases {
        let mut world = World::new();
        fault(&mut world.vitals);
        world.run(700);
        let message = world.notices.last().map(|(_, n)| n.message.clone());
        let message = message.unwrap_or_else(|| unreachable!("{name} was not told"));
        assert_plain(&message);
        golden(name, &message);
    }
}

#[test]
fn p31_a_test_says_that_it_is_one() {
    let world = World::new();
    let facts = Facts::of(&well());
    let now = Moment { steady: world.now, wall: world.now.plus(Duration::from_secs(1)) };
    let words = Words { facts: &facts, policy: &world.policy, window: None, now };
    let message = words.test("Anne");
    assert_eq!(message.level, Level::Degraded);
    golden("test", &message);
}
