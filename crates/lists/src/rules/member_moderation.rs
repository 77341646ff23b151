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
        let notice = list.settings.member_moderation_notice.trim();
        let reason = if action == Action::Reject && !notice.is_empty() {
            Reason::new(Self::NAME, notice)
        } else {
            Reason::phrase(Self::NAME, "reason.moderated-member", [])
        };
        (action != Action::Defer).then(|| reason.asking(action))
    }

    fn passed(post: &Post, _: &MailingList, facts: &Facts) -> String {
        match facts.author(post) {
            Some(author) => format!("the author is the member {}, whose posts go on", author.address),
            None => "the author is no member".into(),
        }
    }
}
