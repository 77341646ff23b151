//! `BounceAbout` mail that failed: to the member whose it is, and to the owners.

use bytes::Bytes;
use posthaste_mime::AutoSubmitted;
use posthaste_model::{EntryId, MailingList, SubAddress, Timestamp};
use posthaste_spool::NewEntry;

use super::{Letter, list_id_field};
use crate::site::Site;
use crate::templates::Wording;

/// What a notice is about.
#[derive(Clone, Debug)]
pub struct BounceAbout<'a> {
    /// What it comes from; with `purpose` it makes the notice's id, so that writing it twice makes one.
    pub parent: EntryId,
    /// What for.
    pub purpose: &'a str,
    /// Which list.
    pub list: &'a MailingList,
    /// The report, if there is one to show.
    pub report: Option<Bytes>,
    /// When.
    pub at: Timestamp,
}

/// To owners and moderators, or to the site's owner if there are none.
pub fn to_owners(
    site: &Site,
    about: &BounceAbout<'_>,
    owners: &[String],
    words: Wording,
) -> Option<NewEntry> {
    let owner = about.list.name.address(SubAddress::Owner);
    let site_owner = [site.owner.clone()];
    let recipients = if owners.is_empty() { &site_owner } else { owners };
    letter(site, about, &owner, &owner, recipients, words).into_entry()
}

/// To a member.
pub fn to_member(site: &Site, about: &BounceAbout<'_>, member: &str, words: Wording) -> Option<NewEntry> {
    let owner = about.list.name.address(SubAddress::Owner);
    letter(site, about, &owner, member, &[member.to_owned()], words).into_entry()
}

/// To a member, from an address that tells us if it comes back.
pub fn to_probe(
    site: &Site,
    about: &BounceAbout<'_>,
    member: &str,
    token: &str,
    words: Wording,
) -> Option<NewEntry> {
    let bounces = about.list.name.address(SubAddress::Bounces);
    let (local, host) = bounces.split_once('@')?;
    let sender = format!("{local}+{token}@{host}");
    letter(site, about, &sender, member, &[member.to_owned()], words).into_entry_from(sender.clone())
}

fn letter<'a>(
    site: &'a Site,
    about: &BounceAbout<'a>,
    from: &'a str,
    to: &'a str,
    recipients: &'a [String],
    words: Wording,
) -> Letter<'a> {
    Letter {
        parent: about.parent,
        purpose: about.purpose,
        list: &about.list.list_id,
        from,
        to,
        recipients,
        subject: words.subject,
        text: words.text,
        auto_submitted: AutoSubmitted::Generated,
        extra: vec![list_id_field(about.list)],
        attached: about.report.clone(),
        hostname: &site.hostname,
        at: about.at,
    }
}
