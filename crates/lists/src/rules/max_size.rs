use posthaste_model::MailingList;

use super::Rule;
use crate::pipeline::filtered_size;
use crate::{facts::Facts, post::Post, reason::Reason};

/// Too large.
pub(super) struct MaxSize;

impl Rule for MaxSize {
    const NAME: &'static str = "max-size";

    fn check(post: &Post, list: &MailingList, facts: &Facts) -> Option<Reason> {
        let most = list.settings.max_message_size;
        if most == 0 || post.size <= most.saturating_mul(1024) {
            return None;
        }
        let content = facts.site.content;
        let left = content.limit_filtered.then(|| filtered_size(&post.message, list, content)).flatten();
        let size = left.unwrap_or(post.size);
        (size > most.saturating_mul(1024)).then(|| {
            let size = size.div_ceil(1024);
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
