//! Recipients whose destination an administrator lets rest: they wait, and nobody gives them up.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use posthaste_spool::{Kind, SpoolError, Then};

use super::Outgoing;
use super::dispatch::Dispatch;
use crate::delivery::Destinations;
use crate::history::TraceEvent;

/// An entry that waits for nobody else is looked at again so often; the end of the rest makes it due at once.
const LOOK: Duration = Duration::from_hours(1);

impl Outgoing {
    /// What is known of destinations now.
    pub(super) fn known(&self) -> MutexGuard<'_, Destinations> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.at(self.clock.monotonic(), self.spool.resting_destinations());
        known
    }

    /// Only recipients whose destination rests still wait: the entry sleeps, and no attempt is counted.
    pub(super) async fn rest(&self, dispatch: &Arc<Dispatch>) -> Result<(), SpoolError> {
        if dispatch.rouse(&self.known()) {
            self.offer_again(dispatch);
            return Ok(());
        }
        let (now, waiting) = (self.clock.now(), dispatch.resting());
        let due = now.plus(LOOK);
        let detail = serde_json::json!({ "resting": waiting, "until": due });
        tracing::info!(waiting, "the destinations of all who wait rest");
        dispatch.log(TraceEvent::new(now, Kind::Note, detail.clone()));
        self.failures.forget(dispatch.id());
        self.append(dispatch, Kind::Note, Then::Again { due }, detail.to_string().into()).await?;
        // The rest may have ended in between, and nobody would have woken what did not sleep yet.
        if dispatch.rouse(&self.known())
            && let Err(error) = self.spool.retry(dispatch.id()).await
        {
            tracing::debug!(%error, "an entry whose destination rests no more");
        }
        Ok(())
    }

    /// Puts a dispatch among the open ones again.
    pub(super) fn offer_again(&self, dispatch: &Arc<Dispatch>) {
        let mut open = self.lock();
        if !open.iter().any(|other| Arc::ptr_eq(other, dispatch)) {
            open.push_back(dispatch.clone());
        }
        drop(open);
        self.work.notify_one();
    }
}
