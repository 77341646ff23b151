//! Moderators' links: looking at one held post, and deciding.

use std::sync::Arc;

use posthaste_lists::moderation::{Case, Desk, Moderator, Ruled, Ruling, Way, excerpt};
use posthaste_lists::{Bell, LiveSite};
use posthaste_model::{Action, Address, Clock, ListId};
use posthaste_store::{Store, StoreError};
use posthaste_web::{HeldPost, Measure};

use crate::serve::Deed;

/// Where those who came by link are served.
#[derive(Clone)]
pub(super) struct Counter {
    pub(super) desk: Desk,
    pub(super) store: Store,
    pub(super) site: Arc<LiveSite>,
    pub(super) bell: Arc<Bell>,
    pub(super) clock: Arc<dyn Clock>,
}

/// What they want.
pub(super) struct Wish {
    pub(super) measure: Measure,
    pub(super) reason: String,
    pub(super) forward: String,
    pub(super) preserve: bool,
    pub(super) force: bool,
}

/// For people whose click came in an outage.
const AWAY: &str = "The database does not answer; please try again in a minute.";

impl Counter {
    /// Writes down what `who` did on a page.
    pub(super) fn note(&self, deed: Deed, who: &str) {
        deed.note(&self.store, format!("{who} on a page"), self.clock.now());
    }

    /// The post, if it waits on this list and this is a moderator of it still.
    async fn case(&self, list: &ListId, number: i64, moderator: &str) -> Result<Option<Case>, String> {
        let found = async {
            let Some(case) = self.desk.case(number, self.clock.now()).await? else { return Ok(None) };
            let theirs =
                case.list.list_id == *list && self.desk.may(&case.list, &self.site.get(), moderator).await?;
            Ok(theirs.then_some(case))
        };
        found.await.map_err(away)
    }

    pub(super) async fn look(
        &self,
        list: &ListId,
        number: i64,
        moderator: &str,
    ) -> Result<Option<HeldPost>, String> {
        let Some(case) = self.case(list, number, moderator).await? else { return Ok(None) };
        let Some(held) = self.store.held(case.post.id).await.map_err(away)? else { return Ok(None) };
        Ok(Some(HeldPost {
            list: case.list.name.to_string(),
            sender: case.post.sender,
            subject: case.post.subject,
            reasons: case.post.reasons,
            since: case.post.held_at,
            size: case.post.size,
            excerpt: excerpt(held.message),
            claimed: case.claim.map(|claim| claim.who).filter(|who| who != moderator),
            decided: case.decision.map(|d| format!("{} was decided by {}.", d.action, d.who)),
        }))
    }

    pub(super) async fn decide(
        &self,
        list: &ListId,
        number: i64,
        moderator: &str,
        wish: Wish,
    ) -> Result<String, String> {
        let now = self.clock.now();
        let by = Moderator::new(moderator, Way::Link);
        let Some(case) = self.case(list, number, moderator).await? else {
            let gone = self.desk.rule(number, &Ruling::new(Action::Defer), &by, now).await.map_err(away)?;
            return match gone {
                before @ Ruled::Before { .. } => Err(sentence(&before, Action::Defer)),
                _ => {
                    Err("This post does not wait any more, or you do not moderate its list any more.".into())
                }
            };
        };
        if wish.measure == Measure::Claim {
            let other = self.desk.claim(&case.post, moderator, now).await.map_err(away)?;
            return match other {
                None => {
                    Ok("You have it in hand; other moderators are asked to wait for half an hour.".into())
                }
                Some(other) => Err(sentence(&Ruled::Claimed(other), Action::Defer)),
            };
        }
        let action = match wish.measure {
            Measure::Accept => Action::Accept,
            Measure::Reject => Action::Reject,
            Measure::Discard => Action::Discard,
            Measure::Claim | Measure::Forward => Action::Defer,
        };
        let forward = match wish.forward.as_str() {
            "" if wish.measure == Measure::Forward => return Err("Say to whom the copy is to go.".into()),
            "" => vec![],
            text => vec![Address::parse(text).map_err(|error| error.to_string())?],
        };
        let reason = Some(wish.reason).filter(|reason| !reason.is_empty());
        let ruling = Ruling { action, reason, forward, preserve: wish.preserve, force: wish.force };
        let ruled = self.desk.rule(number, &ruling, &by, now).await.map_err(away)?;
        self.bell.ring();
        let said = sentence(&ruled, action);
        if ruled == Ruled::Now { Ok(said) } else { Err(said) }
    }
}

/// What came of it, for people.
fn sentence(ruled: &Ruled, action: Action) -> String {
    match ruled {
        Ruled::Now => match action {
            Action::Accept => "Accepted: it goes to the list now.".into(),
            Action::Reject => "Rejected: it goes back to its author.".into(),
            Action::Discard => "Discarded: nobody gets it.".into(),
            Action::Defer | Action::Hold => "It waits on; the copy is sent.".into(),
        },
        Ruled::Before { who, action } => format!("It was decided before: {action}, by {who}."),
        Ruled::Claimed(claim) => format!("{} has it in hand since {}.", claim.who, claim.at),
        Ruled::NotThere => "There is no such post any more.".into(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn away(error: StoreError) -> String {
    tracing::warn!(%error, "deciding by link");
    AWAY.to_owned()
}
