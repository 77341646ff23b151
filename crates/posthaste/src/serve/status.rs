//! What `posthaste status` tells.

use posthaste_watch::Vitals;
use serde_json::{Value, json};

/// The server as these vitals show it.
pub(crate) fn of(vitals: &Vitals) -> Value {
    let stages: serde_json::Map<String, Value> = vitals
        .stages
        .iter()
        .map(|stage| {
            let told = json!({
                "depth": stage.depth, "due": stage.due, "leased": stage.leased, "paused": stage.paused,
                "oldest_due_age_seconds": stage.oldest_due_seconds, "rate": stage.rate, "eta_seconds": stage.eta_seconds,
            });
            (stage.stage.name().to_owned(), told)
        })
        .collect();
    let dependency = |name: &str| {
        let found = vitals.dependency(name);
        (found.is_some_and(|d| d.up), found.and_then(|d| d.error.clone()), found.map(|d| d.since.to_string()))
    };
    let (database, relay) = (dependency("database"), dependency("relay"));
    json!({
        "running": true,
        "version": vitals.version,
        "pid": vitals.pid,
        "config": { "file": vitals.config_file, "error": vitals.config_error },
        "database": { "up": database.0, "error": database.1, "since": database.2 },
        "relay": { "up": relay.0, "since": relay.2, "error": relay.1, "connections": vitals.relay_connections },
        "spool": {
            "healthy": vitals.disk.trouble.is_none(),
            "error": vitals.disk.trouble,
            "scanned": vitals.scanned,
            "quarantined": vitals.quarantine.count,
        },
        "lists": vitals.lists,
        "directory_age_seconds": vitals.directory_age_seconds,
        "accepted": vitals.counters.accepted,
        "accepted_before": vitals.counters.duplicates,
        "waiting": vitals.waiting,
        "resting_lists": vitals.resting_lists,
        "resting_destinations": vitals.resting_destinations,
        "stages": stages,
    })
}

/// One line for the init system's status.
pub(super) fn line(vitals: &Vitals) -> String {
    let waiting = vitals.stages.iter().filter(|stage| stage.depth > 0);
    let waiting: Vec<_> = waiting.map(|stage| format!("{} {}", stage.stage, stage.depth)).collect();
    let mut line = if waiting.is_empty() {
        "nothing waits".to_owned()
    } else {
        format!("waiting: {}", waiting.join(", "))
    };
    for away in vitals.dependencies.iter().filter(|dependency| !dependency.up) {
        line += &format!("; {} is away", away.name);
    }
    line
}
