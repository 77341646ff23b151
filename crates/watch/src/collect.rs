//! Taking the vitals.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use posthaste_model::{Stage, Timestamp};

use crate::watch::{Needed, Watch, lock};
use crate::{
    Counters, Dependency, DiskVitals, Latency, LedgerVitals, QuarantineVitals, StageVitals, Vitals, Waiting,
};

/// Domains of recipients that are shown each for itself.
const DOMAINS: usize = 20;

/// What must be remembered from one look to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Whether each dependency was up, and since when.
    up: HashMap<String, (bool, Timestamp)>,
}

impl Watch {
    /// Looks at every room. Quick: no I/O, no waiting.
    pub(crate) fn collect(&self) -> Vitals {
        let rooms = &self.rooms;
        let at = rooms.clock.now();
        let settings = (rooms.settings)();
        let stages: Vec<_> = Stage::ALL.into_iter().map(|stage| self.stage(stage, at)).collect();
        let quarantined = rooms.spool.quarantined();
        Vitals {
            at,
            hostname: settings.hostname,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_seconds: self.uptime().as_secs(),
            config_file: settings.config_file,
            config_error: settings.config_error,
            lists: rooms.directory.snapshot().len(),
            directory_age_seconds: rooms.directory.age().map(|age| age.as_secs()),
            scanned: rooms.spool.scanned(),
            waiting: waiting(&stages),
            stages,
            relay_connections: rooms.pool.state().connections,
            quarantine: QuarantineVitals {
                count: quarantined.len(),
                oldest_seconds: quarantined.iter().map(|(_, since)| at.since(*since).as_secs()).max(),
            },
            disk: self.disk(),
            dependencies: settings
                .dependencies
                .into_iter()
                .map(|needed| self.dependency(needed, at))
                .collect(),
            tasks: self.tasks(),
            canary: self.canary(),
            ledger: LedgerVitals::default(),
            counters: self.counters(),
            latency: Latency {
                accept: rooms.events.accept_latency.value(),
                delivery: rooms.events.delivery_latency.value(),
            },
        }
    }

    fn stage(&self, stage: Stage, at: Timestamp) -> StageVitals {
        let pulse = self.rooms.spool.pulse(stage);
        StageVitals {
            stage,
            depth: pulse.depth,
            due: pulse.due,
            leased: pulse.leased,
            paused: pulse.paused,
            oldest_due_seconds: pulse.oldest_due.map(|due| at.since(due).as_secs()),
            rate: 0.0,
            eta_seconds: None,
        }
    }

    fn disk(&self) -> DiskVitals {
        let trouble = self.rooms.spool.unhealthy().map(|trouble| trouble.to_string());
        let Some((space, reserve)) = self.rooms.spool.space() else {
            return DiskVitals { trouble, ..DiskVitals::default() };
        };
        DiskVitals {
            trouble,
            free_bytes: space.free,
            total_bytes: space.total,
            reserve_bytes: reserve,
            free_inodes: space.free_inodes,
            total_inodes: space.inodes,
            full_in_seconds: None,
        }
    }

    fn dependency(&self, needed: Needed, at: Timestamp) -> Dependency {
        let relay = self.rooms.pool.state();
        let (up, error) = match needed.name.as_str() {
            "database" => {
                let trouble = self.rooms.gate.trouble();
                (trouble.is_none(), trouble)
            }
            "dns" => {
                let lost = relay.last_error.filter(|error| error.starts_with("cannot find the address"));
                (relay.up || lost.is_none(), lost.filter(|_| !relay.up))
            }
            _ => (relay.up, relay.last_error),
        };
        let mut memory = lock(&self.memory);
        let since = memory.up.entry(needed.name.clone()).or_insert((up, self.started()));
        if since.0 != up {
            *since = (up, at);
        }
        let since = since.1;
        Dependency { name: needed.name, address: needed.address, up, since, error, owner: needed.owner }
    }

    fn counters(&self) -> Counters {
        let events = &self.rooms.events;
        let get = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            accepted: get(&events.accepted),
            duplicates: get(&events.duplicates),
            turned_away: get(&events.turned_away),
            posts_done: get(&events.posts_done),
            posts_done_in_time: get(&events.posts_done_in_time),
            delivered: get(&events.delivered),
            deferred: get(&events.deferred),
            failed: get(&events.failed),
            judged: events.judgements(),
            replies: events.replies(),
            destinations: events.destinations(DOMAINS),
        }
    }
}

fn waiting(stages: &[StageVitals]) -> Waiting {
    let delivering = stages.iter().filter(|s| matches!(s.stage, Stage::Incoming | Stage::Out));
    Waiting { posts: delivering.map(|s| s.depth).sum(), lists: 0, recipients: 0 }
}
