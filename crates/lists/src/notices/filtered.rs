//! To who runs a list: a post that its content filter refused, instead of the members.

use posthaste_mime::AutoSubmitted;
use posthaste_model::{MailingList, SubAddress, Timestamp};
use posthaste_spool::NewEntry;

use super::{Letter, list_id_field};
use crate::post::Post;
use crate::reason::Reason;
use crate::site::Site;
use crate::templates::built_in_wording;

/// The notice, with the post attached; to the site's owner if the list has nobody.
pub(crate) fn filtered(
    site: &Site,
    post: &Post,
    list: &MailingList,
    owners: &[String],
    reason: &Reason,
    at: Timestamp,
) -> Option<NewEntry> {
    let owner = list.name.address(SubAddress::Owner);
    let languages = [list.settings.preferred_language.as_str(), &site.default_language];
    let (name, why) = (list.name.to_string(), reason.in_language(&languages));
    let wording = built_in_wording("notice.filtered", &languages, &[("listname", &name), ("reason", &why)]);
    let site_owner = [site.owner.clone()];
    Letter {
        parent: post.id,
        purpose: "filtered",
        list: &list.list_id,
        from: &owner,
        to: &owner,
        recipients: if owners.is_empty() { &site_owner } else { owners },
        subject: wording.subject,
        text: wording.text,
        auto_submitted: AutoSubmitted::Generated,
        extra: vec![list_id_field(list)],
        attached: Some(post.message.to_bytes()),
        hostname: &site.hostname,
        at,
    }
    .into_entry()
}
