//! The rules of a list on header fields, in order.

use posthaste_model::MailingList;
use posthaste_store::HeaderMatch;
use serde_json::{Value as Json, json};

use crate::call::{self, Call};
use crate::encode::Map;
use crate::fault::Fault;
use crate::params::Value;
use crate::reply::{Answer, Reply};
use crate::valid;

/// GET lists/{l}/header-matches.
pub(crate) async fn get(call: Call) -> Answer {
    let list = call.list().await?;
    let slice = call.page()?;
    let rules = numbered(call.api.store.header_matches(list.id).await?);
    let total = rules.len() as u64;
    let entries = slice.of(rules).iter().map(|(at, rule)| resource(&call, &list, *at, rule)).collect();
    Ok(Reply::page(slice.skip, total, entries))
}

/// POST lists/{l}/header-matches: behind the others.
pub(crate) async fn post(call: Call) -> Answer {
    let list = call.list().await?;
    let rule = {
        let mut form = call.form();
        let header = form.required("header", valid::text);
        let pattern = form.required("pattern", valid::regexp);
        let action = form.optional("action", valid::action_or_blank).flatten();
        let tag = form.optional("tag", tag);
        form.check()?;
        HeaderMatch {
            header: header.unwrap_or_default(),
            pattern: pattern.unwrap_or_default(),
            action,
            tag: tag.flatten(),
        }
    };
    let position = call.api.store.add_header_match(list.id, &rule).await?;
    call.audit("add header match", &rule.header, Json::Null, told(&rule)).await?;
    Ok(Reply::Created { location: path(&list, position as usize) })
}

/// DELETE lists/{l}/header-matches: all of them.
pub(crate) async fn delete(call: Call) -> Answer {
    let list = call.list().await?;
    if call.api.store.clear_header_matches(list.id).await? > 0 {
        call.audit("remove header match", "all", Json::Null, Json::Null).await?;
    }
    Ok(Reply::Done)
}

/// GET lists/{l}/header-matches/{position}.
pub(crate) async fn get_one(call: Call) -> Answer {
    let list = call.list().await?;
    let rules = call.api.store.header_matches(list.id).await?;
    let (position, rule) = at(&call, &rules)?;
    Ok(Reply::Resource(resource(&call, &list, position, rule)))
}

/// PATCH lists/{l}/header-matches/{position}.
pub(crate) async fn patch_one(call: Call) -> Answer {
    change(call, false).await
}

/// PUT lists/{l}/header-matches/{position}.
pub(crate) async fn put_one(call: Call) -> Answer {
    change(call, true).await
}

/// DELETE lists/{l}/header-matches/{position}: those behind it move up.
pub(crate) async fn delete_one(call: Call) -> Answer {
    let list = call.list().await?;
    let rules = call.api.store.header_matches(list.id).await?;
    let (position, rule) = at(&call, &rules)?;
    call.api.store.remove_header_match(list.id, u32::try_from(position).unwrap_or(u32::MAX)).await?;
    call.audit("remove header match", &rule.header, told(rule), Json::Null).await?;
    Ok(Reply::Done)
}

/// GET or POST lists/{l}/header-matches/find.
pub(crate) async fn find(call: Call) -> Answer {
    let list = call.list().await?;
    let (header, action, tag) = {
        let mut form = call.form();
        let header = form.optional("header", valid::text);
        let action = form.optional("action", valid::action);
        let tag = form.optional("tag", valid::text);
        form.check()?;
        (header, action, tag)
    };
    let mut rules = numbered(call.api.store.header_matches(list.id).await?);
    rules.retain(|(_, rule)| {
        header.as_ref().is_none_or(|header| rule.header == *header)
            && action.is_none_or(|action| rule.action == Some(action))
            && tag.as_ref().is_none_or(|tag| rule.tag.as_deref() == Some(&tag.to_lowercase()))
    });
    if rules.is_empty() {
        return Err(Fault::GONE);
    }
    let entries: Vec<_> = rules.iter().map(|(at, rule)| resource(&call, &list, *at, rule)).collect();
    Ok(Reply::page(0, entries.len() as u64, entries))
}

async fn change(call: Call, all: bool) -> Answer {
    let list = call.list().await?;
    let rules = call.api.store.header_matches(list.id).await?;
    let (position, old) = at(&call, &rules)?;
    let (rule, to) = {
        let mut form = call.form();
        let (header, pattern) = if all {
            (form.required("header", valid::text), form.required("pattern", valid::regexp))
        } else {
            (form.optional("header", valid::text), form.optional("pattern", valid::regexp))
        };
        let to = form.optional("position", valid::natural);
        let action = form.optional("action", valid::action_or_blank);
        let tag = form.optional("tag", tag);
        form.check()?;
        // What PUT leaves out is not there afterwards.
        let left = if all { (None, None) } else { (old.action, old.tag.clone()) };
        let rule = HeaderMatch {
            header: header.unwrap_or_else(|| old.header.clone()),
            pattern: pattern.unwrap_or_else(|| old.pattern.clone()),
            action: action.unwrap_or(left.0),
            tag: tag.unwrap_or(left.1),
        };
        (rule, to)
    };
    let to = to.unwrap_or(position as u64);
    if to >= rules.len() as u64 {
        let count = rules.len();
        return Err(Fault::Bad(format!(
            "There are {count} header matches for this list, the new position cannot be {count} or higher"
        )));
    }
    let narrow = |at: u64| u32::try_from(at).unwrap_or(u32::MAX);
    call.api.store.set_header_match(list.id, narrow(position as u64), &rule, narrow(to)).await?;
    call.audit("change header match", &rule.header, told(old), told(&rule)).await?;
    Ok(Reply::Done)
}

/// The rule at the position of the path.
fn at<'a>(call: &Call, rules: &'a [HeaderMatch]) -> Result<(usize, &'a HeaderMatch), Fault> {
    let piece = call.piece("position");
    let Ok(position) = piece.parse::<usize>() else { return Err(Fault::GONE) };
    let rule = rules.get(position).map(|rule| (position, rule));
    rule.ok_or_else(|| Fault::no(format!("No header match at this position: {piece}")))
}

/// A word to find a rule by, lower case; an empty one is none.
fn tag(value: &Value) -> valid::Valid<Option<String>> {
    Ok(Some(valid::text(value)?.to_lowercase()).filter(|tag| !tag.is_empty()))
}

fn numbered(rules: Vec<HeaderMatch>) -> Vec<(usize, HeaderMatch)> {
    rules.into_iter().enumerate().collect()
}

fn path(list: &MailingList, position: usize) -> String {
    format!("lists/{}/header-matches/{position}", list.list_id)
}

fn resource(call: &Call, list: &MailingList, position: usize, rule: &HeaderMatch) -> Map {
    call::resource([
        ("position", position.into()),
        ("header", rule.header.as_str().into()),
        ("pattern", rule.pattern.as_str().into()),
        ("action", json!(rule.action)),
        ("tag", json!(rule.tag)),
        ("self_link", call.link(&path(list, position)).into()),
    ])
}

fn told(rule: &HeaderMatch) -> Json {
    json!({ "header": rule.header, "pattern": rule.pattern, "action": rule.action, "tag": rule.tag })
}
