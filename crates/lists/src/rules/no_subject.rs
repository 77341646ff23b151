use posthaste_model::MailingList;

use super::Rule;
use crate::{facts::Facts, post::Post, reason::Reason};

/// No subject, or a blank one.
pub(super) struct NoSubject;

impl Rule for NoSubject {
    const NAME: &'static str = "no-subject";

    fn check(post: &Post, _: &MailingList, _: &Facts) -> Option<Reason> {
        post.subject().trim().is_empty().then(|| Reason::phrase(Self::NAME, "reason.no-subject", []))
    }

    fn passed(_: &Post, _: &MailingList, _: &Facts) -> String {
        "there is a subject".into()
    }
}
