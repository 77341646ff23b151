//! Counting what the relay said.

use posthaste_model::Stage;

use super::Outgoing;
use super::dispatch::Dispatch;
use crate::delivery::{Met, Next};

impl Outgoing {
    /// Counts these answers, after which `next` comes.
    pub(super) fn tally(&self, dispatch: &Dispatch, results: &[Met], next: Next) {
        if dispatch.canary().is_some() {
            return;
        }
        let address = |index| dispatch.planned.recipients.address(index).unwrap_or_default();
        self.events.answered(results.iter().map(|met| (met, address(met.0))));
        let done = results.iter().filter(|(_, fate, _)| fate.is_final()).count();
        self.spool.lighten(dispatch.id(), Stage::Out, u32::try_from(done).unwrap_or(u32::MAX));
        // Who was told "not now" by their own server was handed over to it; whom we could not even ask was not.
        let handed_over = match next {
            // Who rests does so by order: the post is as far as it may come.
            Next::Done | Next::Rest => true,
            Next::Again { broken_only } => !broken_only,
            Next::Round => false,
        };
        if handed_over && let Some(received) = dispatch.count_once() {
            self.events.post_done(received, self.clock.now());
        }
    }
}
