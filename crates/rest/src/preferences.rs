//! What people set for themselves, at the levels where that can be done.

use posthaste_model::{DeliveryMode, DeliveryStatus, Preferences};
use posthaste_store::Level;
use serde_json::json;

use crate::call::{Call, resource};
use crate::encode::Map;
use crate::fault::Fault;
use crate::form::Form;
use crate::params::Value as Given;
use crate::reply::{Answer, Reply};
use crate::valid::{self, Valid};

/// Where preferences are set, and how that is called.
pub(crate) struct Place {
    /// The level.
    pub(crate) level: Level,
    /// The path of the resource.
    pub(crate) link: String,
    /// The list-id, for the audit log; empty if it is about none.
    pub(crate) list: String,
    /// Whose they are, for the audit log.
    pub(crate) whose: String,
}

/// What holds where nothing is set.
pub(crate) fn system(language: &str) -> Preferences {
    Preferences {
        acknowledge_posts: Some(false),
        delivery_mode: Some(DeliveryMode::Regular),
        delivery_status: Some(DeliveryStatus::Enabled),
        hide_address: Some(true),
        preferred_language: Some(language.to_owned()),
        receive_list_copy: Some(true),
        receive_own_postings: Some(true),
    }
}

/// Preferences as clients see them; what is not set is left out.
pub(crate) fn entry(set: &Preferences, link: String) -> Map {
    resource([
        ("acknowledge_posts", set.acknowledge_posts.into()),
        ("delivery_mode", json!(set.delivery_mode)),
        ("delivery_status", json!(set.delivery_status)),
        ("hide_address", set.hide_address.into()),
        ("preferred_language", set.preferred_language.clone().into()),
        ("receive_list_copy", set.receive_list_copy.into()),
        ("receive_own_postings", set.receive_own_postings.into()),
        ("self_link", link.into()),
    ])
}

/// `GET`.
pub(crate) async fn show(call: &Call, place: &Place) -> Answer {
    let set = set_at(call, place).await?;
    Ok(Reply::Resource(entry(&set, call.link(&place.link))))
}

/// `PATCH`: some of the seven.
pub(crate) async fn patch(call: &Call, place: &Place) -> Answer {
    let before = set_at(call, place).await?;
    let given = read(call, false)?;
    write(call, place, &before, given.or(&before)).await
}

/// `PUT`: all seven.
pub(crate) async fn put(call: &Call, place: &Place) -> Answer {
    let before = set_at(call, place).await?;
    let given = read(call, true)?;
    write(call, place, &before, given).await
}

/// `DELETE`: nothing is set any more.
pub(crate) async fn reset(call: &Call, place: &Place) -> Answer {
    let before = set_at(call, place).await?;
    write(call, place, &before, Preferences::default()).await
}

async fn set_at(call: &Call, place: &Place) -> Result<Preferences, Fault> {
    call.api.store.preferences(&place.level).await?.ok_or(Fault::GONE)
}

async fn write(call: &Call, place: &Place, before: &Preferences, after: Preferences) -> Answer {
    if *before != after {
        if !call.api.store.set_preferences(&place.level, &after).await? {
            return Err(Fault::GONE);
        }
        let (was, became) = (json!(before), json!(&after));
        call.audit_on(&place.list, "set preferences", &place.whose, was, became).await?;
    }
    Ok(Reply::Done)
}

fn read(call: &Call, all: bool) -> Result<Preferences, Fault> {
    let mut read = call.form();
    let form = &mut read;
    let given = Preferences {
        acknowledge_posts: field(form, all, "acknowledge_posts", valid::bool),
        delivery_mode: field(form, all, "delivery_mode", valid::delivery_mode),
        delivery_status: field(form, all, "delivery_status", valid::delivery_status),
        hide_address: field(form, all, "hide_address", valid::bool),
        preferred_language: field(form, all, "preferred_language", valid::language),
        receive_list_copy: field(form, all, "receive_list_copy", valid::bool),
        receive_own_postings: field(form, all, "receive_own_postings", valid::bool),
    };
    read.check()?;
    Ok(given)
}

fn field<T>(
    form: &mut Form<'_>,
    must: bool,
    name: &'static str,
    valid: impl FnOnce(&Given) -> Valid<T>,
) -> Option<T> {
    if must { form.required(name, valid) } else { form.optional(name, valid) }
}
