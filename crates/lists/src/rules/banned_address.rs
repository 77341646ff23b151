use posthaste_model::MailingList;

use super::Rule;
use crate::{facts::Facts, post::Post, reason::Reason};

/// A sender is banned.
pub(super) struct BannedAddress;

impl Rule for BannedAddress {
    const NAME: &'static str = "banned-address";

    fn check(post: &Post, _: &MailingList, facts: &Facts) -> Option<Reason> {
        let senders = post.senders();
        let (address, ban) = facts.banned.iter().find(|(address, _)| senders.contains(address))?;
        Some(Reason::phrase(
            Self::NAME,
            "reason.banned-address",
            [("address", address.to_string()), ("ban", ban.clone())],
        ))
    }

    fn passed(_: &Post, _: &MailingList, _: &Facts) -> String {
        "no sender is banned".into()
    }
}
