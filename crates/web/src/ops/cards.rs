//! The smaller parts of the overview.

use posthaste_model::Timestamp;
use posthaste_watch::Vitals;

use super::When;
use crate::access::Session;
use crate::call::Call;
use crate::seen::{Grade, Incident, Seen, SetAside};
use crate::words;

/// Something the server needs of others.
pub(super) struct Need {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) up: bool,
    pub(super) since: When,
    pub(super) error: Option<String>,
    pub(super) owner: Option<String>,
}

pub(super) fn needs(vitals: &Vitals, now: Timestamp) -> Vec<Need> {
    let need = |d: &posthaste_watch::Dependency| Need {
        name: d.name.clone(),
        address: d.address.clone(),
        up: d.up,
        since: When::new(d.since, now),
        error: d.error.clone(),
        owner: d.owner.clone(),
    };
    vitals.dependencies.iter().map(need).collect()
}

/// Tasks of one name.
pub(super) struct Runner {
    pub(super) name: String,
    pub(super) running: usize,
    pub(super) wanted: usize,
    pub(super) restarts: u64,
    pub(super) replaced: u64,
    pub(super) stuck: Option<String>,
    pub(super) last_error: Option<String>,
    pub(super) bad: bool,
}

/// The tasks with something to tell, and the others in a few words.
pub(super) fn runners(vitals: &Vitals) -> (Vec<Runner>, Vec<String>) {
    let runner = |task: &posthaste_watch::TaskVitals| Runner {
        name: task.name.clone(),
        running: task.running,
        wanted: task.wanted,
        restarts: task.restarts,
        replaced: task.replaced,
        stuck: (task.stuck_seconds > 0).then(|| words::duration(task.stuck_seconds)),
        last_error: task.last_error.clone(),
        bad: task.running < task.wanted || task.recent_restarts > 0 || task.stuck_seconds >= 30,
    };
    let telling = |runner: &Runner| runner.bad || runner.restarts > 0 || runner.replaced > 0;
    let (told, quiet): (Vec<_>, Vec<_>) = vitals.tasks.iter().map(runner).partition(telling);
    (told, quiet.into_iter().map(|runner| format!("{} {}", runner.running, runner.name)).collect())
}

/// A fact with a name.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// A group of facts.
pub(super) struct Card {
    pub(super) title: &'static str,
    /// In a word or two.
    pub(super) state: &'static str,
    pub(super) good: bool,
    pub(super) trouble: Option<String>,
    pub(super) facts: Vec<Fact>,
}

fn fact(name: &'static str, value: impl Into<String>) -> Fact {
    Fact { name, value: value.into() }
}

pub(super) fn canary(vitals: &Vitals, now: Timestamp) -> Card {
    let canary = &vitals.canary;
    let late = canary.missing > 0 || canary.error.is_some();
    let mut facts = Vec::new();
    if canary.enabled {
        let last = canary
            .last_returned
            .map_or("none yet".into(), |at| format!("{} ago", words::duration(now.since(at).as_secs())));
        facts.push(fact("Last one came back", last));
        if let Some(took) = canary.latency_ms {
            let took =
                if took < 1_000 { format!("{took} ms") } else { format!("{:.1} s", took as f64 / 1_000.0) };
            facts.push(fact("It took", took));
        }
        if canary.missing > 0 {
            facts.push(fact("Missing in a row", canary.missing.to_string()));
        }
        let sum = format!("{} of {}", words::number(canary.returned), words::number(canary.sent));
        facts.push(fact("Came back since the start", sum));
    }
    Card {
        title: "Canary, the test post",
        state: match (canary.enabled, late) {
            (false, _) => "not set up",
            (true, true) => "missing",
            (true, false) => "comes back",
        },
        good: canary.enabled && !late,
        trouble: match &canary.error {
            Some(error) => Some(error.clone()),
            None if !canary.enabled => {
                Some("Without it nobody notices a relay that takes mail and drops it: [canary] in the configuration.".into())
            }
            None => None,
        },
        facts,
    }
}

