//! The promises about who is told, with time turned by hand.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod order;
mod support;
mod words;

use std::time::Duration;

use posthaste_watch::alerts::{AlertState, Happening, Kind, Rung, Window};
use support::World;

/// P27: members stop receiving mail, and a person knows within five minutes; here within three.
#[test]
fn p27_a_wedged_runner_pages_within_three_minutes() {
    let mut world = World::new();
    world.run(120);
    world.faults.wedged = true;
    world.run(180);
    assert_eq!(world.pages(), 1);
    let (_, page) = &world.notices[0];
    assert_eq!((page.message.kind, page.step), (Kind::Page, Some(1)));
    assert_eq!(world.state.overall(world.now), AlertState::Critical);
}

/// P27 without a canary: the age of what waits pages, at five minutes.
#[test]
fn p27_without_a_canary_the_age_of_posts_pages() {
    let mut world = World::new();
    world.vitals.canary.enabled = false;
    world.faults.wedged = true;
    world.run(300);
    assert_eq!(world.pages(), 0);
    world.run(30);
    assert_eq!(world.pages(), 1);
}

/// P28: no data becomes UNKNOWN within two minutes and a page within five.
#[test]
fn p28_no_data_is_bad_data() {
    let mut world = World::new();
    world.run(60);
    world.faults.blind = true;
    world.run(121);
    assert_eq!(world.state.overall(world.now), AlertState::Unknown);
    assert_eq!(world.pages(), 0);
    world.run(180);
    assert_eq!(world.pages(), 1);
    let said = &world.notices.last().unwrap().1.message;
    assert!(said.subject.contains("nobody knows whether list mail is delivered"), "{}", said.subject);
    world.faults.blind = false;
    world.run(70);
    assert_eq!(world.state.overall(world.now), AlertState::Ok);
}

/// P28: going blind does not end what was seen before.
#[test]
fn p28_what_was_wrong_stays_wrong_while_nothing_is_known() {
    let mut world = World::new();
    world.faults.wedged = true;
    world.run(300);
    world.faults.blind = true;
    world.run(1200);
    let open: Vec<_> = world.state.open.iter().map(|i| i.state(world.now)).collect();
    assert_eq!(open, [AlertState::Critical, AlertState::Critical]);
    assert!(!world.events.iter().any(|e| e.what == Happening::Closed));
}

/// P29: seven days, five hundred faults of less than a minute: nobody hears anything.
#[test]
fn p29_five_hundred_short_faults_in_a_week_tell_nobody() {
    let mut world = World::new();
    let mut healed = 0;
    for n in 0..500_u64 {
        // 7 d / 500 = 1209.6 s each.
        let length = 5 + (n * 7) % 55;
        match n % 3 {
            0 => world.faults.database = true,
            1 => world.faults.wedged = true,
            _ => world.faults.blind = true,
        }
        world.run(length);
        world.faults = support::Faults::default();
        world.run(90);
        for _ in 0..(1210 - length - 90) / 20 {
            world.tick(Duration::from_secs(20));
        }
        healed += 1;
    }
    assert_eq!(healed, 500);
    assert_eq!(world.told(), []);
    assert_eq!(world.state.overall(world.now), AlertState::Ok);
}

/// P29: one incident is one page, whatever sees it, and however long the program is away in between.
#[test]
fn p29_one_incident_is_one_page_over_restarts() {
    let mut world = World::new();
    world.faults.wedged = true;
    for _ in 0..50 {
        world.run(30);
        world.restart();
    }
    assert_eq!(world.pages(), 1);
    assert_eq!(world.state.open.len(), 1);
}

/// A database that is away for exactly five minutes: one notice, one closing line, no page.
#[test]
fn p29_five_minutes_without_the_database_are_one_notice_and_one_closing_line() {
    for length in [290, 295, 300, 303] {
        let mut world = World::new();
        world.run(600);
        world.faults.database = true;
        world.run(length);
        world.faults.database = false;
        world.run(3600);
        let kinds: Vec<_> = world.notices.iter().map(|(_, n)| n.message.kind).collect();
        assert_eq!(kinds, [Kind::Notice, Kind::Closed], "{length}");
        let (notice, closed) = (&world.notices[0].1, &world.notices[1].1);
        assert_eq!(notice.step, Some(0), "the channel only");
        assert!(
            notice
                .message
                .subject
                .starts_with("DEGRADED lists.example.org: list mail is delayed, the database")
        );
        assert!(closed.message.tail.contains("0 lost"), "{}", closed.message.tail);
    }
}

/// The same outage of twenty minutes pages once, when posts have waited for five.
#[test]
fn p27_a_long_outage_of_the_database_pages_when_mail_waits_for_five_minutes() {
    let mut world = World::new();
    world.faults.database = true;
    world.run(1200);
    world.faults.database = false;
    world.run(600);
    let told = world.told();
    assert_eq!(told[0], (2, Kind::Notice));
    assert_eq!(told[1], (5, Kind::Page));
    assert_eq!(told.last().unwrap().1, Kind::Closed);
    assert_eq!(world.pages(), 1);
}

/// It comes and goes all day: two incidents, then one that stays open until it is quiet.
#[test]
fn p29_what_comes_and_goes_is_one_unstable_incident() {
    let mut world = World::new();
    for _ in 0..30 {
        world.faults.wedged = true;
        world.run(240);
        world.faults.wedged = false;
        world.run(240);
    }
    assert_eq!(world.state.overall(world.now), AlertState::Unstable);
    assert!(world.pages() <= 2, "{:?}", world.told());
    assert_eq!(world.told().iter().filter(|(_, kind)| *kind == Kind::Unstable).count(), 1);
    world.run(29 * 60 - 240);
    assert_eq!(world.state.overall(world.now), AlertState::Unstable);
    world.run(120);
    assert_eq!(world.state.overall(world.now), AlertState::Ok);
    assert_eq!(world.notices.last().unwrap().1.message.kind, Kind::Closed);
}

