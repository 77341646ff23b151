use posthaste_model::{Action, MailingList};

use super::Rule;
use crate::{facts::Facts, post::Post, reason::Reason};

/// The author is a member, and something is set for their posts.
pub(super) struct MemberModeration;

impl Rule for MemberModeration {
    const NAME: &'static str = "member-moderation";

    fn check(post: &Post, list: &MailingList, facts: &Facts) -> Option<Reason> {
        let author = facts.author(post)?;
        let action = author.moderation_action.unwrap_or(list.settings.default_member_action);
        (action != Action::Defer)
            .then(|| Reason::new(Self::NAME, "The message comes from a moderated member.").asking(action))
    }
}
