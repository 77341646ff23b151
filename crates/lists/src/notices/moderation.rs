//! What follows from a moderator's decision: the refusal, the copy for somebody else; and the notice to each moderator.

use posthaste_mime::{AutoSubmitted, Field, Message};
use posthaste_model::{EntryId, MailingList, SubAddress, Timestamp};
use posthaste_spool::NewEntry;
use posthaste_store::HeldMessage;

use super::{Held, Letter, list_id_field, may_answer, reply_fields};
use crate::site::Site;
use crate::templates::{Wording, built_in_wording};

/// To one moderator, about a post that waits, in the words of `list:admin:action:post`. `answers` is where an answer of
/// this very moderator about this very post decides.
pub fn held_for_moderator(
    site: &Site,
    held: &Held<'_>,
    moderator: &str,
    answers: Option<&str>,
    wording: Wording,
) -> Option<NewEntry> {
    let mut extra = vec![list_id_field(held.list)];
    extra.extend(answers.map(|address| Field::structured("Reply-To", address)));
    Letter {
        parent: held.id,
        purpose: &format!("held-owners {moderator}"),
        list: &held.list.list_id,
        from: &held.list.name.address(SubAddress::Owner),
        to: moderator,
        recipients: &[moderator.to_owned()],
        subject: wording.subject,
        text: wording.text,
        auto_submitted: AutoSubmitted::Generated,
        extra,
        attached: Some(held.message.to_bytes()),
        hostname: &site.hostname,
        at: held.at,
    }
    .into_entry()
}

/// To the author of a post that a moderator rejected, in the words of `list:user:notice:refuse`; `None` if the post must
/// not be answered.
pub fn refused(
    site: &Site,
    list: &MailingList,
    held: &HeldMessage,
    wording: Wording,
    at: Timestamp,
) -> Option<NewEntry> {
    let message = Message::parse(held.message.clone());
    if !may_answer(&held.envelope, &message) {
        return None;
    }
    let to = held.envelope.reverse_path.as_str();
    let mut extra = reply_fields(&message);
    extra.push(list_id_field(list));
    Letter {
        parent: held.id,
        purpose: "refused",
        list: &list.list_id,
        from: &list.name.address(SubAddress::Owner),
        to,
        recipients: &[to.to_owned()],
        subject: wording.subject,
        text: wording.text,
        auto_submitted: AutoSubmitted::Replied,
        extra,
        attached: Some(held.message.clone()),
        hostname: &site.hostname,
        at,
    }
    .into_entry()
}

/// A copy of a held post for somebody whom a moderator named. `parent` is the decision.
pub fn forwarded(
    site: &Site,
    list: &MailingList,
    held: &HeldMessage,
    parent: EntryId,
    to: &str,
    who: &str,
    at: Timestamp,
) -> Option<NewEntry> {
    let languages = [list.settings.preferred_language.as_str(), site.default_language.as_str()];
    let name = list.name.to_string();
    let vars = [
        ("listname", name.as_str()),
        ("subject", &held.subject),
        ("sender_email", &held.sender),
        ("who", who),
    ];
    let wording = built_in_wording("notice.forwarded", &languages, &vars);
    attached(
        site,
        list,
        parent,
        &format!("forwarded {to}"),
        &[to.to_owned()],
        to,
        wording,
        held.message.clone(),
        at,
    )
}

/// To owners and moderators: a post that a rule dropped, if the list wants them to see it.
pub fn dropped(site: &Site, held: &Held<'_>, owners: &[String], reasons: &str) -> Option<NewEntry> {
    let list = held.list;
    let languages = [list.settings.preferred_language.as_str(), site.default_language.as_str()];
    let name = list.name.to_string();
    let subject = held.message.head.text("Subject").unwrap_or_default();
    let vars = [("listname", name.as_str()), ("subject", subject.trim()), ("reasons", reasons)];
    let wording = built_in_wording("notice.dropped", &languages, &vars);
    let to = list.name.address(SubAddress::Owner);
    attached(site, list, held.id, "dropped", owners, &to, wording, held.message.to_bytes(), held.at)
}

#[expect(clippy::too_many_arguments, reason = "the parts of one letter")]
fn attached(
    site: &Site,
    list: &MailingList,
    parent: EntryId,
    purpose: &str,
    recipients: &[String],
    to: &str,
    wording: Wording,
    message: bytes::Bytes,
    at: Timestamp,
) -> Option<NewEntry> {
    Letter {
        parent,
        purpose,
        list: &list.list_id,
        from: &list.name.address(SubAddress::Owner),
        to,
        recipients,
        subject: wording.subject,
        text: wording.text,
        auto_submitted: AutoSubmitted::Generated,
        extra: vec![list_id_field(list)],
        attached: Some(message),
        hostname: &site.hostname,
        at,
    }
    .into_entry()
}
