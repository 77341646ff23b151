//! To an author whose post a rule sent back.

use posthaste_mime::{AutoSubmitted, Message};
use posthaste_model::{EntryId, Envelope, MailingList, SubAddress, Timestamp};
use posthaste_spool::NewEntry;

use super::{Letter, list_id_field, reply_fields};
use crate::site::Site;
use crate::templates::Wording;

/// The notice in the words of `list:user:notice:rejected`. Ask [`super::may_answer`] before.
pub fn rejected(
    site: &Site,
    parent: EntryId,
    list: &MailingList,
    envelope: &Envelope,
    message: &Message,
    wording: Wording,
    at: Timestamp,
) -> Option<NewEntry> {
    let to = envelope.reverse_path.as_str();
    let mut extra = reply_fields(message);
    extra.push(list_id_field(list));
    Letter {
        parent,
        purpose: "rejected",
        list: &list.list_id,
        from: &list.name.address(SubAddress::Owner),
        to,
        recipients: &[to.to_owned()],
        subject: wording.subject,
        text: wording.text,
        auto_submitted: AutoSubmitted::Replied,
        extra,
        attached: Some(message.to_bytes()),
        hostname: &site.hostname,
        at,
    }
    .into_entry()
}
