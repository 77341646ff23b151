use posthaste_model::MailingList;

use super::Rule;
use crate::{facts::Facts, post::Post, reason::Reason};

/// Too many addresses in To and Cc.
pub(super) struct MaxRecipients;

impl Rule for MaxRecipients {
    const NAME: &'static str = "max-recipients";

    fn check(post: &Post, list: &MailingList, _: &Facts) -> Option<Reason> {
        let most = list.settings.max_num_recipients;
        let count = post.recipient_count() as u64;
        (most > 0 && count >= most).then(|| {
            Reason::phrase(
                Self::NAME,
                "reason.max-recipients",
                [("count", count.to_string()), ("most", most.to_string())],
            )
        })
    }

    fn passed(post: &Post, list: &MailingList, _: &Facts) -> String {
        match list.settings.max_num_recipients {
            0 => "any number of recipients will do".into(),
            most => format!("{} recipients, fewer than {most}", post.recipient_count()),
        }
    }
}
