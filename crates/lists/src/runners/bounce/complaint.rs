//! Somebody pressed "this is spam": who can be known for sure gets no more mail; who cannot, the owners look at.

use posthaste_model::{Address, ListId, Mailbox, MailingList, Member, Role, SubAddress};
use posthaste_spool::{Entry, Kind};
use serde_json::json;

use super::super::station::{Outcome, Tools, Trouble};
use super::{keep, removal, words};
use crate::bounces::{Complaint, Named, named};
use crate::notices::{BounceAbout, to_owners};

/// Acts on a complaint.
pub(super) async fn take(
    tools: &Tools,
    entry: &Entry,
    list: &MailingList,
    complaint: &Complaint,
) -> Result<Outcome, Trouble> {
    if complaint.kind == "not-spam" {
        return Ok(Outcome::ended(Kind::Done, json!({ "what": "not-spam" }), vec![]));
    }
    let now = entry.envelope.received;
    let Some(member) = whose(tools, entry, list, complaint).await? else {
        return keep::unread(tools, entry, list, now, "list:admin:notice:complaint").await;
    };
    let site = tools.site.get();
    let mut born = vec![];
    if list.settings.bounce_notify_owner_on_removal {
        let about = BounceAbout { parent: entry.id, purpose: "complained", list, report: None, at: now };
        let member = Mailbox { name: member.display_name.clone(), address: member.address.clone() };
        let vars = [("member", shown(&member)), ("reason", complaint.kind.clone())];
        let worded = words::notice(tools, "list:admin:notice:complained", list, None, &vars).await?;
        let owners: Vec<_> = tools.store.admins(list.id).await?.into_iter().map(String::from).collect();
        born.extend(to_owners(&site, &about, &owners, worded));
    }
    removal::remove(tools, list, &member, &format!("a complaint: {}", complaint.kind)).await?;
    tracing::info!("a member complained of spam and was unsubscribed");
    Ok(Outcome::ended(Kind::Done, json!({ "complaint": complaint.kind, "unsubscribed": 1 }), born))
}

/// The member whose copy it was, proven by our signature on its sender or on its address to leave by.
async fn whose(
    tools: &Tools,
    entry: &Entry,
    list: &MailingList,
    complaint: &Complaint,
) -> Result<Option<Member>, Trouble> {
    let site = tools.site.get();
    let bounces = list.name.address(SubAddress::Bounces);
    let (local, host) = bounces.split_once('@').unwrap_or((&bounces, ""));
    let path = entry.envelope.forward_path.as_str();
    for sender in complaint.senders.iter().map(String::as_str).chain([path]) {
        let extension =
            sender.rsplit_once('@').filter(|(_, h)| h.eq_ignore_ascii_case(host)).and_then(|(l, _)| {
                l.split_once('+')
                    .filter(|(base, _)| base.eq_ignore_ascii_case(local))
                    .map(|(_, extension)| extension)
            });
        let name = extension
            .and_then(|e| named(e, &list.list_id, site.bounces.seal.as_ref(), entry.envelope.received));
        if let Some(Named::Copy { address, signed: true }) = name
            && let Ok(address) = Address::parse(&address)
            && let Some(member) = tools.store.member(list.id, &address, Role::Member).await?
        {
            return Ok(Some(member));
        }
    }
    let mine = |url: &String| -> Option<(ListId, uuid::Uuid)> { site.one_click.as_ref()?.read(url) };
    for (_, member) in complaint.links.iter().filter_map(mine).filter(|(id, _)| *id == list.list_id) {
        if let Some(member) = tools.store.membership(list.id, member).await? {
            return Ok(Some(member));
        }
    }
    Ok(None)
}

/// `Anne Person <anne@example.com>`.
pub(super) fn shown(member: &Mailbox) -> String {
    if member.name.is_empty() {
        member.address.to_string()
    } else {
        format!("{} <{}>", member.name, member.address)
    }
}
