//! Time that has surely passed: a clock that jumps for a moment must expire nothing (P19).

use std::time::Duration;

use posthaste_model::Timestamp;
use posthaste_store::Mark;
use uuid::Uuid;

use super::station::{Tools, Trouble};

/// Two looks at the clock must lie so far apart.
const SURELY: Duration = Duration::from_mins(50);
/// Who set the mark; a later look of ours takes the place of one before.
const US: &str = "posthaste";

/// What it was by the look before this one, if that lies long enough back: everything that was over then and still is may
/// go. `None` if it cannot be known yet. `name` is what is looked after.
pub(super) async fn surely(tools: &Tools, name: &str) -> Result<Option<Timestamp>, Trouble> {
    let now = tools.clock.now();
    let before = tools.store.marks(name).await?.remove(&Uuid::nil()).map(|mark| mark.at);
    let (past, look) = compare(before, now);
    if look {
        let mark = Mark { who: US.to_owned(), at: now };
        tools.store.mark(name, Uuid::nil(), &mark, now).await?;
    }
    Ok(past)
}

/// What is surely past, and whether this look is to be remembered.
fn compare(before: Option<Timestamp>, now: Timestamp) -> (Option<Timestamp>, bool) {
    match before {
        // The clock went back: one of the two looks was wrong.
        Some(before) if before > now => (None, true),
        Some(before) if now.since(before) < SURELY => (None, false),
        Some(before) => (Some(before), true),
        None => (None, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p19_only_what_two_looks_agree_on_is_past() {
        let at = |minutes: u64| Timestamp::default().plus(Duration::from_mins(minutes));
        let years = 10 * 366 * 24 * 60;
        for (before, now, past, look) in [
            (None, 0, None, true),
            (Some(0), 10, None, false),
            (Some(0), 60, Some(0), true),
            // Ten years on for a moment, restarted twice meanwhile, and back.
            (Some(60), years, Some(60), true),
            (Some(years), years + 1, None, false),
            (Some(years), 120, None, true),
            (Some(120), 180, Some(120), true),
        ] {
            assert_eq!(compare(before.map(at), at(now)), (past.map(at), look), "{before:?} {now}");
        }
    }
}
