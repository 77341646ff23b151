//! About a post that waits for a moderator: to its author, and to who may decide.

use posthaste_mime::{AutoSubmitted, Message};
use posthaste_model::{EntryId, Envelope, MailingList, SubAddress, Timestamp};
use posthaste_spool::NewEntry;

use super::{Letter, list_id_field, may_answer, reply_fields};
use crate::site::Site;

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
    /// Why, in sentences.
    pub reasons: &'a [String],
    /// When.
    pub at: Timestamp,
}

impl Held<'_> {
    fn subject(&self) -> String {
        self.message.head.text("Subject").filter(|s| !s.trim().is_empty()).unwrap_or("(no subject)".into())
    }

    fn reasons(&self) -> String {
        self.reasons.iter().map(|r| format!("    {r}\n")).collect()
    }
}

/// To the author; `None` if the list does not tell, or the message must not be answered.
pub fn held_for_author(site: &Site, held: &Held<'_>) -> Option<NewEntry> {
    if !held.list.settings.respond_to_post_requests || !may_answer(held.envelope, held.message) {
        return None;
    }
    let to = held.envelope.reverse_path.as_str();
    let owner = held.list.name.address(SubAddress::Owner);
    let mut extra = reply_fields(held.message);
    extra.push(list_id_field(held.list));
    Letter {
        parent: held.id,
        purpose: "held-author",
        list: &held.list.list_id,
        from: &owner,
        to,
        recipients: &[to.to_owned()],
        subject: format!("Your message to {} awaits moderator approval", held.list.name),
        text: format!(
            "Your message\n\n    {}\n\nto the mailing list {} waits until a moderator has looked at it:\n\n{}\n\
             It will be sent to the list, or you will hear what was decided. Questions go to {owner}.\n",
            held.subject(),
            held.list.name,
            held.reasons(),
        ),
        auto_submitted: AutoSubmitted::Replied,
        extra,
        attached: None,
        hostname: &site.hostname,
        at: held.at,
    }
    .into_entry()
}

/// To owners and moderators, or to the site's owner if there are none; `None` if the list does not tell.
pub fn held_for_owners(site: &Site, held: &Held<'_>, owners: &[String]) -> Option<NewEntry> {
    if !held.list.settings.admin_immed_notify {
        return None;
    }
    let owner = held.list.name.address(SubAddress::Owner);
    let site_owner = [site.owner.clone()];
    let recipients = if owners.is_empty() { &site_owner } else { owners };
    let from = held.message.head.text("From").unwrap_or_default();
    Letter {
        parent: held.id,
        purpose: "held-owners",
        list: &held.list.list_id,
        from: &owner,
        to: &owner,
        recipients,
        subject: format!("A post to {} from {} needs approval", held.list.name, from.trim()),
        text: format!(
            "A post waits for a moderator of {}:\n\n    From:    {}\n    Subject: {}\n    Held as: {}\n\nbecause\n\n{}\n\
             The message is attached.\n",
            held.list.name,
            from.trim(),
            held.subject(),
            held.id,
            held.reasons(),
        ),
        auto_submitted: AutoSubmitted::Generated,
        extra: vec![list_id_field(held.list)],
        attached: Some(held.message.to_bytes()),
        hostname: &site.hostname,
        at: held.at,
    }
    .into_entry()
}
