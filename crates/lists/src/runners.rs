//! The only part of this room that waits: each runner leases entries of one stage, does its step, records it.

use std::sync::Arc;

use posthaste_model::EntryId;
use posthaste_spool::{Quarantined, Spool};

mod answer;
mod archiving;
mod bounce;
mod chores;
mod command;
mod digests;
mod failures;
mod incoming;
mod moderation;
mod news;
mod outgoing;
mod poison;
mod side;
mod station;
mod steady;
mod working;

pub use archiving::Archiving;
pub use bounce::Bounces;
pub use chores::Chores;
pub use command::Commands;
pub use digests::Digests;
pub use incoming::Incoming;
pub(crate) use moderation::Approval;
pub use moderation::{Bell, Moderation};
pub use news::News;
pub use outgoing::{OutLimits, Outgoing};
pub use station::Tools;
pub(crate) use station::{Outcome, Trouble};
pub use working::Working;

/// Takes out of quarantine what was set aside when nothing went well; to be called after a start. Whatever broke the
/// runner then may be gone.
pub async fn second_chances(spool: &Arc<Spool>, set_aside: Vec<Quarantined>) {
    let doubtful = set_aside.into_iter().filter(|entry| failures::Failures::is_doubtful(&entry.why));
    retry(spool, doubtful.map(|entry| entry.id).collect()).await;
}

async fn retry(spool: &Arc<Spool>, entries: Vec<EntryId>) {
    for id in entries {
        match spool.retry(id).await {
            Ok(()) => tracing::info!(%id, "taken out of quarantine: it was set aside when nothing went well"),
            Err(error) => tracing::warn!(%id, %error, "cannot take an entry out of quarantine"),
        }
    }
}