/// P30: nobody answers.
#[test]
fn p30_the_ladder_when_nobody_answers() {
    let mut world = World::new();
    world.vitals.dependencies[1].owner = Some("mail-team@example.org".into());
    world.faults.wedged = true;
    world.run(200);
    world.vitals.dependencies[1].up = false;
    let paged = world.notices[0].0;
    world.run(4 * 3600);
    let climbed: Vec<_> = world
        .notices
        .iter()
        .filter(|(_, n)| n.step.is_some())
        .map(|(at, n)| (at.since(paged).as_secs() / 60, n.message.kind, n.step.unwrap()))
        .collect();
    assert_eq!(
        climbed,
        [
            (0, Kind::Page, 1),
            (10, Kind::Escalation(Rung::Second), 2),
            (30, Kind::Escalation(Rung::Everyone), 3),
            (60, Kind::Escalation(Rung::Public), 3),
            (120, Kind::Escalation(Rung::Again), 3),
            (180, Kind::Escalation(Rung::Again), 3),
            (240, Kind::Escalation(Rung::Again), 3),
        ]
    );
    let everyone =
        world.notices.iter().find(|(_, n)| n.message.kind == Kind::Escalation(Rung::Everyone)).unwrap();
    assert_eq!(everyone.1.owners, ["mail-team@example.org"]);
    assert!(world.state.open[0].public);
}

/// P30: an ack is good for four hours, and then the ladder begins again.
#[test]
fn p30_an_ack_ends_the_ladder_for_four_hours() {
    let mut world = World::new();
    world.faults.wedged = true;
    world.run(300);
    let id = world.state.open[0].id;
    let actions = world.state.ack(id, "Anne", "on it", &world.policy, world.moment()).unwrap();
    world.take(actions);
    assert_eq!(world.state.overall(world.now), AlertState::Acked);
    let before = world.notices.len();
    world.run(4 * 3600 - 5);
    assert_eq!(world.notices.len(), before, "{:?}", world.told());
    world.run(10);
    assert_eq!(world.notices.last().unwrap().1.message.kind, Kind::AckExpired);
    assert_eq!(world.notices.last().unwrap().1.step, Some(1));
    assert_eq!(world.state.overall(world.now), AlertState::Critical);
}

/// P30: somebody has the cause, but then mail stops: that needs another ack.
#[test]
fn p30_what_gets_worse_needs_another_ack() {
    let mut world = World::new();
    world.faults.database = true;
    world.run(150);
    let id = world.state.open[0].id;
    let actions = world.state.ack(id, "Anne", "", &world.policy, world.moment()).unwrap();
    world.take(actions);
    world.run(300);
    assert_eq!(world.pages(), 1);
}

/// P30: a window hides causes, and half an hour of the symptom; at its end mail must flow.
#[test]
fn p30_a_maintenance_window_hides_causes_but_not_the_symptom() {
    let mut world = World::new();
    let window = Window {
        from: world.now,
        until: world.now.plus(Duration::from_hours(2)),
        who: "Anne".into(),
        why: "new switch".into(),
        affects: vec!["db=m5".into()],
    };
    let actions = world.state.open_window(window, world.moment());
    world.take(actions);
    world.faults.database = true;
    world.run(1795);
    assert_eq!(world.told(), []);
    assert_eq!(world.state.overall(world.now), AlertState::Maintenance);
    world.run(60);
    assert_eq!(world.told(), [(30, Kind::Page)]);
}

/// P30: at the end of a window an exit check runs: the canary is green, or somebody is paged.
#[test]
fn p30_a_window_ends_with_mail_flowing_or_with_a_page() {
    for heals in [true, false] {
        let mut world = World::new();
        let window = Window {
            from: world.now,
            until: world.now.plus(Duration::from_mins(10)),
            who: "Anne".into(),
            why: "new switch".into(),
            affects: vec![],
        };
        let actions = world.state.open_window(window, world.moment());
        world.take(actions);
        world.faults.wedged = true;
        world.run(599);
        assert_eq!(world.told(), [], "silent within the window");
        world.faults.wedged = !heals;
        world.run(240);
        assert_eq!(world.pages(), usize::from(!heals));
        assert_eq!(world.events.iter().any(|e| e.what == Happening::ExitPassed), heals);
    }
}

/// A window that is opened while an incident is told does not end the incident.
#[test]
fn p30_a_window_does_not_close_what_is_open() {
    let mut world = World::new();
    world.faults.wedged = true;
    world.run(300);
    let window = Window {
        from: world.now,
        until: world.now.plus(Duration::from_mins(10)),
        who: "Anne".into(),
        why: "repair".into(),
        affects: vec![],
    };
    let actions = world.state.open_window(window, world.moment());
    world.take(actions);
    world.run(300);
    assert_eq!(world.state.overall(world.now), AlertState::Maintenance);
    assert!(!world.events.iter().any(|e| matches!(e.what, Happening::Closed | Happening::Recovering)));
    world.run(700);
    assert_eq!(world.state.overall(world.now), AlertState::Critical);
    assert_eq!(world.pages(), 1, "the same incident, the same page");
}
