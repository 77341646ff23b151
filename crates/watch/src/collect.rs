//! Taking the vitals.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::time::Duration;

use posthaste_model::{Stage, Timestamp};
use posthaste_spool::Pulse;

use crate::watch::{Needed, Watch, lock};
use crate::{Counters, Dependency, DiskVitals, Latency, QuarantineVitals, StageVitals, Vitals, Waiting};

/// Domains of recipients that are shown each for itself.
const DOMAINS: usize = 20;
/// Rates are taken over so long.
const WINDOW: Duration = Duration::from_mins(1);
/// A rate over less says nothing.
const SHORTEST: Duration = Duration::from_secs(2);
/// The disk's loss is measured over so many minutes, and not over fewer than the second number.
const DISK_MINUTES: (usize, usize) = (60, 10);

/// What must be remembered from one look to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Whether each dependency was up, and since when.
    up: HashMap<String, (bool, Timestamp)>,
    /// What each stage had done, at each look of the last minute.
    done: VecDeque<(Duration, Vec<Done>)>,
}

/// What a stage had done since the start.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Done {
    /// Entries that left it.
    left: u64,
    /// Recipients who were served.
    worked: u64,
}

impl Watch {
    /// Looks at every room. Quick: no I/O, no waiting.
    pub(crate) fn collect(&self) -> Vitals {
        let rooms = &self.rooms;
        let at = rooms.clock.now();
        let settings = (rooms.settings)();
        let pulses: Vec<_> = Stage::ALL.into_iter().map(|stage| (stage, rooms.spool.pulse(stage))).collect();
        let (past, over) = self.past(&pulses);
        let stages: Vec<_> = pulses
            .iter()
            .zip(past)
            .map(|((stage, pulse), past)| figures(*stage, pulse, past, over, at))
            .collect();
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
            waiting: self.waiting(&stages),
            stages,
            relay_connections: rooms.pool.state().connections,
            resting_lists: rooms.spool.resting_lists().iter().map(ToString::to_string).collect(),
            resting_destinations: rooms.spool.resting_destinations().iter().cloned().collect(),
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
            ledger: self.ledger.vitals(),
            ways: self.ways(),
            counters: self.counters(),
            latency: Latency {
                accept: rooms.events.accept_latency.value(),
                delivery: rooms.events.delivery_latency.value(),
            },
        }
    }

    /// What each stage had done a minute ago (or at the first look), and how long ago that was.
    fn past(&self, pulses: &[(Stage, Pulse)]) -> (Vec<Done>, Duration) {
        let now = self.rooms.clock.monotonic();
        let done = pulses.iter().map(|(_, pulse)| Done { left: pulse.left, worked: pulse.worked }).collect();
        let mut memory = lock(&self.memory);
        memory.done.push_back((now, done));
        while memory.done.get(1).is_some_and(|(then, _)| now.saturating_sub(*then) >= WINDOW) {
            memory.done.pop_front();
        }
        let first = memory.done.front();
        first.map(|(then, done)| (done.clone(), now.saturating_sub(*then))).unwrap_or_default()
    }

    fn waiting(&self, stages: &[StageVitals]) -> Waiting {
        let delivering = [Stage::Incoming, Stage::Out];
        let depth = stages.iter().filter(|s| delivering.contains(&s.stage)).map(|s| s.depth).sum();
        Waiting {
            posts: depth,
            lists: self.rooms.spool.lists_waiting(&delivering),
            recipients: usize::try_from(self.rooms.spool.pulse(Stage::Out).weight).unwrap_or(usize::MAX),
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
            full_in_seconds: self.full_in(space.free, reserve),
        }
    }

    fn full_in(&self, free: u64, reserve: u64) -> Option<u64> {
        let samples = self.minutes_back(DISK_MINUTES.0);
        let (then, minutes) = samples.filter(|(_, minutes)| *minutes >= DISK_MINUTES.1)?;
        full_in(free, reserve, then.disk_free, Duration::from_mins(minutes as u64))
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

/// The figures of a stage that had done `past` so long ago.
fn figures(stage: Stage, pulse: &Pulse, past: Done, over: Duration, at: Timestamp) -> StageVitals {
    let per_second = |now: u64, then: u64| {
        if over < SHORTEST { 0.0 } else { now.saturating_sub(then) as f64 / over.as_secs_f64() }
    };
    let rate = per_second(pulse.left, past.left);
    // A post to ten thousand is not one of a hundred that remain: what is planned is counted by recipients.
    let (work, speed) = if pulse.weight_due > 0 {
        (pulse.weight_due as f64, per_second(pulse.worked, past.worked))
    } else {
        ((pulse.due + pulse.leased) as f64, rate)
    };
    StageVitals {
        stage,
        depth: pulse.depth,
        due: pulse.due,
        leased: pulse.leased,
        paused: pulse.paused,
        oldest_due_seconds: pulse.oldest_due.map(|due| at.since(due).as_secs()),
        rate,
        eta_seconds: (work > 0.0 && speed > 0.0).then(|| (work / speed).ceil() as u64),
    }
}

/// When `free` reaches `reserve` if it goes on as since `then`.
fn full_in(free: u64, reserve: u64, then: u64, since: Duration) -> Option<u64> {
    let lost = then.checked_sub(free).filter(|lost| *lost > 0)?;
    let per_second = lost as f64 / since.as_secs_f64().max(1.0);
    Some((free.saturating_sub(reserve) as f64 / per_second) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse(due: usize, weight_due: u64, left: u64, worked: u64) -> Pulse {
        Pulse {
            depth: due,
            due,
            leased: 0,
            oldest_due: None,
            paused: false,
            weight: weight_due,
            weight_due,
            left,
            worked,
        }
    }

    #[test]
    fn p23_the_eta_counts_recipients_where_they_are_known() {
        let (past, over, at) =
            (Done { left: 10, worked: 1_000 }, Duration::from_mins(1), Timestamp::default());
        // One post of 10,000 remains, and ten small ones went: by entries it would be gone in six seconds.
        let out = figures(Stage::Out, &pulse(1, 10_000, 20, 7_000), past, over, at);
        assert_eq!(out.eta_seconds, Some(100));
        let incoming = figures(Stage::Incoming, &pulse(30, 0, 70, 0), Done { left: 10, worked: 0 }, over, at);
        assert_eq!((incoming.rate, incoming.eta_seconds), (1.0, Some(30)));
        let stuck = figures(Stage::Out, &pulse(1, 10, 10, 1_000), past, over, at);
        assert_eq!(stuck.eta_seconds, None, "nothing moves: nobody knows when");
        let fresh = figures(Stage::Out, &pulse(1, 10, 20, 1_001), past, Duration::ZERO, at);
        assert_eq!(fresh.eta_seconds, None);
    }

    #[test]
    fn the_disk_is_full_when_the_reserve_is_reached() {
        let hour = Duration::from_hours(1);
        assert_eq!(full_in(1_000, 400, 4_600, hour), Some(600));
        assert_eq!(full_in(1_000, 400, 1_000, hour), None);
        assert_eq!(full_in(300, 400, 1_000, hour), Some(0));
    }
}
