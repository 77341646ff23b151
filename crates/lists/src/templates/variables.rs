//! What the `$names` in a text about a list stand for.

use std::borrow::Cow;

use posthaste_model::MailingList;

use crate::facts::SiteFacts;
use crate::template::list_variable;

/// Names that texts written for earlier versions of Mailman use, and what they are called now.
const SYNONYMS: &[(&str, &str)] = &[
    ("address", "user_email"),
    ("adminaddr", "owner_email"),
    ("confirm_address", "confirm_email"),
    ("contact_address", "owner_email"),
    ("domain_name", "domain"),
    ("email", "user_email"),
    ("email_address", "user_email"),
    ("got_list_email", "listname"),
    ("got_owner_email", "owner_email"),
    ("got_request_email", "request_email"),
    ("list_requests", "request_email"),
    ("mlist", "display_name"),
    ("owneraddr", "owner_email"),
    ("owneremail", "owner_email"),
    ("requestaddr", "request_email"),
    ("sender", "sender_email"),
    ("siteowner", "site_email"),
    ("user_address", "user_email"),
    ("user_name_or_address", "user_name_or_email"),
    // Both names mean whom the mail is for, and texts use one or the other.
    ("user_email", "sender_email"),
    ("sender_email", "user_email"),
];

/// The values for one text.
#[derive(Clone, Copy)]
pub(crate) struct Variables<'a> {
    /// Those of the occasion; they come first.
    pub(crate) own: &'a [(&'a str, &'a str)],
    /// The list it is about.
    pub(crate) list: &'a MailingList,
    /// The site.
    pub(crate) site: &'a SiteFacts,
    /// The language of the reader.
    pub(crate) language: &'a str,
}

impl<'a> Variables<'a> {
    /// The value of a name, if it has one.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.plain(name).or_else(|| {
            let mut now = SYNONYMS.iter().filter(|(old, _)| *old == name).map(|(_, now)| *now);
            now.find_map(|now| {
                self.plain(now).or_else(|| {
                    // `email` is whom the mail is for under either of its names.
                    let twin = SYNONYMS.iter().find(|(old, _)| *old == now)?.1;
                    self.own(twin).map(Cow::from)
                })
            })
        })
    }

    fn plain(&self, name: &str) -> Option<Cow<'a, str>> {
        if let Some(value) = self.own(name) {
            return Some(Cow::from(value));
        }
        if name == "language" {
            return Some(Cow::from(self.language));
        }
        list_variable(self.list, self.site, name)
    }

    fn own(&self, name: &str) -> Option<&'a str> {
        self.own.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }
}

/// What every text about a list may use.
pub(super) const EVERYWHERE: &[&str] = &[
    "base_url",
    "description",
    "display_name",
    "domain",
    "domain_url",
    "fqdn_listname",
    "held_message_url",
    "info",
    "language",
    "list_id",
    "list_name",
    "listname",
    "mail_host",
    "mailinglist_url",
    "owner_email",
    "pending_subscriptions_url",
    "pending_unsubscriptions_url",
    "request_address",
    "request_email",
    "short_listname",
    "site_email",
];

/// True if the name means something in every text: one that all have, one of earlier days, or a page of an archive.
pub(crate) fn is_known(name: &str) -> bool {
    EVERYWHERE.contains(&name)
        || crate::template::PER_RECIPIENT.contains(&name)
        || SYNONYMS.iter().any(|(old, _)| *old == name)
        || name.ends_with("_url")
}

#[cfg(test)]
mod tests {
    use posthaste_model::{ListName, ListSeed, Style, Timestamp};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn names_of_old_mean_what_they_are_called_now() {
        let name = ListName::parse("dev@lists.example.org").unwrap();
        let list =
            ListSeed { name, style: Style::LegacyDefault, at: Timestamp::default() }.into_list(Uuid::nil());
        let site = SiteFacts { owner: "site@x.org".into(), ..SiteFacts::default() };
        let own = [("sender_email", "anne@x.org"), ("listname", "Dev")];
        let variables = Variables { own: &own, list: &list, site: &site, language: "de" };
        for (name, value) in [
            ("sender", Some("anne@x.org")),
            ("user_email", Some("anne@x.org")),
            ("email", Some("anne@x.org")),
            ("user_address", Some("anne@x.org")),
            ("listname", Some("Dev")),
            ("fqdn_listname", Some("dev@lists.example.org")),
            ("list_requests", Some("dev-request@lists.example.org")),
            ("siteowner", Some("site@x.org")),
            ("language", Some("de")),
            ("base_url", None),
            ("dummy", None),
        ] {
            assert_eq!(variables.get(name).as_deref(), value, "{name}");
        }
    }
}
