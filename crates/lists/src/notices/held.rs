//! About a post that waits for a moderator: to its author, and to who may decide.

use posthaste_mime::{AutoSubmitted, Message};
use posthaste_model::{EntryId, Envelope, MailingList, SubAddress, Timestamp};
use posthaste_spool::NewEntry;

use super::{Letter, list_id_field, may_answer, reply_fields};
use crate::site::Site;
use crate::templates::Wording;

/// What was held.
#[derive(Clone, Copy)]
pub struct Held<'a> {
    /// Its entry.
    pub id: EntryId,
    /// On which list.
    pub list: &'a MailingList,
    /// What SMTP said.
    pub envelope: &'a Envelope,
    /// The message.
    pub message: &'a Message,
    /// When.
    pub at: Timestamp,
}

impl Held<'_> {
    /// True if the author is to hear of it: the list tells, and the message may be answered.
    pub fn author_is_told(&self) -> bool {
        self.list.settings.respond_to_post_requests && may_answer(self.envelope, self.message)
    }

    /// True if owners and moderators are to hear of it at once.
    pub fn owners_are_told(&self) -> bool {
        self.list.settings.admin_immed_notify
    }
}

/// To the author, in the words of `list:user:notice:hold`.
pub fn held_for_author(site: &Site, held: &Held<'_>, wording: Wording) -> Option<NewEntry> {
    let to = held.envelope.reverse_path.as_str();
    let mut extra = reply_fields(held.message);
    extra.push(list_id_field(held.list));
    Letter {
        parent: held.id,
        purpose: "held-author",
        list: &held.list.list_id,
        from: &held.list.name.address(SubAddress::Owner),
        to,
        recipients: &[to.to_owned()],
        subject: wording.subject,
        text: wording.text,
        auto_submitted: AutoSubmitted::Replied,
        extra,
        attached: None,
        hostname: &site.hostname,
        at: held.at,
    }
    .into_entry()
}
