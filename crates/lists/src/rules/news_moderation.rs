use posthaste_model::{MailingList, NewsgroupModeration};

use super::Rule;
use crate::{facts::Facts, post::Post, reason::Reason};

/// The linked newsgroup is moderated, and this list is where that happens.
pub(super) struct NewsModeration;

impl Rule for NewsModeration {
    const NAME: &'static str = "news-moderation";

    fn check(_: &Post, list: &MailingList, _: &Facts) -> Option<Reason> {
        (list.settings.newsgroup_moderation == NewsgroupModeration::Moderated)
            .then(|| Reason::phrase(Self::NAME, "reason.news-moderation", []))
    }

    fn passed(_: &Post, _: &MailingList, _: &Facts) -> String {
        "the list stands for no moderated newsgroup".into()
    }
}
