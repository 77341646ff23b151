//! Each check by itself.

use posthaste_model::Stage;

use super::{Limits, Perf, State, Verdict};
use crate::{StageVitals, Vitals};

/// The ledger is checked each minute; older than this it says nothing.
const LEDGER_STALE_SECONDS: u64 = 180;
/// Deaths in five minutes that somebody should look at.
const STORM: usize = 5;
/// A task that long without progress is stuck.
const STUCK_SECONDS: u64 = 30;
/// Due for so long and nothing moves: a jam, not a pause between two posts.
const JAM_SECONDS: u64 = 120;

/// The state of a figure that is bad when it is high.
fn high(value: f64, warning: f64, critical: f64) -> State {
    if value >= critical {
        State::Critical
    } else if value >= warning {
        State::Warning
    } else {
        State::Ok
    }
}

fn worse(a: State, b: State) -> State {
    if b.rank() > a.rank() { b } else { a }
}

fn bounds(limits: Limits, warning: f64, critical: f64) -> (f64, f64) {
    (limits.warning.unwrap_or(warning), limits.critical.unwrap_or(critical))
}

fn delivering(vitals: &Vitals) -> impl Iterator<Item = &StageVitals> {
    [Stage::Incoming, Stage::Out].into_iter().filter_map(|stage| vitals.stage(stage))
}

pub(super) fn runners(vitals: &Vitals, limits: Limits) -> Verdict {
    if vitals.tasks.is_empty() {
        return Verdict::unknown("the server names no tasks");
    }
    let (warning, critical) = bounds(limits, 1.0, 1e9);
    let (mut down, mut state, mut told, mut perf) = (0, State::Ok, vec![], vec![]);
    for task in &vitals.tasks {
        let missing = task.wanted.saturating_sub(task.running);
        down += missing;
        if task.running == 0 && task.wanted > 0 {
            state = State::Critical;
            told.push(format!("no {} runs", task.name));
        } else if missing > 0 {
            told.push(format!("{} of {} {} run", task.running, task.wanted, task.name));
        }
        if task.stuck_seconds >= STUCK_SECONDS {
            state = worse(
                state,
                if task.stuck_seconds >= 2 * STUCK_SECONDS { State::Critical } else { State::Warning },
            );
            told.push(format!("{} without progress for {} s", task.name, task.stuck_seconds));
        }
        if task.recent_restarts >= STORM {
            state = worse(state, State::Warning);
            told.push(format!(
                "{} died {} times in 5 minutes, still retrying",
                task.name, task.recent_restarts
            ));
        }
        perf.push(Perf::new(&format!("{} restarts", task.name), task.restarts as f64, "c"));
    }
    state = worse(state, high(down as f64, warning, critical));
    let count: usize = vitals.tasks.iter().map(|t| t.running).sum();
    perf.insert(0, Perf::new("not running", down as f64, "").limits(warning, critical));
    Verdict::new(state, sentence(&told, &format!("{count} tasks run")), perf)
}

pub(super) fn queues(vitals: &Vitals, limits: Limits) -> Verdict {
    let (warning, critical) = bounds(limits, 5_000.0, 20_000.0);
    let depth: usize = vitals.stages.iter().map(|s| s.depth).sum();
    let mut state = high(depth as f64, warning, critical);
    let mut told = vec![];
    for stage in vitals.stages.iter().filter(|s| s.paused) {
        state = worse(state, State::Warning);
        told.push(format!("{} rests by order", stage.stage));
    }
    for domain in &vitals.resting_destinations {
        state = worse(state, State::Warning);
        told.push(format!("mail to {domain} rests by order"));
    }
    if vitals.quarantine.count > 0 {
        state = worse(state, State::Warning);
        told.push(format!("{} entries in quarantine", vitals.quarantine.count));
    }
    let waits = format!("{depth} entries wait, {} recipients", vitals.waiting.recipients);
    told.insert(0, waits);
    let mut perf = vec![Perf::new("entries", depth as f64, "").limits(warning, critical)];
    perf.extend(vitals.stages.iter().map(|s| Perf::new(s.stage.name(), s.depth as f64, "")));
    perf.push(Perf::new("quarantine", vitals.quarantine.count as f64, ""));
    perf.push(Perf::new("recipients", vitals.waiting.recipients as f64, ""));
    Verdict::new(state, told.join(", "), perf)
}

