use posthaste_model::{Address, MailingList};

use super::Rule;
use crate::{facts::Facts, post::Post, reason::Reason};

/// Nobody says they wrote it.
pub(super) struct NoSenders;

impl Rule for NoSenders {
    const NAME: &'static str = "no-senders";

    fn check(post: &Post, _: &MailingList, _: &Facts) -> Option<Reason> {
        post.senders().is_empty().then(|| Reason::phrase(Self::NAME, "reason.no-senders", []))
    }

    fn passed(post: &Post, _: &MailingList, _: &Facts) -> String {
        format!("written by {}", names(&post.senders()))
    }
}

fn names(senders: &[Address]) -> String {
    senders.iter().map(Address::as_str).collect::<Vec<_>>().join(", ")
}
