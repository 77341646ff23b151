//! About joining, leaving and what one can do by mail.

use posthaste_mime::{AutoSubmitted, Field};
use posthaste_model::{EntryId, MailingList, Timestamp};
use posthaste_spool::NewEntry;

use super::{Letter, list_id_field};
use crate::site::Site;
use crate::templates::Wording;

/// What such a letter says to whom.
pub(crate) struct MembershipLetter<'a> {
    /// What it belongs to, and what it is for: together they make its id.
    pub(crate) deed: EntryId,
    /// See `deed`.
    pub(crate) purpose: &'a str,
    /// The list.
    pub(crate) list: &'a MailingList,
    /// Which of the list's addresses it comes from.
    pub(crate) from: String,
    /// The To field.
    pub(crate) to: String,
    /// Who gets it.
    pub(crate) recipients: &'a [String],
    /// What it says.
    pub(crate) wording: Wording,
    /// It answers a mail.
    pub(crate) answer: bool,
    /// Further fields.
    pub(crate) extra: Vec<Field>,
}

impl MembershipLetter<'_> {
    /// The entry; `None` if there is nobody to write to.
    pub(crate) fn into_entry(self, site: &Site, at: Timestamp) -> Option<NewEntry> {
        let mut extra = self.extra;
        extra.push(list_id_field(self.list));
        Letter {
            parent: self.deed,
            purpose: self.purpose,
            list: &self.list.list_id,
            from: &self.from,
            to: &self.to,
            recipients: self.recipients,
            subject: self.wording.subject,
            text: self.wording.text,
            auto_submitted: if self.answer { AutoSubmitted::Replied } else { AutoSubmitted::Generated },
            extra,
            attached: None,
            hostname: &site.hostname,
            at,
        }
        .into_entry()
    }
}