pub(super) fn oldest(vitals: &Vitals, limits: Limits) -> Verdict {
    let (warning, critical) = bounds(limits, 120.0, 300.0);
    let worst = delivering(vitals).max_by_key(|s| s.oldest_due_seconds.unwrap_or(0));
    let age = worst.and_then(|s| s.oldest_due_seconds).unwrap_or(0);
    let told = match worst.filter(|s| s.oldest_due_seconds.is_some()) {
        None => "nothing waits to be delivered".to_owned(),
        Some(stage) => format!("the oldest entry has been due at {} for {age} s", stage.stage),
    };
    let mut perf = vec![Perf::new("oldest", age as f64, "s").limits(warning, critical)];
    let figure = |s: &StageVitals| Perf::new(s.stage.name(), s.oldest_due_seconds.unwrap_or(0) as f64, "s");
    perf.extend(vitals.stages.iter().map(figure));
    perf.push(Perf::new("quarantine", vitals.quarantine.oldest_seconds.unwrap_or(0) as f64, "s"));
    Verdict::new(high(age as f64, warning, critical), told, perf)
}

pub(super) fn drain(vitals: &Vitals, limits: Limits) -> Verdict {
    let (warning, critical) = bounds(limits, 1_800.0, 7_200.0);
    let mut perf = vec![];
    let (mut state, mut told, mut longest) = (State::Ok, vec![], 0);
    for stage in delivering(vitals) {
        let mut figure = Perf::new(stage.stage.name(), 0.0, "s").limits(warning, critical);
        let waits = stage.due + stage.leased > 0;
        match stage.eta_seconds {
            Some(eta) => {
                longest = longest.max(eta);
                figure.value = Some(eta as f64);
                state = worse(state, high(eta as f64, warning, critical));
            }
            None if waits && stage.oldest_due_seconds.unwrap_or(0) >= JAM_SECONDS => {
                figure.value = None;
                state = State::Critical;
                told.push(format!(
                    "{} entries are due at {} and none moves",
                    stage.due + stage.leased,
                    stage.stage
                ));
            }
            None => {}
        }
        perf.push(figure);
    }
    let well =
        if longest > 0 { format!("all will be delivered in {longest} s") } else { "nothing is late".into() };
    Verdict::new(state, sentence(&told, &well), perf)
}

pub(super) fn canary(vitals: &Vitals, limits: Limits) -> Verdict {
    let canary = &vitals.canary;
    if !canary.enabled {
        return Verdict::unknown("no canary is configured: whether mail comes through is not measured");
    }
    let (warning, critical) = bounds(limits, 1.0, 2.0);
    let mut state = high(f64::from(canary.missing), warning, critical);
    let told = if let Some(error) = &canary.error {
        state = worse(state, State::Warning);
        format!("the canary cannot be sent: {error}")
    } else if canary.missing > 0 {
        format!("{} canaries in a row have been away for more than 60 s", canary.missing)
    } else if let Some(ms) = canary.latency_ms {
        format!("the last canary came back after {ms} ms")
    } else if vitals.uptime_seconds > canary.interval_seconds + 60 {
        return Verdict::unknown("no canary has come back since the start");
    } else {
        "the first canary is under way".to_owned()
    };
    let mut latency = Perf::new("latency", 0.0, "s");
    latency.value = canary.latency_ms.map(|ms| ms as f64 / 1_000.0);
    let missing = Perf::new("missing", f64::from(canary.missing), "").limits(warning, critical);
    Verdict::new(state, told, vec![missing, latency, Perf::new("lost", canary.lost as f64, "c")])
}

