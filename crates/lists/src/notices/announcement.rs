//! A mail from the site to an owner of lists: planned work, mostly.

use posthaste_mime::AutoSubmitted;
use posthaste_model::{EntryId, ListId, Timestamp};
use posthaste_spool::NewEntry;

use super::Letter;
use crate::templates::phrase;

/// What is announced, to whom it may be of interest.
#[derive(Clone, Copy, Debug)]
pub struct Announcement<'a> {
    /// The same for all its mails; each of them has an id made from it and its recipient.
    pub id: EntryId,
    /// Our address.
    pub from: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The text; what lists it is about is added.
    pub text: &'a str,
    /// The language of the words around it.
    pub language: &'a str,
    /// The name of this host.
    pub hostname: &'a str,
    /// When.
    pub at: Timestamp,
}

impl Announcement<'_> {
    /// The mail for `owner`, who owns `lists`; `None` if that is no address or there are no lists.
    pub fn to_owner(&self, owner: &str, lists: &[(ListId, String)]) -> Option<NewEntry> {
        let (list, _) = lists.first()?;
        let names: Vec<_> = lists.iter().map(|(_, name)| format!("  {name}")).collect();
        let text = format!(
            "{}\n\n{}\n\n{}\n",
            self.text.trim_end(),
            phrase("announcement.why", &[self.language], &[]),
            names.join("\n")
        );
        Letter {
            parent: self.id,
            purpose: &format!("announcement to {owner}"),
            list,
            from: self.from,
            to: owner,
            recipients: &[owner.to_owned()],
            subject: self.subject.to_owned(),
            text,
            auto_submitted: AutoSubmitted::Generated,
            extra: vec![],
            attached: None,
            hostname: self.hostname,
            at: self.at,
        }
        .into_entry()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_owner_gets_one_mail_with_all_their_lists() {
        let announcement = Announcement {
            id: EntryId::new(Uuid::from_u128(1)),
            from: "postmaster@example.org",
            subject: "Maintenance",
            text: "Mail waits tonight.",
            language: "en",
            hostname: "lists.example.org",
            at: Timestamp::from_micros(0),
        };
        let lists = [("a", "a@x.org"), ("b", "b@x.org")].map(|(id, name)| (ListId::new(id), name.to_owned()));
        let entry = announcement.to_owner("anne@x.org", &lists).unwrap();
        let text = String::from_utf8(entry.message.to_vec()).unwrap();
        assert!(text.contains("To: anne@x.org\r\n") && text.contains("  a@x.org\r\n  b@x.org\r\n"), "{text}");
        assert!(text.contains("Auto-Submitted: auto-generated"), "{text}");
        assert_eq!(
            announcement.to_owner("anne@x.org", &lists).unwrap().id,
            entry.id,
            "the same again has the same id"
        );
        assert!(announcement.to_owner("anne@x.org", &[]).is_none());
    }
}
