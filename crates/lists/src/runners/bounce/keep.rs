//! Failures go into the database, where they wait to be judged; what nobody can read goes to the owners.

use std::time::Duration;

use bytes::Bytes;
use posthaste_mime::message_id_hash;
use posthaste_model::{Address, MailingList, Role, Timestamp, UnrecognizedBounceDisposition};
use posthaste_spool::{Entry, Kind};
use posthaste_store::{BounceEvent, BounceVerdict};
use serde_json::json;

use super::super::station::{Outcome, Tools, Trouble};
use super::{discarded, words};
use crate::bounces::{Failure, Named, Told, blame};
use crate::notes;
use crate::notices::{BounceAbout, FailedRecipient, to_owners};

/// So much of a report is kept for the owners, in octets.
const REPORT: usize = 32 * 1024;
/// So many unreadable reports of a list go to its owners in a day: the address is open to everybody who sends spam.
const UNREAD_A_DAY: u64 = 10;
const DAY: Duration = Duration::from_hours(24);
/// A probe that comes back later than this says nothing.
const PROBE_LIFE: Duration = Duration::from_hours(10 * 24);
/// Members looked up for one report.
const MEMBERS: usize = 1_000;

/// What the relay refused, as the out runner noted it.
pub(super) async fn refused(
    tools: &Tools,
    entry: &Entry,
    list: &MailingList,
    names: &[Named],
    note: &str,
) -> Result<Outcome, Trouble> {
    let failed: Vec<FailedRecipient> = serde_json::from_str(note)
        .map_err(|error| Trouble::Entry(format!("the note of failed recipients cannot be read: {error}")))?;
    let told = failed.into_iter().map(|f| {
        let status = crate::bounces::enhanced(&f.reply).unwrap_or_default();
        let failure = Failure { address: f.address.clone(), status, diagnostic: f.reply };
        Told { address: f.address, proven: true, failure }
    });
    if let Some(token) =
        names.iter().find_map(|n| if let Named::Probe(token) = n { Some(token) } else { None })
    {
        let told = told.into_iter().next().map(|t| t.failure);
        return match told {
            Some(failure) => probe(tools, entry, list, token, failure).await,
            None => Ok(discarded("No recipient is named")),
        };
    }
    if !list.settings.process_bounces {
        return Ok(discarded("The list does not count reports of failure (process_bounces)"));
    }
    let about = entry.notes.get(notes::POST).cloned().unwrap_or_default();
    failures(tools, entry, list, told.collect(), &about).await
}

/// Failures of members.
pub(super) async fn failures(
    tools: &Tools,
    entry: &Entry,
    list: &MailingList,
    told: Vec<Told>,
    about: &str,
) -> Result<Outcome, Trouble> {
    let (mut events, mut strangers) = (vec![], 0);
    for one in told.into_iter().take(MEMBERS) {
        // Only members are kept: the text of a report can name anybody.
        let address = Address::parse(&one.address).ok();
        let member = match &address {
            Some(address) => tools.store.member(list.id, address, Role::Member).await?,
            None => None,
        };
        match member {
            Some(member) => {
                events.push(event(entry, list, member.address.key(), one.proven, &one.failure, about));
            }
            None => strangers += 1,
        }
    }
    tools.store.add_bounces(&events).await?;
    tracing::info!(failures = events.len(), strangers, "a report of failure");
    let told = json!({ "failures": events.len(), "strangers": strangers, "proven": events.iter().all(|e| e.proven) });
    Ok(Outcome::ended(Kind::Done, told, vec![]))
}

/// A probe that came back: its token says whose it was.
pub(super) async fn probe(
    tools: &Tools,
    entry: &Entry,
    list: &MailingList,
    token: &str,
    failure: Failure,
) -> Result<Outcome, Trouble> {
    let now = entry.envelope.received;
    let known = tools.store.probed(token).await?;
    let Some((_, member, _)) = known.filter(|(l, _, sent)| *l == list.id && now.since(*sent) <= PROBE_LIFE)
    else {
        return Ok(discarded("A probe we did not send, or one that is too old"));
    };
    let Some(member) = tools.store.membership(list.id, member).await? else {
        return Ok(discarded("The member this probe was sent to has left"));
    };
    let mut event = event(entry, list, member.address.key(), true, &failure, "");
    event.probe = true;
    tools.store.add_bounces(&[event]).await?;
    Ok(Outcome::ended(Kind::Done, json!({ "probe": "came back" }), vec![]))
}

/// What says nothing we can read goes to whom the list wants to have it, a few a day.
pub(super) async fn unread(
    tools: &Tools,
    entry: &Entry,
    list: &MailingList,
    now: Timestamp,
    name: &'static str,
) -> Result<Outcome, Trouble> {
    let site = tools.site.get();
    let owners = match list.settings.forward_unrecognized_bounces_to {
        UnrecognizedBounceDisposition::Discard => {
            return Ok(discarded("Nothing in it can be read as a report"));
        }
        UnrecognizedBounceDisposition::SiteOwner => vec![site.owner.clone()],
        UnrecognizedBounceDisposition::Administrators => {
            tools.store.admins(list.id).await?.into_iter().map(String::from).collect()
        }
    };
    let mut event = event(entry, list, "", false, &nothing(), "");
    event.blame = String::new();
    event.report = None;
    let before =
        tools.store.bounces_judged(list.id, BounceVerdict::Forwarded, now.minus(DAY), event.id).await?;
    if before >= UNREAD_A_DAY {
        event.verdict = BounceVerdict::Dropped;
        tools.store.add_bounces(&[event]).await?;
        return Ok(discarded(
            "Nothing in it can be read as a report, and the owners got enough of these today",
        ));
    }
    event.verdict = BounceVerdict::Forwarded;
    tools.store.add_bounces(&[event]).await?;
    let about = BounceAbout {
        parent: entry.id,
        purpose: "unrecognized",
        list,
        report: Some(entry.message.clone()),
        at: now,
    };
    let worded = words::notice(tools, name, list, None, &[]).await?;
    let notice = to_owners(&site, &about, &owners, worded);
    Ok(Outcome::ended(Kind::Done, json!({ "forwarded": notice.is_some() }), notice.into_iter().collect()))
}

fn event(
    entry: &Entry,
    list: &MailingList,
    address: &str,
    proven: bool,
    failure: &Failure,
    about: &str,
) -> BounceEvent {
    BounceEvent {
        id: entry.id.child(&format!("bounce of {address}")).uuid(),
        list: list.id,
        address: address.to_owned(),
        at: entry.envelope.received,
        blame: blame(failure).name().to_owned(),
        proven,
        probe: false,
        status: failure.status.clone(),
        diagnostic: failure.diagnostic.clone(),
        post: if about.is_empty() { String::new() } else { message_id_hash(about) },
        verdict: BounceVerdict::Waiting,
        report: Some(beginning(&entry.message)),
    }
}

/// Cut at a line's end.
fn beginning(message: &Bytes) -> Bytes {
    let cut = message.get(..REPORT).and_then(|head| head.iter().rposition(|b| *b == b'\n')).map(|at| at + 1);
    message.slice(..cut.unwrap_or(message.len().min(REPORT)))
}

fn nothing() -> Failure {
    Failure { address: String::new(), status: String::new(), diagnostic: String::new() }
}
