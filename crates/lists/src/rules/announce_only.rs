use posthaste_model::{Action, MailingList, Role};

use super::{Rule, nonmember_moderation::accepted, umbrella};
use crate::{facts::Facts, post::Post, reason::Reason};

/// `allow_list_posts` is off, and the author is none of those who may post all the same: owners, moderators, members and
/// nonmembers whose own action is accept (they never get here), and who is in `accept_these_nonmembers`.
pub(super) struct AnnounceOnly;

impl Rule for AnnounceOnly {
    const NAME: &'static str = "announce-only";

    fn check(post: &Post, list: &MailingList, facts: &Facts) -> Option<Reason> {
        if list.settings.allow_list_posts
            || facts.author_runs_list(post)
            || umbrella::sent_by(post, list).is_some()
        {
            return None;
        }
        let senders = post.senders();
        let free = |action: Option<Action>| action == Some(Action::Accept);
        if facts
            .memberships
            .iter()
            .any(|m| m.role == Role::Nonmember && free(m.moderation_action) && senders.contains(&m.sought))
            || senders.iter().any(|s| accepted(s, list, facts))
        {
            return None;
        }
        // A member learns at once why; a stranger's sender may be forged, so nothing is sent to it.
        let action = if facts.author(post).is_some() { Action::Reject } else { Action::Hold };
        Some(Reason::phrase(Self::NAME, "reason.announce-only", []).asking(action))
    }

    fn passed(_: &Post, list: &MailingList, _: &Facts) -> String {
        if list.settings.allow_list_posts {
            "members may post".into()
        } else {
            "the author may post to this list for announcements".into()
        }
    }
}
