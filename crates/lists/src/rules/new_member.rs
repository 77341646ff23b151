use posthaste_model::{Action, MailingList};

use super::Rule;
use crate::facts::{Facts, MembershipFact};
use crate::{post::Post, reason::Reason};

/// The author is a member whose first posts a moderator wants to see.
pub(super) struct NewMember;

impl Rule for NewMember {
    const NAME: &'static str = "new-member";

    fn check(post: &Post, list: &MailingList, facts: &Facts) -> Option<Reason> {
        let author = unproven(post, list, facts)?;
        let (had, wanted) = (author.accepted_posts, list.settings.new_member_posts);
        let counts = [("wanted", wanted.to_string()), ("had", had.to_string())];
        Some(Reason::phrase(Self::NAME, "reason.new-member", counts).asking(Action::Hold))
    }

    fn passed(post: &Post, list: &MailingList, facts: &Facts) -> String {
        match (list.settings.new_member_posts, facts.author(post)) {
            (0, _) => "new members are not moderated".into(),
            (_, None) => "the author is no member".into(),
            (wanted, Some(author)) => {
                format!(
                    "{} posts of the author were accepted, {wanted} are wanted, or the author is exempt",
                    author.accepted_posts
                )
            }
        }
    }
}

/// The author, if fewer posts of theirs were accepted than the list wants. Who runs the list, or has an action of their
/// own, is known well enough.
fn unproven<'a>(post: &Post, list: &MailingList, facts: &'a Facts) -> Option<&'a MembershipFact> {
    let author = facts.author(post)?;
    let few = author.accepted_posts < list.settings.new_member_posts;
    (few && author.moderation_action.is_none() && !facts.author_runs_list(post)).then_some(author)
}
