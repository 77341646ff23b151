use posthaste_model::{Action, MailingList};

use super::{Rule, own_loop};
use crate::{facts::Facts, post::Post, reason::Reason};

/// The message bears the moderator's password.
pub(super) struct Approved;

impl Rule for Approved {
    const NAME: &'static str = "approved";

    fn check(post: &Post, list: &MailingList, facts: &Facts) -> Option<Reason> {
        // Whoever has the password still makes no loop.
        (facts.approved && !own_loop::sent_before(post, list))
            .then(|| Reason::phrase(Self::NAME, "reason.approved", []).asking(Action::Accept))
    }

    fn passed(_: &Post, list: &MailingList, _: &Facts) -> String {
        match list.settings.moderator_password {
            Some(_) => "no Approved: field or first line with the moderator's password",
            None => "the list has no moderator_password",
        }
        .into()
    }
}
