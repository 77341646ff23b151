//! To members who want to hear that their post went to the list.

use posthaste_mime::AutoSubmitted;
use posthaste_model::{MailingList, SubAddress, Timestamp};
use posthaste_spool::NewEntry;

use super::{Letter, list_id_field, may_answer, reply_fields};
use crate::facts::{Facts, MembershipFact};
use crate::post::Post;
use crate::site::Site;
use crate::templates::Wording;

/// The author's membership, if its owner wants to hear of every post and this one may be answered.
pub(crate) fn wanted_by<'f>(post: &Post, facts: &'f Facts) -> Option<&'f MembershipFact> {
    let member = facts.author(post).filter(|m| m.preferences.acknowledge_posts == Some(true))?;
    let unwanted = post.message.head.text("X-Ack").is_some_and(|v| v.trim().eq_ignore_ascii_case("no"));
    (!unwanted && may_answer(&post.envelope, &post.message)).then_some(member)
}

/// The notice, in the words of `list:user:notice:post`. It goes to the address of the membership, never to one that a
/// message merely names.
pub(crate) fn acknowledged(
    site: &Site,
    post: &Post,
    list: &MailingList,
    member: &MembershipFact,
    wording: Wording,
    at: Timestamp,
) -> Option<NewEntry> {
    let to = member.address.to_string();
    let mut extra = reply_fields(&post.message);
    extra.push(list_id_field(list));
    Letter {
        parent: post.id,
        purpose: "acknowledged",
        list: &list.list_id,
        from: &list.name.address(SubAddress::Owner),
        to: &to,
        recipients: std::slice::from_ref(&to),
        subject: wording.subject,
        text: wording.text,
        auto_submitted: AutoSubmitted::Replied,
        extra,
        attached: None,
        hostname: &site.hostname,
        at,
    }
    .into_entry()
}
