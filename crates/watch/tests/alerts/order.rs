//! Whatever happens in whatever order: no incident is lost, none pages twice, none is silent for more than an hour.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{Faults, World};
use posthaste_model::Timestamp;
use posthaste_watch::alerts::{AlertState, Happening, Kind, Level, Window};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Database(bool),
    Wedge(bool),
    Blind(bool),
    Restart,
    Ack,
    Window(u64),
    EndWindow,
    Minutes(u64),
    Seconds(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => any::<bool>().prop_map(Step::Database),
        3 => any::<bool>().prop_map(Step::Wedge),
        1 => any::<bool>().prop_map(Step::Blind),
        2 => Just(Step::Restart),
        2 => Just(Step::Ack),
        1 => (1_u64..200).prop_map(Step::Window),
        1 => Just(Step::EndWindow),
        4 => (1_u64..90).prop_map(Step::Minutes),
        3 => (1_u64..90).prop_map(Step::Seconds),
    ];
    prop::collection::vec(step, 1..40)
}

/// What must hold after every look.
#[derive(Default)]
struct Witness {
    /// By incident: since when it is critical, nobody has it and nobody was told.
    silent: BTreeMap<u32, Timestamp>,
    pages: BTreeMap<u32, usize>,
    seen: usize,
    opened: Vec<u32>,
    closed: Vec<u32>,
}

impl Witness {
    fn look(&mut self, world: &World) {
        for (_, notice) in &world.notices[self.seen..] {
            let id = notice.message.incident.unwrap();
            if notice.message.kind == Kind::Page {
                *self.pages.entry(id).or_default() += 1;
                assert_eq!(self.pages[&id], 1, "incident {id} paged twice");
            }
            if notice.step.is_some() {
                self.silent.insert(id, world.now);
            }
        }
        self.seen = world.notices.len();
        for incident in &world.state.open {
            let critical = incident.level(world.now) == Some(Level::Critical) && incident.ack.is_none();
            if critical {
                let since = *self.silent.entry(incident.id).or_insert(world.now);
                assert!(
                    world.now.since(since) <= Duration::from_mins(61),
                    "silent since {since}: {incident:?}"
                );
            } else {
                self.silent.remove(&incident.id);
            }
            if incident.told.is_some() && !self.opened.contains(&incident.id) {
                self.opened.push(incident.id);
            }
        }
        let ended = world.events.iter().filter(|e| e.what == Happening::Closed).filter_map(|e| e.incident);
        self.closed = ended.collect();
        for id in &self.opened {
            let open = world.state.open.iter().any(|i| i.id == *id);
            assert!(open || self.closed.contains(id), "incident {id} was lost");
        }
    }
}

fn go(world: &mut World, witness: &mut Witness, step: &Step) {
    match step {
        Step::Database(gone) => world.faults.database = *gone,
        Step::Wedge(wedged) => world.faults.wedged = *wedged,
        Step::Blind(blind) => world.faults.blind = *blind,
        Step::Restart => world.restart(),
        Step::Ack => {
            for id in world.state.open.iter().map(|i| i.id).collect::<Vec<_>>() {
                let policy = world.policy.clone();
                if let Ok(actions) = world.state.ack(id, "Anne", "", &policy, world.moment()) {
                    world.take(actions);
                }
            }
        }
        Step::Window(minutes) => {
            let until = world.now.plus(Duration::from_mins(*minutes));
            let window =
                Window { from: world.now, until, who: "Anne".into(), why: "work".into(), affects: vec![] };
            let actions = world.state.open_window(window, world.moment());
            world.take(actions);
        }
        Step::EndWindow => {
            let actions = world.state.close_window("Anne", world.moment());
            world.take(actions);
        }
        Step::Minutes(minutes) => {
            for _ in 0..minutes * 12 {
                world.tick(Duration::from_secs(5));
                witness.look(world);
            }
        }
        Step::Seconds(seconds) => {
            for _ in 0..*seconds {
                world.tick(Duration::from_secs(1));
                witness.look(world);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn p30_no_order_of_events_loses_an_incident_pages_twice_or_falls_silent(steps in steps()) {
        let mut world = World::new();
        let mut witness = Witness::default();
        for step in &steps {
            go(&mut world, &mut witness, step);
        }
        // Whatever it was, mail that does not come is known at the end, window or not.
        world.faults = Faults { wedged: true, ..Faults::default() };
        go(&mut world, &mut witness, &Step::Minutes(40));
        prop_assert!(
            matches!(
                world.state.overall(world.now),
                AlertState::Critical | AlertState::Unstable | AlertState::Acked
            ),
            "{:?}", world.state.overall(world.now)
        );
        // And when all is well for long enough, it is over.
        world.faults = Faults::default();
        go(&mut world, &mut witness, &Step::EndWindow);
        go(&mut world, &mut witness, &Step::Minutes(45));
        prop_assert_eq!(world.state.overall(world.now), AlertState::Ok);
    }
}
