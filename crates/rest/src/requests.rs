//! Subscriptions and departures that wait for somebody's word.

use posthaste_lists::subscription::{Answer as Came, Decision, Refusal};
use posthaste_model::{Action, MailingList, MembershipRequest, RequestAction};
use posthaste_store::RequestsWanted;
use serde_json::json;

use crate::call::{Call, resource};
use crate::desk::fault;
use crate::encode::{Map, time_in_seconds};
use crate::fault::Fault;
use crate::params::Value as Given;
use crate::reply::{Answer, Reply};
use crate::valid::{self, Valid};

fn entry(call: &Call, list: &MailingList, request: &MembershipRequest) -> Map {
    resource([
        ("token", call.api.desk.token_of(list, request).into()),
        ("token_owner", request.owner.name().into()),
        ("list_id", list.list_id.as_str().into()),
        ("type", kind(request.action).into()),
        ("email", request.address.key().into()),
        ("display_name", request.display_name.as_str().into()),
        ("when", time_in_seconds(request.asked_at)),
    ])
}

const fn kind(action: RequestAction) -> &'static str {
    match action {
        RequestAction::Join => "subscription",
        RequestAction::Leave => "unsubscription",
        RequestAction::Set => "change",
    }
}

fn request_type(value: &Given) -> Valid<RequestAction> {
    match value.text().as_deref() {
        Some("subscription") => Ok(RequestAction::Join),
        Some("unsubscription") => Ok(RequestAction::Leave),
        _ => Err("Accepted Values are: subscription, unsubscription".into()),
    }
}

/// What is wanted; `None` if nothing can be that.
async fn wanted(call: &Call, pages: &[&'static str]) -> Result<Option<RequestsWanted>, Fault> {
    let mut form = call.form();
    let owner = form.optional("token_owner", valid::token_owner);
    let action = form.optional("request_type", request_type).unwrap_or(RequestAction::Join);
    form.also(pages);
    form.check()?;
    let list = call.list().await?.id;
    let wanted = |owner| RequestsWanted { list, action, owner, now: call.now() };
    Ok(match owner {
        None => Some(wanted(None)),
        Some(None) => None,
        Some(owner) => Some(wanted(owner)),
    })
}

/// `GET lists/{l}/requests`.
pub(crate) async fn all(call: Call) -> Answer {
    let (wanted, slice) = (wanted(&call, &["count", "page"]).await?, call.page()?);
    let Some(wanted) = wanted else { return Ok(Reply::page(slice.skip, 0, vec![])) };
    let (store, list) = (&call.api.store, call.list().await?);
    let rows = match slice.limit {
        0 => vec![],
        limit => store.request_page(&wanted, slice.skip, limit).await?,
    };
    let total = store.request_count(&wanted).await?;
    let entries = rows.iter().map(|request| entry(&call, &list, request)).collect();
    Ok(Reply::page(slice.skip, total, entries))
}

/// `GET lists/{l}/requests/count`.
pub(crate) async fn count(call: Call) -> Answer {
    let count = match wanted(&call, &[]).await? {
        Some(wanted) => call.api.store.request_count(&wanted).await?,
        None => 0,
    };
    Ok(Reply::Resource(resource([("count", count.into())])))
}

async fn of_path(call: &Call) -> Result<(MailingList, MembershipRequest), Fault> {
    let list = call.list().await?;
    let request = call.api.desk.request_of_list(&list, call.piece("t")).await.map_err(fault)?;
    Ok((list, request.ok_or(Fault::GONE)?))
}

/// `GET lists/{l}/requests/{t}`.
pub(crate) async fn show(call: Call) -> Answer {
    let (list, request) = of_path(&call).await?;
    Ok(Reply::Resource(entry(&call, &list, &request)))
}

/// `POST lists/{l}/requests/{t}`.
pub(crate) async fn decide(call: Call) -> Answer {
    let (list, request) = of_path(&call).await?;
    let mut form = call.form();
    let action = form.required("action", valid::action);
    let reason = form.optional("reason", valid::text).filter(|reason| !reason.is_empty());
    form.check()?;
    let action = action.unwrap_or(Action::Defer);
    let decision = match action {
        Action::Accept => Decision::Accept,
        Action::Reject => Decision::Reject(reason),
        Action::Discard => Decision::Discard,
        Action::Defer | Action::Hold => return Ok(Reply::Done),
    };
    let came = call.desk().decide_request(&list, &request, decision).await.map_err(fault)?;
    if let Came::Refused(why) = came {
        return Err(refused(why));
    }
    // What ends at the desk is written down there.
    let now = match came {
        Came::Asked(_) => Some("asked"),
        Came::Waits(_) => Some("waits for a moderator"),
        _ => None,
    };
    if let Some(now) = now {
        let object = format!("{} of {}", kind(request.action), request.address);
        let was = json!({ "waited_for": request.owner.name() });
        call.audit(action.name(), &object, was, now.into()).await?;
    }
    Ok(Reply::Done)
}

fn refused(why: Refusal) -> Fault {
    match why {
        Refusal::Member => Fault::Conflict("Already subscribed".into()),
        Refusal::Banned => Fault::bad("Membership is banned"),
        Refusal::OwnAddress => Fault::bad("List posting address cannot subscribe"),
        Refusal::Waiting => Fault::Conflict("Subscription request already pending".into()),
        Refusal::Blocked | Refusal::Rationed => Fault::TooMany { retry_after: 3_600 },
        Refusal::NoMember | Refusal::NoMatch => Fault::GONE,
    }
}
