//! Held posts.

use futures_util::{StreamExt, stream};
use posthaste_lists::moderation::{Moderator, Ruled, Ruling, Way};
use posthaste_mime::Message;
use posthaste_model::{Action, MailingList};
use posthaste_store::{HeldMessage, HeldSummary, Store};
use serde_json::Value;

use crate::call::{Call, resource};
use crate::encode::{Map, time};
use crate::fault::Fault;
use crate::reply::{Answer, Reply};
use crate::valid;

/// Posts looked up at once.
const PIECE: u64 = 200;

/// A held post as clients see it.
fn entry(base: &str, list: &MailingList, post: &HeldSummary, held: &HeldMessage) -> Map {
    let message = Message::parse(held.message.clone());
    let raw = message.head.get("Subject").map(posthaste_mime::Field::unfolded);
    let subject = if post.subject.is_empty() { "(no subject)" } else { post.subject.as_str() };
    let reasons: Vec<_> = post.reasons.iter().map(|reason| reason.trim_end_matches('.')).collect();
    let received = held.envelope.received;
    resource([
        ("request_id", post.number.into()),
        ("message_id", post.message_id.as_str().into()),
        ("sender", post.sender.as_str().into()),
        ("subject", subject.into()),
        ("original_subject", raw.map_or(subject.into(), |raw| Value::from(raw.trim()))),
        ("reason", reasons.join("; ").into()),
        ("hold_date", time(post.held_at)),
        ("msg", String::from_utf8_lossy(&held.message).replace("\r\n", "\n").into()),
        ("self_link", format!("{base}lists/{}/held/{}", list.list_id.as_str(), post.number).into()),
        ("received_time", time(received)),
        ("original_size", held.message.len().into()),
        ("listid", list.list_id.as_str().into()),
        ("moderation_sender", post.sender.as_str().into()),
        ("moderation_reasons", post.reasons.clone().into()),
        ("to_list", true.into()),
        ("version", 3.into()),
    ])
}

/// `GET lists/{l}/held`.
pub(crate) async fn all(call: Call) -> Answer {
    let (list, slice) = (call.list().await?, call.page()?);
    let store = call.api.store.clone();
    let total = store.held_count(list.id).await?;
    let left = slice.limit.min(total.saturating_sub(slice.skip));
    let first = if left == 0 { None } else { store.held_at(list.id, slice.skip).await? };
    let Some(first) = first else { return Ok(Reply::page(slice.skip, total, vec![])) };
    let base = call.link("");
    // One message at a time is in memory.
    let summaries = summaries(store.clone(), list.id, first - 1, left);
    let entries = summaries.filter_map(move |post| {
        let (store, list, base) = (store.clone(), list.clone(), base.clone());
        async move {
            let made = async {
                let post = post?;
                Ok(store.held(post.id).await?.map(|held| entry(&base, &list, &post, &held)))
            };
            // Decided meanwhile: it is not there any more.
            made.await.transpose()
        }
    });
    Ok(Reply::Stream { start: slice.skip, total, entries: entries.boxed() })
}

/// The undecided posts of a list with numbers above `after`, at most `left`.
fn summaries(
    store: Store,
    list: uuid::Uuid,
    after: i64,
    left: u64,
) -> impl futures_util::Stream<Item = Result<HeldSummary, Fault>> {
    let pieces = stream::try_unfold((store, after, left), move |(store, after, left)| async move {
        if left == 0 {
            return Ok::<_, Fault>(None);
        }
        let page = store.held_page(list, after, left.min(PIECE)).await?;
        let Some(last) = page.last().map(|post| post.number) else { return Ok(None) };
        let left = left.saturating_sub(page.len() as u64);
        Ok(Some((page, (store, last, left))))
    });
    pieces.flat_map(|piece| {
        stream::iter(match piece {
            Ok(page) => page.into_iter().map(Ok).collect(),
            Err(fault) => vec![Err(fault)],
        })
    })
}

/// `GET lists/{l}/held/count`.
pub(crate) async fn count(call: Call) -> Answer {
    let list = call.list().await?;
    let count = call.api.store.held_count(list.id).await?;
    Ok(Reply::Resource(resource([("count", count.into())])))
}

/// The undecided post of the path.
async fn of_path(call: &Call) -> Result<(MailingList, HeldSummary), Fault> {
    let list = call.list().await?;
    let number: i64 = call.piece("id").parse().map_err(|_| Fault::GONE)?;
    let store = &call.api.store;
    let post = store.held_by_number(number).await?.filter(|post| post.list == list.id).ok_or(Fault::GONE)?;
    if store.decision(post.id).await?.is_some() {
        return Err(Fault::GONE);
    }
    Ok((list, post))
}

/// `GET lists/{l}/held/{id}`.
pub(crate) async fn show(call: Call) -> Answer {
    let (list, post) = of_path(&call).await?;
    let held = call.api.store.held(post.id).await?.ok_or(Fault::GONE)?;
    Ok(Reply::Resource(entry(&call.link(""), &list, &post, &held)))
}

/// `POST lists/{l}/held/{id}`.
pub(crate) async fn decide(call: Call) -> Answer {
    let (_, post) = of_path(&call).await?;
    let mut form = call.form();
    let action = form.required("action", valid::action);
    let comment = form.optional("comment", valid::text).filter(|comment| !comment.is_empty());
    let forward = form.optional("forward", valid::emails).unwrap_or_default();
    form.check()?;
    let ruling = Ruling {
        reason: comment,
        forward,
        // Programs do not take posts in hand, and ask nobody who has.
        force: true,
        ..Ruling::new(action.unwrap_or(Action::Defer))
    };
    let by = Moderator::new(call.caller.name.as_str(), Way::Program);
    match call.api.moderating.rule(post.number, &ruling, &by, call.now()).await? {
        Ruled::Now => {
            call.api.tools.decisions.ring();
            Ok(Reply::Done)
        }
        Ruled::Before { .. } | Ruled::Claimed(_) | Ruled::NotThere => Err(Fault::GONE),
    }
}
