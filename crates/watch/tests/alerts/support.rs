//! A server whose vitals are turned by hand, and the engine that looks at it once a second.

use std::time::Duration;

use posthaste_model::{Stage, Timestamp};
use posthaste_watch::alerts::{Action, Contact, Event, Kind, Moment, Notice, Policy, State, Target};
use posthaste_watch::{CanaryVitals, Dependency, StageVitals, Vitals, Waiting};

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
    let mut vitals = Vitals {
        at,
        hostname: "lists.example.org".into(),
        stages: stages.into(),
        dependencies: vec![up("database", "mysql at m5.example.org:3306"), up("relay", "mx.example.org:25")],
        canary: CanaryVitals {
            enabled: true,
            interval_seconds: 30,
            last_returned: Some(at),
            ..CanaryVitals::default()
        },
        ..Vitals::default()
    };
    vitals.ledger.checked = Some(at);
    vitals
}

/// Anne first, then Bob, then everyone; and a channel.
pub(crate) fn policy() -> Policy {
    let person = |name: &str, step| Contact {
        name: name.into(),
        step,
        targets: vec![Target::Mail(format!("{}@example.org", name.to_lowercase()))],
    };
    let channel =
        Contact { name: "channel".into(), step: 0, targets: vec![Target::Webhook("channel".into())] };
    Policy {
        contacts: vec![channel, person("Anne", 1), person("Bob", 2), person("Team", 3)],
        owner: "Collaboration Services".into(),
        ..Policy::default()
    }
}

/// What is wrong with the server now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Faults {
    /// The database is away.
    pub(crate) database: bool,
    /// The `out` runner is wedged: nothing goes out, though all else is well.
    pub(crate) wedged: bool,
    /// Nothing is known.
    pub(crate) blind: bool,
}

/// The engine, the server, and time.
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) policy: Policy,
    pub(crate) vitals: Vitals,
    pub(crate) faults: Faults,
    pub(crate) now: Timestamp,
    pub(crate) notices: Vec<(Timestamp, Notice)>,
    pub(crate) events: Vec<Event>,
    /// When the oldest waiting post was accepted.
    waits_since: Option<Timestamp>,
    down_since: Option<Timestamp>,
}

impl World {
    pub(crate) fn new() -> Self {
        let vitals = well();
        Self {
            state: State::default(),
            policy: policy(),
            now: vitals.at,
            vitals,
            faults: Faults::default(),
            notices: vec![],
            events: vec![],
            waits_since: None,
            down_since: None,
        }
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment { steady: self.now, wall: self.now }
    }

    /// Lets time go on by `seconds`, a look a second.
    pub(crate) fn run(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.tick(Duration::from_secs(1));
        }
    }

    /// One look, `by` after the last.
    pub(crate) fn tick(&mut self, by: Duration) {
        self.now = self.now.plus(by);
        self.turn();
        let vitals = (!self.faults.blind).then_some(&self.vitals);
        let actions = self.state.step(&self.policy, vitals, Moment { steady: self.now, wall: self.now });
        self.take(actions);
    }

    pub(crate) fn take(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send(notice) => self.notices.push((self.now, notice)),
                Action::Record(event) => self.events.push(event),
            }
        }
    }

    /// The process dies and comes back: what it knew is what stood on the disk.
    pub(crate) fn restart(&mut self) {
        let text = serde_json::to_string(&self.state).unwrap();
        let read: State = serde_json::from_str(&text).unwrap();
        assert_eq!(read, self.state, "the state survives");
        self.state = read;
    }

    /// What was sent, each with the minutes since the start.
    pub(crate) fn told(&self) -> Vec<(u64, Kind)> {
        let start = well().at;
        self.notices.iter().map(|(at, n)| (at.since(start).as_secs() / 60, n.message.kind)).collect()
    }

    pub(crate) fn pages(&self) -> usize {
        self.notices.iter().filter(|(_, n)| n.message.kind == Kind::Page).count()
    }

    /// What the faults do to the vitals. Five posts a second come in; what waits is gone within two seconds.
    fn turn(&mut self) {
        let (v, now) = (&mut self.vitals, self.now);
        v.at = now;
        let stuck = self.faults.database || self.faults.wedged;
        if stuck {
            let since = *self.waits_since.get_or_insert(now);
            let age = now.since(since).as_secs();
            let stage = if self.faults.wedged { Stage::Out } else { Stage::Incoming };
            v.stages[stage.index()].oldest_due_seconds = Some(age);
            v.waiting.posts = usize::try_from(age * 5).unwrap();
            (v.waiting.lists, v.waiting.recipients) = (5, v.waiting.posts * 100);
            v.canary.missing = u32::try_from(age.saturating_sub(30) / 30).unwrap();
            v.canary.oldest_seconds = Some(age);
        } else if self.waits_since.take().is_some() {
            v.waiting = Waiting::default();
            for stage in &mut v.stages {
                stage.oldest_due_seconds = None;
            }
        } else {
            v.canary.missing = 0;
            v.canary.oldest_seconds = None;
            v.canary.last_returned = Some(now);
            v.counters.posts_done += 5;
            v.counters.posts_done_in_time += 5;
        }
        let database = &mut v.dependencies[0];
        database.up = !self.faults.database;
        if self.faults.database {
            database.since = *self.down_since.get_or_insert(now);
            database.error = Some("no answer within 5 s".into());
        } else {
            self.down_since = None;
            database.error = None;
        }
    }
}
