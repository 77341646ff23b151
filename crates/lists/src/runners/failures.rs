//! Who is to blame when work on an entry comes to a bad end: the entry, or the runner (P14, P9).
//!
//! An entry that fails three times while others do well is poison and is set aside. But where everything fails, nothing is
//! set aside: then the trouble is ours, the mail waits, and goes out when the trouble is over without anybody's hand.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthaste_model::{EntryId, Stage};
use posthaste_spool::Leased;

use super::poison::Poison;
use super::working::{Caution, Mark, Working};

/// An entry that failed so often is set aside, if it is to blame.
const ATTEMPTS: u32 = 3;
/// When so many others fail too and nothing goes well, the entries are not to blame.
const EPIDEMIC: usize = 3;
/// Between attempts, at most.
const LONGEST: Duration = Duration::from_secs(30);
/// What stands in the reason of an entry that was set aside without proof.
const UNPROVEN: &str =
    "nothing else went well meanwhile, so it is tried once more by itself as soon as something does";

/// What failed at one stage since it last went well.
pub(crate) struct Failures {
    stage: Stage,
    state: Mutex<State>,
    /// What was being worked on when the process died.
    pub(super) working: Option<Arc<Working>>,
    pub(super) poison: Poison,
}

#[derive(Debug, Default)]
struct State {
    /// How much went well since the start.
    well: u64,
    failing: HashMap<EntryId, Failing>,
    /// Set aside without proof.
    doubtful: Vec<EntryId>,
    /// Had their second chance.
    chanced: HashSet<EntryId>,
}

#[derive(Debug)]
struct Failing {
    times: u32,
    /// How much had gone well when this one failed first.
    since: u64,
    /// Something went well since.
    proven: bool,
    why: String,
}

impl Failures {
    pub(crate) fn new(stage: Stage) -> Self {
        Self { stage, state: Mutex::default(), working: None, poison: Poison::default() }
    }

    /// Counts a failure; says how long to wait before the next attempt.
    pub(crate) fn failed(&self, id: EntryId, why: &str) -> Duration {
        let mut state = self.lock();
        let (well, others) = (state.well, state.failing.len() - usize::from(state.failing.contains_key(&id)));
        let failing = state.failing.entry(id).or_insert_with(|| Failing {
            times: 0,
            since: well,
            proven: false,
            why: String::new(),
        });
        failing.proven |= well > failing.since;
        failing.times = count(failing.times, failing.proven, others);
        why.clone_into(&mut failing.why);
        tracing::error!(%id, stage = %self.stage, attempt = failing.times, why, "work on an entry failed");
        (Duration::from_millis(250) * 2_u32.pow(failing.times.min(8))).min(LONGEST)
    }

    /// Work goes well. Gives the entries that were set aside when nothing did: they are to have a second chance.
    pub(crate) fn moves(&self) -> Vec<EntryId> {
        let mut state = self.lock();
        state.well += 1;
        let doubtful = std::mem::take(&mut state.doubtful);
        state.chanced.extend(&doubtful);
        doubtful
    }

    /// True if an entry in quarantine for this reason is to be tried again by itself after a start.
    pub(crate) fn is_doubtful(why: &str) -> bool {
        why.contains(UNPROVEN)
    }

    /// It was set aside.
    pub(crate) fn put_aside(&self, id: EntryId) {
        {
            let mut state = self.lock();
            if state.doubts(id) {
                state.doubtful.push(id);
            }
        }
        self.forget(id);
    }

    /// Why the entry is to be set aside, if it is.
    pub(crate) fn verdict(&self, id: EntryId) -> Option<String> {
        let state = self.lock();
        let failing = state.failing.get(&id).filter(|failing| failing.times >= ATTEMPTS)?;
        let doubt = if state.doubts(id) { format!(" ({UNPROVEN})") } else { String::new() };
        Some(format!(
            "stage {}: failed {} times, the last time: {}{doubt}. Retry with: posthaste queue retry {id}",
            self.stage, failing.times, failing.why
        ))
    }

    /// It was set aside or has left the stage: it begins anew if it ever comes back.
    pub(crate) fn forget(&self, id: EntryId) {
        self.lock().failing.remove(&id);
        if let Some(working) = &self.working {
            working.acquit(self.stage, id);
        }
    }