pub(super) fn disk(vitals: &Vitals) -> Card {
    let disk = &vitals.disk;
    let free = format!("{} of {}", words::octets(disk.free_bytes), words::octets(disk.total_bytes));
    let mut facts = vec![fact("Free", free), fact("Kept in reserve", words::octets(disk.reserve_bytes))];
    if disk.total_inodes > 0 {
        facts.push(fact("Free inodes", words::number(disk.free_inodes)));
    }
    if let Some(seconds) = disk.full_in_seconds {
        facts.push(fact("Reserve reached in", words::duration(seconds)));
    }
    let soon = disk.full_in_seconds.is_some_and(|seconds| seconds < 86_400);
    Card {
        title: "Disk",
        state: match (&disk.trouble, soon) {
            (Some(_), _) => "mail is not accepted",
            (None, true) => "fills up",
            (None, false) => "room enough",
        },
        good: disk.trouble.is_none() && !soon,
        trouble: disk.trouble.clone(),
        facts,
    }
}

pub(super) fn ledger(vitals: &Vitals, now: Timestamp) -> Card {
    let (ledger, row) = (&vitals.ledger, vitals.ledger.total);
    let good = ledger.drift == 0 || ledger.drifting_checks < 2;
    let checked = ledger
        .checked
        .map_or("not yet".into(), |at| format!("{} ago", words::duration(now.since(at).as_secs())));
    let ended = row.held + row.rejected + row.discarded + row.removed;
    Card {
        title: "Books",
        state: match (ledger.checked, good) {
            (None, _) => "not looked at yet",
            (Some(_), true) => "balanced",
            (Some(_), false) => "do not balance",
        },
        good,
        trouble: (!good).then(|| format!("Off by {}. Look: posthaste ledger", ledger.drift)),
        facts: vec![
            fact("Came in", words::number(row.opening + row.accepted + row.born)),
            fact("Delivered", words::number(row.delivered)),
            fact("Held, rejected, discarded", words::number(ended)),
            fact("Waiting, set aside", words::number(row.queued + row.quarantined)),
            fact("Checked", checked),
        ],
    }
}

/// An entry in quarantine, with its form.
pub(super) struct Aside {
    pub(super) id: String,
    pub(super) list: String,
    pub(super) why: String,
    pub(super) at: When,
    pub(super) size: String,
    pub(super) retry: String,
    pub(super) remove: String,
}

pub(super) fn aside(call: &Call, session: Option<&Session>, entry: &SetAside) -> Aside {
    let token = |route| session.map(|s| call.site.access.form_token(s, route)).unwrap_or_default();
    Aside {
        id: entry.id.clone(),
        list: entry.list.clone(),
        why: entry.why.clone(),
        at: When::new(entry.at, call.now),
        size: words::octets(entry.size),
        retry: token("/ops/quarantine/{id}/retry"),
        remove: token("/ops/quarantine/{id}/remove"),
    }
}

/// A maintenance window.
pub(super) struct WindowCard {
    pub(super) about: String,
    pub(super) by: String,
    pub(super) from: When,
    pub(super) until: When,
    pub(super) runs: bool,
}

pub(super) fn windows(seen: &Seen, now: Timestamp) -> Vec<WindowCard> {
    let card = |window: &crate::seen::Window| WindowCard {
        about: window.about.clone(),
        by: window.by.clone(),
        from: When::new(window.from, now),
        until: When::new(window.until, now),
        runs: window.from <= now && now < window.until,
    };
    seen.windows.iter().map(card).collect()
}

/// An incident in a list.
pub(crate) struct IncidentRow {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) grade: &'static str,
    pub(crate) began: When,
    pub(crate) lasted: String,
    pub(crate) open: bool,
}

impl IncidentRow {
    pub(crate) fn new(incident: &Incident, now: Timestamp) -> Self {
        let until = incident.ended.unwrap_or(now);
        Self {
            id: incident.id.clone(),
            title: incident.title.clone(),
            grade: if incident.ended.is_some() && incident.grade == Grade::Unknown {
                "degraded"
            } else {
                incident.grade.name()
            },
            began: When::new(incident.began, now),
            lasted: words::duration(until.since(incident.began).as_secs()),
            open: incident.ended.is_none(),
        }
    }
}