pub(super) fn dependency(vitals: &Vitals, name: &str, limits: Limits) -> Verdict {
    let Some(dependency) = vitals.dependency(name) else {
        return Verdict::unknown(format!("the server says nothing of its {name}"));
    };
    let (warning, critical) = bounds(limits, 0.0, 300.0);
    let since = vitals.at.since(dependency.since).as_secs();
    let away = if dependency.up { 0 } else { since };
    let perf = vec![Perf::new("away", away as f64, "s").limits(warning, critical)];
    if dependency.up {
        return Verdict::new(State::Ok, format!("{} answers", dependency.address), perf);
    }
    let error = dependency.error.as_deref().unwrap_or("no answer");
    let told = format!("{} has been away for {since} s: {error}", dependency.address);
    Verdict::new(high(away as f64, warning, critical), told, perf)
}

pub(super) fn disk(vitals: &Vitals, limits: Limits) -> Verdict {
    let disk = &vitals.disk;
    if disk.total_bytes == 0 {
        return Verdict::unknown("the server could not ask how much is free");
    }
    let share = |bytes: u64| bytes as f64 * 100.0 / disk.total_bytes as f64;
    let (warning, critical) = bounds(limits, share(2 * disk.reserve_bytes), share(disk.reserve_bytes));
    let free = share(disk.free_bytes);
    let mut state = high(-free, -warning, -critical);
    let mut told = vec![format!("{} MiB ({free:.1} %) free", disk.free_bytes >> 20)];
    if let Some(trouble) = &disk.trouble {
        state = State::Critical;
        told = vec![format!("mail is not accepted: {trouble}")];
    } else if let Some(seconds) = disk.full_in_seconds.filter(|s| *s < 86_400) {
        state = worse(state, State::Warning);
        told.push(format!("the reserve is reached in {} h", seconds / 3_600));
    }
    let mut free =
        Perf::new("free", (free * 10.0).round() / 10.0, "%").limits(round(warning), round(critical));
    free.max = Some(100.0);
    let inodes = Perf::new("free inodes", disk.free_inodes as f64, "");
    Verdict::new(
        state,
        told.join(", "),
        vec![free, Perf::new("free bytes", disk.free_bytes as f64, "B"), inodes],
    )
}

pub(super) fn ledger(vitals: &Vitals, limits: Limits) -> Verdict {
    let ledger = &vitals.ledger;
    let Some(checked) = ledger.checked else {
        // The first check comes a minute after the start.
        let text = "the ledger was not checked yet";
        let fresh = vitals.uptime_seconds < LEDGER_STALE_SECONDS;
        return if fresh { Verdict::new(State::Ok, text, vec![]) } else { Verdict::unknown(text) };
    };
    let age = vitals.at.since(checked).as_secs();
    if age > LEDGER_STALE_SECONDS {
        return Verdict::unknown(format!("the ledger was checked {age} s ago, not each minute"));
    }
    let (warning, critical) = bounds(limits, 1.0, 1.0);
    let off = ledger.drift.unsigned_abs() as f64;
    let mut state = high(off, warning, critical);
    // Once may be a post between two accounts; twice is not.
    if state == State::Critical && ledger.drifting_checks < 2 {
        state = State::Warning;
    }
    let told = match ledger.findings.first() {
        None if ledger.drift == 0 => "every post is accounted for".to_owned(),
        None => format!("off by {}", ledger.drift),
        Some(first) => format!("off by {}: {first}", ledger.drift),
    };
    Verdict::new(state, told, vec![Perf::new("drift", off, "").limits(warning, critical)])
}

fn round(share: f64) -> f64 {
    (share * 10.0).round() / 10.0
}

fn sentence(bad: &[String], good: &str) -> String {
    if bad.is_empty() { good.to_owned() } else { bad.join(", ") }
}
