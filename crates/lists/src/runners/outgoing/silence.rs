//! A relay that is silent about some recipients must not hold up everybody else (P12).
//!
//! While somebody waits and no worker is free, a transaction in which the relay says nothing gives way
//! (before its message: nothing can arrive twice). Its recipients are offered again in smaller pieces, each destination
//! for itself, until it shows whom the relay is silent about. That destination is *slow* then: offered with what workers
//! are left, never with the last one, until it answers.

use std::sync::PoisonError;
use std::time::Duration;

use posthaste_smtp::client::Haste;

use super::Outgoing;
use super::dispatch::Dispatch;
use super::taken::Taken;
use crate::delivery::{Chunk, Fate, Met};

/// The relay may be silent for so long while somebody waits who may go at once …
const PATIENCE: Duration = Duration::from_secs(15);
/// … and for so long while only those wait whose destinations are slow themselves.
const LONG_PATIENCE: Duration = Duration::from_mins(1);
/// With fewer transactions under way than this, that none of them is answered says nothing about the relay.
const FEW: usize = 3;

/// What came of offering some recipients.
pub(super) struct Answers {
    /// Those that were answered for.
    pub(super) results: Vec<Met>,
    /// True if the relay was silent about the rest while others waited.
    pub(super) gave_way: bool,
}

impl Outgoing {
    /// Whether others wait.
    pub(super) fn haste(&self) -> Haste {
        Haste::new(self.patience.subscribe())
    }

    /// Sees whether anybody waits for a worker.
    pub(super) fn look_around(&self) {
        let patience = {
            let open = self.lock();
            if self.shares().free() == 0 && open.iter().any(|dispatch| dispatch.has_go()) {
                Some(PATIENCE)
            } else {
                // A free worker does not help those who are slow: the last one is not for them. Nor does it help whoever was
                // offered together with them before that was known.
                open.iter().any(|dispatch| dispatch.has_more()).then_some(LONG_PATIENCE)
            }
        };
        self.patience.send_if_modified(|was| std::mem::replace(was, patience) != patience);
    }

    /// The relay answered for these.
    pub(super) fn heard(&self, dispatch: &Dispatch, results: &[Met]) {
        if results.is_empty() {
            return;
        }
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = self.clock.monotonic();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.answered(results.iter().map(|(index, ..)| dispatch.domain(*index)));
    }

    /// The relay was silent about those of `taken` who are not in `results`. Says what is to be recorded; the others are
    /// offered again.
    pub(super) fn after_silence(
        &self,
        taken: &Taken<'_>,
        mut results: Vec<Met>,
        began: Duration,
    ) -> Vec<Met> {
        let dispatch = &taken.dispatch;
        self.heard(dispatch, &results);
        let answered = |index: &usize| results.iter().any(|(other, ..)| other == index);
        let silent: Chunk = taken.chunk.iter().copied().filter(|index| !answered(index)).collect();
        let Some(first) = silent.first().copied() else { return results };
        if self.is_silent_about_all(began) {
            tracing::info!("the relay is silent about everybody: these are offered again as they are");
            dispatch.give_back(&silent);
            self.offer_again(dispatch);
            return results;
        }
        let domain = dispatch.domain(first);
        if silent.iter().all(|index| dispatch.domain(*index).eq_ignore_ascii_case(domain)) {
            dispatch.is_silent(domain);
            self.known().silent(domain, self.clock.monotonic());
            tracing::info!(
                domain,
                recipients = silent.len(),
                "the relay is silent about a destination: others go first"
            );
        }
        if silent.len() == 1 {
            let said = "451 4.4.1 The mail server gave no answer while others waited";
            results.push((first, Fate::Deferred, said.into()));
        } else {
            dispatch.suspect(&silent);
            self.offer_again(dispatch);
        }
        results
    }

    /// True if many transactions are under way, and none was answered since this one began.
    fn is_silent_about_all(&self, began: Duration) -> bool {
        let workers = self.limits.workers;
        let busy = workers.saturating_sub(self.shares().free());
        busy >= FEW && *self.answered.lock().unwrap_or_else(PoisonError::into_inner) < began
    }
}