    /// To be held while something is done that the entry's content could break, and not over a wait.
    pub(crate) fn mark(&self, id: EntryId) -> Option<Mark<'_>> {
        self.working.as_ref()?.mark(self.stage, id)
    }

    /// Whether the entry may be worked on now: what it is held against it from this process and from those that died.
    pub(crate) async fn caution(&self, id: EntryId) -> Caution<'_> {
        if let Some(why) = self.verdict(id) {
            return Caution::Guilty(why);
        }
        match &self.working {
            Some(working) => working.caution(self.stage, id).await,
            None => Caution::None,
        }
    }

    /// In a drill, does what the message asks for.
    pub(crate) async fn swallow(&self, id: EntryId, message: &[u8]) {
        let hang = {
            let _mark = self.mark(id);
            self.poison.swallow(self.stage, message)
        };
        if hang {
            std::future::pending::<()>().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// True if an entry's failures prove nothing and it has had no second chance.
    fn doubts(&self, id: EntryId) -> bool {
        self.failing.get(&id).is_some_and(|failing| !failing.proven) && !self.chanced.contains(&id)
    }
}

/// How many failures stand against an entry after one more. In an epidemic, where many fail and nothing goes well,
/// nobody collects the last one.
fn count(times: u32, others_went_well: bool, others_failing: usize) -> u32 {
    let epidemic = !others_went_well && others_failing >= EPIDEMIC;
    if epidemic { (times + 1).min(ATTEMPTS - 1) } else { times + 1 }
}

/// Work on a leased entry. Dropped before it was said how it ended, the task died or was replaced: a failure.
pub(super) struct Attempt<'a> {
    failures: &'a Failures,
    leased: &'a Leased,
    open: bool,
}

impl<'a> Attempt<'a> {
    pub(super) const fn new(failures: &'a Failures, leased: &'a Leased) -> Self {
        Self { failures, leased, open: true }
    }

    /// The work is done. Gives what [`Failures::moves`] gives.
    pub(super) fn well(mut self) -> Vec<EntryId> {
        self.open = false;
        self.failures.forget(self.leased.id());
        self.failures.moves()
    }

    /// The work failed; the entry rests before it is tried again.
    pub(super) fn failed(mut self, why: &str) {
        self.leased.rest(self.failures.failed(self.leased.id(), why));
        self.open = false;
    }

    /// The work was given up for reasons that tell nothing about the entry.
    pub(super) fn over(mut self) {
        self.open = false;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.open {
            self.leased.rest(self.failures.failed(self.leased.id(), untold()));
        }
    }
}

/// What can be said of work that ended without a word.
pub(super) fn untold() -> &'static str {
    if std::thread::panicking() {
        "the runner panicked at it"
    } else {
        "the runner made no progress and was replaced"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p14_the_third_failure_counts_unless_many_fail_and_nothing_goes_well() {
        let cases = [
            (0, true, 0, 1),
            (2, true, 0, 3),
            (2, true, 1_000, 3),
            (2, false, 0, 3),
            (2, false, 2, 3),
            (2, false, 3, 2),
            (2, false, 1_000, 2),
        ];
        for (times, well, others, wanted) in cases {
            assert_eq!(count(times, well, others), wanted, "{times} {well} {others}");
        }
    }

    #[test]
    fn p9_where_everything_fails_nothing_is_set_aside_then_or_later() {
        let failures = Failures::new(Stage::Incoming);
        let ids: Vec<_> = (0..8_u128).map(|n| EntryId::new(uuid::Uuid::from_u128(n))).collect();
        for _ in 0..10 {
            for id in &ids {
                assert!(failures.failed(*id, "x") <= LONGEST);
            }
        }
        // The trouble is over.
        let (poison, innocent) = ids.split_first().unwrap();
        for id in innocent {
            assert_eq!(failures.verdict(*id), None);
            failures.moves();
            failures.forget(*id);
        }
        assert_eq!(failures.verdict(*poison), None);
        failures.failed(*poison, "y");
        let why = failures.verdict(*poison).unwrap();
        assert!(why.contains("stage incoming") && why.contains("posthaste queue retry"), "{why}");
        assert!(!Failures::is_doubtful(&why), "{why}");
        failures.forget(*poison);
        assert_eq!(failures.verdict(*poison), None);
    }

    #[test]
    fn p9_who_was_set_aside_when_nothing_went_well_has_one_second_chance() {
        let failures = Failures::new(Stage::Incoming);
        let id = EntryId::new(uuid::Uuid::from_u128(1));
        let fail = || {
            for _ in 0..ATTEMPTS {
                failures.failed(id, "x");
            }
        };
        fail();
        assert!(Failures::is_doubtful(&failures.verdict(id).unwrap()));
        failures.put_aside(id);
        assert_eq!(failures.moves(), [id]);
        assert!(failures.moves().is_empty());
        fail();
        assert!(!Failures::is_doubtful(&failures.verdict(id).unwrap()));
        failures.put_aside(id);
        assert!(failures.moves().is_empty());
    }
}
