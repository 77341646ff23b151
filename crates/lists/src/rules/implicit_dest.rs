use posthaste_model::MailingList;

use super::{Rule, pattern, umbrella};
use crate::{facts::Facts, post::Post, reason::Reason};

/// Neither To nor Cc names the list.
pub(super) struct ImplicitDest;

impl Rule for ImplicitDest {
    const NAME: &'static str = "implicit-dest";

    fn check(post: &Post, list: &MailingList, facts: &Facts) -> Option<Reason> {
        let settings = &list.settings;
        if !settings.require_explicit_destination
            || facts.from_news
            || umbrella::sent_by(post, list).is_some()
        {
            return None;
        }
        let posting = list.name.to_string();
        let named = post.explicit_recipients().iter().any(|recipient| {
            let address = recipient.address.key();
            address == posting
                || list.settings.acceptable_aliases.iter().any(|alias| is_alias(alias, address))
        });
        (!named).then(|| Reason::phrase(Self::NAME, "reason.implicit-dest", []))
    }

    fn passed(post: &Post, list: &MailingList, facts: &Facts) -> String {
        if !list.settings.require_explicit_destination {
            return "the list need not be named in To or Cc".into();
        }
        match umbrella::sent_by(post, list) {
            Some(above) => format!("it comes from {above}, a list above this one"),
            None if facts.from_news => "it comes from the newsgroup".into(),
            None => "To or Cc names the list".into(),
        }
    }
}

fn is_alias(alias: &str, address: &str) -> bool {
    if !alias.starts_with('^') {
        return alias.eq_ignore_ascii_case(address);
    }
    // What is no regular expression is meant literally.
    pattern::matches(alias, address).unwrap_or_else(|| alias.eq_ignore_ascii_case(address))
}
