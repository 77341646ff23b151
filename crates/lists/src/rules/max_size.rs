use posthaste_model::MailingList;

use super::Rule;
use crate::{facts::Facts, post::Post, reason::Reason};

/// Too large.
pub(super) struct MaxSize;

impl Rule for MaxSize {
    const NAME: &'static str = "max-size";

    fn check(post: &Post, list: &MailingList, _: &Facts) -> Option<Reason> {
        let most = list.settings.max_message_size;
        (most > 0 && post.size > most.saturating_mul(1024)).then(|| {
            let size = post.size.div_ceil(1024);
            Reason::phrase(
                Self::NAME,
                "reason.max-size",
                [("size", size.to_string()), ("most", most.to_string())],
            )
        })
    }

    fn passed(post: &Post, list: &MailingList, _: &Facts) -> String {
        match list.settings.max_message_size {
            0 => "any size will do".into(),
            most => format!("{} KiB of at most {most}", post.size.div_ceil(1024)),
        }
    }
}
