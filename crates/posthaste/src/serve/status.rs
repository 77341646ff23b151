//! What `posthaste status` tells.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use posthaste_model::Stage;
use serde_json::{Value, json};

use super::Server;

/// The server as it is now.
pub(crate) fn of(server: &Server) -> Value {
    let now = server.clock.now();
    let relay = server.pool.state();
    let accepted = server.intake.accepted();
    let config_error = server.config_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let stages: serde_json::Map<String, Value> = Stage::ALL
        .into_iter()
        .map(|stage| {
            let pulse = server.spool.pulse(stage);
            let age = pulse.oldest_due.map(|due| now.since(due).as_secs());
            let told = json!({
                "depth": pulse.depth, "due": pulse.due, "leased": pulse.leased, "paused": pulse.paused,
                "oldest_due_age_seconds": age,
            });
            (stage.name().to_owned(), told)
        })
        .collect();
    json!({
        "running": true,
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "config": { "file": server.file(), "error": config_error },
        "database": { "up": server.gate.trouble().is_none(), "error": server.gate.trouble() },
        "relay": { "up": relay.up, "since": relay.since.to_string(), "error": relay.last_error, "connections": relay.connections },
        "spool": {
            "healthy": server.spool.unhealthy().is_none(),
            "error": server.spool.unhealthy().map(|t| t.to_string()),
            "scanned": server.spool.scanned(),
            "quarantined": server.spool.quarantined().len(),
        },
        "lists": server.directory.snapshot().len(),
        "directory_age_seconds": server.directory.age().map(|a| a.as_secs()),
        "accepted": accepted.entries.load(Ordering::Relaxed),
        "accepted_before": accepted.duplicates.load(Ordering::Relaxed),
        "stages": stages,
    })
}
