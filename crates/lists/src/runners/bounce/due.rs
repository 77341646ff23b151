//! Warnings to those whose delivery is switched off for bounces, and the end of their memberships.

use std::collections::HashMap;
use std::time::Duration;

use posthaste_model::{DeliveryStatus, EntryId, Mailbox, MailingList, Member, Timestamp};
use posthaste_store::Standing;
use uuid::Uuid;

use super::super::station::{Tools, Trouble};
use super::complaint::shown;
use super::settle::to_the_member;
use super::{removal, words};
use crate::bounces::{Due, due};
use crate::notices::{BounceAbout, to_owners};

/// Looked at between two looks at the database.
const PAGE: u64 = 500;
/// Failures are kept for so long, to see which domains are gone for good.
const EVENTS: Duration = Duration::from_hours(35 * 24);
/// Reports are kept for so long beside them.
const REPORTS: Duration = Duration::from_hours(7 * 24);

/// Does what is due for everybody who is switched off.
pub(in crate::runners) async fn warn_and_remove(tools: &Tools) -> Result<(), Trouble> {
    let now = tools.clock.now();
    tools.store.adopt_off_for_bounces(now).await?;
    let mut lists: HashMap<Uuid, Option<MailingList>> = HashMap::new();
    let mut after = None;
    loop {
        let page = tools.store.off_for_bounces(after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for (member, standing) in page {
            if let std::collections::hash_map::Entry::Vacant(place) = lists.entry(member.list) {
                place.insert(tools.store.list_by_key(member.list).await?);
            }
            let Some(list) = lists.get(&member.list).and_then(Option::as_ref) else { continue };
            if let Err(trouble) = one(tools, list, &member, standing, now).await {
                trouble.spare_others("what is due after failures of a member")?;
            }
        }
    }
}

async fn one(
    tools: &Tools,
    list: &MailingList,
    member: &Member,
    standing: Standing,
    now: Timestamp,
) -> Result<(), Trouble> {
    if member.preferences.delivery_status != Some(DeliveryStatus::ByBounces) {
        // Somebody switched delivery on again, or off for another reason: it begins anew.
        tools.store.forgive(member.id).await?;
        return Ok(());
    }
    if !list.settings.process_bounces {
        return Ok(());
    }
    match due(&standing, &list.settings, now) {
        Due::Nothing => Ok(()),
        Due::Warning => warn(tools, list, member, standing, now).await,
        Due::Removal => remove(tools, list, member, &standing, now).await,
    }
}

async fn warn(
    tools: &Tools,
    list: &MailingList,
    member: &Member,
    mut standing: Standing,
    now: Timestamp,
) -> Result<(), Trouble> {
    let off = standing.disabled_at.unwrap_or(now).as_micros();
    let purpose = format!("bounce warning {} since {off}", standing.warnings);
    let about = about(list, member, &purpose, now);
    let wanted = list.settings.bounce_you_are_disabled_warnings;
    let enable = tools.site.get().bounces.enable.as_ref().map(|way| way.url(&list.list_id, member.id));
    let address = member.address.to_string();
    let vars = [
        ("sender_email", address.clone()),
        ("user_email", address),
        ("reason", standing.reason.clone()),
        ("enable_url", enable.unwrap_or_default()),
        ("notices_left", wanted.saturating_sub(standing.warnings + 1).to_string()),
    ];
    let language = member.preferences.preferred_language.as_deref();
    let worded = words::notice(tools, "list:user:notice:warning", list, language, &vars).await?;
    to_the_member(tools, &about, member, worded).await?;
    standing.warnings += 1;
    standing.last_warning = Some(now);
    Ok(tools.store.set_standing(member.id, &standing).await?)
}

async fn remove(
    tools: &Tools,
    list: &MailingList,
    member: &Member,
    standing: &Standing,
    now: Timestamp,
) -> Result<(), Trouble> {
    let mailbox = Mailbox { name: member.display_name.clone(), address: member.address.clone() };
    let address = member.address.to_string();
    let vars = [
        ("member", shown(&mailbox)),
        ("user_email", address.clone()),
        ("user_address", address),
        ("user_name", member.display_name.clone()),
        ("reason", standing.reason.clone()),
    ];
    let language = member.preferences.preferred_language.as_deref();
    let goodbye = words::notice(tools, "list:user:notice:goodbye", list, language, &vars).await?;
    if !goodbye.text.trim().is_empty() {
        to_the_member(tools, &about(list, member, "bounce goodbye", now), member, goodbye).await?;
    }
    let name = if list.settings.bounce_notify_owner_on_removal {
        Some("list:admin:notice:removal")
    } else {
        list.settings.admin_notify_mchanges.then_some("list:admin:notice:unsubscribe")
    };
    if let Some(name) = name {
        let worded = words::notice(tools, name, list, None, &vars).await?;
        let owners: Vec<_> = tools.store.admins(list.id).await?.into_iter().map(String::from).collect();
        let notice =
            to_owners(&tools.site.get(), &about(list, member, "bounce removal", now), &owners, worded);
        words::put(tools, notice).await?;
    }
    removal::remove(tools, list, member, &format!("mail kept failing: {}", standing.reason)).await?;
    tracing::info!(list = %list.list_id, "a member was removed: mail to them kept failing");
    Ok(())
}

/// Notices come from the membership: there is no report any more.
fn about<'a>(list: &'a MailingList, member: &Member, purpose: &'a str, at: Timestamp) -> BounceAbout<'a> {
    BounceAbout { parent: EntryId::new(member.id), purpose, list, report: None, at }
}

/// Drops what is too old to matter.
pub(in crate::runners) async fn forget(tools: &Tools) -> Result<(), Trouble> {
    let now = tools.clock.now();
    let gone = tools.store.forget_bounces(now.minus(EVENTS), now.minus(REPORTS)).await?;
    tracing::debug!(gone, "old failures forgotten");
    Ok(())
}
