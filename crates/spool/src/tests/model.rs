use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use posthaste_model::{Clock, EntryId, Stage};
use proptest::prelude::*;

use super::story::{ROOT, at_once};
use super::tools::{HandClock, entry, event, id, open};
use crate::fake::{Data, FakeDisk, Survives};
use crate::{Kind, Spool, Then};

const STAGES: [Stage; 3] = [Stage::Incoming, Stage::Out, Stage::Archive];

/// One thing that happens to the spool.
#[derive(Debug, Clone)]
enum Act {
    Put {
        n: u8,
        list: u8,
    },
    /// Lease at a stage and record `steps` events, the last of which ends the lease as `end` says.
    Work {
        stage: usize,
        steps: u8,
        end: End,
        also: Option<usize>,
    },
    Pass {
        seconds: u16,
    },
    Quarantine {
        stage: usize,
    },
    Retry {
        n: u8,
    },
    Remove {
        n: u8,
    },
    Restart,
    PowerCut {
        names: bool,
        torn: u64,
    },
}

#[derive(Debug, Clone, Copy)]
enum End {
    Leave,
    Again(u16),
    Drop,
}

fn act() -> impl Strategy<Value = Act> {
    let end = prop_oneof![
        3 => Just(End::Leave),
        2 => (0u16..600).prop_map(End::Again),
        1 => Just(End::Drop),
    ];
    prop_oneof![
        6 => (0u8..20, 0u8..4).prop_map(|(n, list)| Act::Put { n, list }),
        8 => (0usize..3, 0u8..3, end, proptest::option::of(0usize..3))
            .prop_map(|(stage, steps, end, also)| Act::Work { stage, steps, end, also }),
        3 => (0u16..400).prop_map(|seconds| Act::Pass { seconds }),
        1 => (0usize..3).prop_map(|stage| Act::Quarantine { stage }),
        1 => (0u8..20).prop_map(|n| Act::Retry { n }),
        1 => (0u8..20).prop_map(|n| Act::Remove { n }),
        1 => Just(Act::Restart),
        1 => (any::<bool>(), 0u64..100).prop_map(|(names, torn)| Act::PowerCut { names, torn }),
    ]
}

/// What the spool should hold: per entry, the stages it waits for and when each is due (seconds), and its events.
#[derive(Default)]
struct Model {
    entries: BTreeMap<EntryId, Held>,
    now: u64,
}

#[derive(Default)]
struct Held {
    due: BTreeMap<Stage, u64>,
    events: usize,
    aside: bool,
}

impl Model {
    fn ready(&self, stage: Stage) -> usize {
        let waiting = self.entries.values().filter(|held| !held.aside);
        waiting.filter(|held| held.due.get(&stage).is_some_and(|due| *due <= self.now)).count()
    }

    fn depth(&self, stage: Stage) -> usize {
        self.entries.values().filter(|held| !held.aside && held.due.contains_key(&stage)).count()
    }
}

async fn run(acts: Vec<Act>) {
    let clock = HandClock::new();
    let mut disk = FakeDisk::new();
    let reopen = |disk: &FakeDisk| open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
    let mut spool = reopen(&disk);
    let mut model = Model::default();
    for act in acts {
        match act {
            Act::Put { n, list } => {
                let name = id(u128::from(n));
                spool.put(entry(u128::from(n), &list.to_string(), &format!("message {n}"))).await.unwrap();
                let now = model.now;
                model
                    .entries
                    .entry(name)
                    .or_insert_with(|| Held { due: [(Stage::Incoming, now)].into(), ..Held::default() });
            }
            Act::Work { stage, steps, end, also } => {
                let stage = STAGES[stage];
                let leased = at_once(spool.lease(stage)).await;
                assert_eq!(leased.is_some(), model.ready(stage) > 0, "{stage} at {}", model.now);
                let Some(leased) = leased else { continue };
                let leased = leased.unwrap();
                let now = model.now;
                let held = model.entries.get_mut(&leased.id()).unwrap();
                assert!(held.due[&stage] <= now);
                let read = spool.load(&leased).await.unwrap();
                assert_eq!(read.events.len(), held.events);
                assert_eq!(read.message, format!("message {}", leased.id().uuid().as_u128()).as_bytes());
                for _ in 0..steps {
                    spool.record(&leased, event(Kind::Sent, Then::Stay, &[], "step")).await.unwrap();
                    held.events += 1;
                }
                let then = match end {
                    End::Drop => continue,
                    End::Leave => {
                        held.due.remove(&stage);
                        Then::Leave
                    }
                    End::Again(seconds) => {
                        held.due.insert(stage, now + u64::from(seconds));
                        Then::Again { due: clock.now().plus(Duration::from_secs(seconds.into())) }
                    }
                };
                let also: Vec<Stage> = also.map(|n| STAGES[n]).into_iter().collect();
                for stage in &also {
                    held.due.entry(*stage).or_insert(now);
                }
                held.events += 1;
                if held.due.is_empty() {
                    model.entries.remove(&leased.id());
                }
                spool.record(&leased, event(Kind::Sent, then, &also, "end")).await.unwrap();
            }
            Act::Pass { seconds } => {
                clock.advance(Duration::from_secs(seconds.into()));
                model.now += u64::from(seconds);
            }
            Act::Quarantine { stage } => {
                if let Some(leased) = at_once(spool.lease(STAGES[stage])).await {
                    let leased = leased.unwrap();
                    spool.quarantine(&leased, "why not").await.unwrap();
                    model.entries.get_mut(&leased.id()).unwrap().aside = true;
                }
            }
            Act::Retry { n } => {
                let name = id(u128::from(n));
                let retried = spool.retry(name).await;
                assert_eq!(retried.is_ok(), model.entries.contains_key(&name));
                let Some(held) = model.entries.get_mut(&name) else { continue };
                if !std::mem::take(&mut held.aside) {
                    // What slept is due now, and each stage that slept left an event.
                    let sleeping = held.due.values_mut().filter(|due| **due > model.now);
                    held.events += sleeping.map(|due| *due = model.now).count();
                }
            }
            Act::Remove { n } => {
                let name = id(u128::from(n));
                let removed = spool.remove(name).await;
                assert_eq!(removed.is_ok(), model.entries.remove(&name).is_some());
            }
            Act::Restart => {
                drop(spool);
                spool = reopen(&disk);
                spool.scan_complete().await;
            }
            Act::PowerCut { names, torn } => {
                disk = disk.power_cut(Survives { names, data: Data::Torn(torn) });
                spool = reopen(&disk);
                spool.scan_complete().await;
            }
        }
        compare(&spool, &model);
    }
}

fn compare(spool: &Spool, model: &Model) {
    assert_eq!(spool.depth(), model.entries.values().filter(|held| !held.aside).count());
    assert_eq!(spool.quarantined().len(), model.entries.values().filter(|held| held.aside).count());
    for stage in STAGES {
        let pulse = spool.pulse(stage);
        assert_eq!(
            (pulse.depth, pulse.due, pulse.leased),
            (model.depth(stage), model.ready(stage), 0),
            "{stage}"
        );
        assert_eq!(pulse.oldest_due.is_some(), pulse.due > 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn p1_whatever_happens_the_spool_holds_what_it_should(acts in proptest::collection::vec(act(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(acts));
    }
}
