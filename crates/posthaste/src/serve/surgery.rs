//! Queue surgery on many entries at once.

use std::sync::Arc;

use posthaste_lists::delivery::waiting_by_domain;
use posthaste_model::{EntryId, ListId, Stage};
use posthaste_spool::{Spool, SpoolError, Summary};
use tokio::task::JoinSet;

use crate::control::Which;

/// What is done to each.
#[derive(Clone, Copy)]
pub(super) enum Cut {
    /// Made due, or taken back from quarantine.
    Retry,
    /// Dropped.
    Remove,
}

/// Does it to every entry that `which` means; says how many there were, and what went wrong with the first that failed.
pub(super) async fn many(spool: &Arc<Spool>, which: &Which, cut: Cut) -> Result<String, SpoolError> {
    let all = spool.list().await?;
    let mut meant: Vec<EntryId> =
        all.iter().filter(|entry| which.means(entry)).map(|entry| entry.id).collect();
    if let Some(domain) = &which.destination {
        let mut there = Vec::new();
        for id in meant {
            // What cannot be read waits for nobody we know.
            let entry = spool.show(id).await.ok();
            if entry.is_some_and(|entry| waiting_by_domain(&entry.events).contains_key(domain)) {
                there.push(id);
            }
        }
        meant = there;
    }
    let mut work = JoinSet::new();
    for id in &meant {
        let (spool, id) = (spool.clone(), *id);
        work.spawn(async move {
            match cut {
                Cut::Retry => spool.retry(id).await,
                Cut::Remove => spool.remove(id).await,
            }
        });
    }
    let (mut done, mut failed) = (0, None);
    for outcome in work.join_all().await {
        match outcome {
            Ok(()) => done += 1,
            // It went its way in the meantime.
            Err(SpoolError::Gone(_)) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let verb = match cut {
        Cut::Retry => "are due now",
        Cut::Remove => "removed",
    };
    match failed {
        Some(error) if done == 0 => Err(error),
        Some(error) => Ok(format!("{done} of {} entries {verb}; of another: {error}", meant.len())),
        None => Ok(format!("{done} entries {verb}")),
    }
}

/// Ends a destination's rest, and makes due what waits for it.
pub(super) async fn resume_destination(spool: &Arc<Spool>, domain: &str) -> Result<String, SpoolError> {
    spool.resume_destination(domain).await?;
    let which = Which { stage: Some(Stage::Out), destination: Some(domain.to_owned()), ..Which::default() };
    let due = many(spool, &which, Cut::Retry).await?;
    Ok(format!("mail to {domain} goes on: {due}"))
}

/// The list-id of a list, by its name or list-id.
pub(crate) fn list_id(name: &str) -> ListId {
    ListId::new(name.to_lowercase().replace('@', "."))
}

impl Which {
    fn means(&self, entry: &Summary) -> bool {
        self.stage.is_none_or(|stage| !entry.quarantined && entry.stages.iter().any(|(s, _)| *s == stage))
            && self.list.as_deref().is_none_or(|list| list_id(list) == entry.list)
            && (!self.quarantined || entry.quarantined)
    }
}
