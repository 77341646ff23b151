use posthaste_model::MailingList;

use super::{Rule, pattern};
use crate::{facts::Facts, post::Post, reason::Reason};

/// Neither To nor Cc names the list.
pub(super) struct ImplicitDest;

impl Rule for ImplicitDest {
    const NAME: &'static str = "implicit-dest";

    fn check(post: &Post, list: &MailingList, _: &Facts) -> Option<Reason> {
        if !list.settings.require_explicit_destination {
            return None;
        }
        let posting = list.name.to_string();
        let named = post.explicit_recipients().iter().any(|recipient| {
            let address = recipient.address.key();
            address == posting
                || list.settings.acceptable_aliases.iter().any(|alias| is_alias(alias, address))
        });
        (!named).then(|| Reason::new(Self::NAME, "The list is named neither in To nor in Cc."))
    }
}

fn is_alias(alias: &str, address: &str) -> bool {
    if !alias.starts_with('^') {
        return alias.eq_ignore_ascii_case(address);
    }
    // What is no regular expression is meant literally.
    pattern::matches(alias, address).unwrap_or_else(|| alias.eq_ignore_ascii_case(address))
}
