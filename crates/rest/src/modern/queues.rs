use posthaste_model::Stage;
use serde_json::{Value, json};

use crate::call::Call;

/// `GET queues`
pub(super) fn all(call: &Call) -> Value {
    let spool = &call.api.tools.spool;
    let stages: Vec<Value> = Stage::ALL
        .into_iter()
        .map(|stage| {
            let pulse = spool.pulse(stage);
            json!({
                "stage": stage.name(), "waiting": pulse.depth, "due": pulse.due, "in_work": pulse.leased,
                "oldest_due": pulse.oldest_due.map(|at| at.to_string()), "paused": pulse.paused,
            })
        })
        .collect();
    let trouble = spool.unhealthy().map(|trouble| trouble.to_string());
    json!({ "stages": stages, "resting_lists": spool.resting_lists(), "trouble": trouble })
}
