//! To an author whose post a rule sent back.

use posthaste_mime::{AutoSubmitted, Message};
use posthaste_model::{EntryId, Envelope, MailingList, SubAddress, Timestamp};
use posthaste_spool::NewEntry;

use super::{Letter, list_id_field, may_answer, reply_fields};
use crate::site::Site;

/// The notice; `None` if the message must not be answered.
pub fn rejected(
    site: &Site,
    parent: EntryId,
    list: &MailingList,
    envelope: &Envelope,
    message: &Message,
    reasons: &[String],
    at: Timestamp,
) -> Option<NewEntry> {
    if !may_answer(envelope, message) {
        return None;
    }
    let to = envelope.reverse_path.as_str();
    let owner = list.name.address(SubAddress::Owner);
    let subject =
        message.head.text("Subject").filter(|s| !s.trim().is_empty()).unwrap_or("(no subject)".into());
    let mut text = format!("Your message to the mailing list {} was not accepted:\n\n", list.name);
    for reason in reasons {
        text.push_str(&format!("    {reason}\n"));
    }
    text.push_str(&format!("\nYour message is attached. Questions go to the list's owners at {owner}.\n"));
    let mut extra = reply_fields(message);
    extra.push(list_id_field(list));
    Letter {
        parent,
        purpose: "rejected",
        list: &list.list_id,
        from: &owner,
        to,
        recipients: &[to.to_owned()],
        subject: format!("Not accepted: {subject}"),
        text,
        auto_submitted: AutoSubmitted::Replied,
        extra,
        attached: Some(message.to_bytes()),
        hostname: &site.hostname,
        at,
    }
    .into_entry()
}
