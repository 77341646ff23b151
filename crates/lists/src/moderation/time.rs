//! What waits too long.

use std::time::Duration;

use posthaste_model::{Action, Timestamp};
use posthaste_store::Mark;

use super::{Desk, Moderator, Ruling};
use crate::runners::{Tools, Trouble};

/// What nobody decided about for half a year is dropped, whatever the list says.
const LONGEST: Duration = Duration::from_hours(180 * 24);
/// A clock that jumps must not cost a post (P19): what is too old must still be so when it is looked at again.
const SURELY: Duration = Duration::from_mins(50);
/// The mark of what was too old when it was looked at first.
const OVERDUE: &str = "overdue";
/// So many posts of a list at once.
const PAGE: u64 = 500;

/// Drops posts that waited longer than their list wants.
pub(crate) async fn expire(tools: &Tools) -> Result<(), Trouble> {
    let now = tools.clock.now();
    let desk = Desk::new(tools.store.clone());
    let mut dropped = 0_u32;
    for waiting in tools.store.held_counts().await? {
        let Some(list) = tools.store.list_by_key(waiting.list).await? else { continue };
        let before = now.minus(longest(list.settings.max_days_to_hold));
        if waiting.oldest >= before {
            continue;
        }
        for post in tools.store.held_before(list.id, before, PAGE).await? {
            let mark = Mark { who: String::new(), at: now };
            let seen =
                tools.store.mark(OVERDUE, post.id.uuid(), &mark, Timestamp::from_micros(i64::MIN)).await?;
            if seen.is_some_and(|first| now.since(first.at) >= SURELY) {
                desk.rule(post.number, &Ruling::new(Action::Discard), &Moderator::clock(), now).await?;
                tools.store.unmark(OVERDUE, post.id.uuid()).await?;
                dropped += 1;
            }
        }
    }
    tools.store.forget_marks(OVERDUE, now.minus(2 * Duration::from_hours(24))).await?;
    if dropped > 0 {
        tracing::info!(dropped, "held posts dropped that nobody decided about");
        tools.decisions.ring();
    }
    Ok(())
}

/// How long a post of a list with this setting waits.
fn longest(max_days_to_hold: u64) -> Duration {
    match max_days_to_hold {
        0 => LONGEST,
        days => Duration::from_secs(days.saturating_mul(86_400)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_may_be_shorter_of_patience_than_the_site_not_longer() {
        for (days, longest_days) in [(0, 180), (1, 1), (30, 30), (180, 180), (10_000, 180), (u64::MAX, 180)] {
            assert_eq!(longest(days), Duration::from_hours(longest_days * 24), "{days}");
        }
    }
}
