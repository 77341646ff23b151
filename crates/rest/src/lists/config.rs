//! The settings of a list: all at once, or one by one.

mod attributes;
mod texts;
mod values;

use posthaste_model::{ListSettings, MailingList, SettingError};
use serde_json::Value as Json;

use self::attributes::{ADDRESSES, Kind, READ_ONLY, WRITABLE, is_read_only, text_of, writable};
use crate::call::Call;
use crate::encode::Map;
use crate::fault::Fault;
use crate::form::Form;
use crate::reply::{Answer, Reply};
use crate::right;
use crate::version::Version;

/// The one whose value nobody writes down.
const PASSWORD: &str = "moderator_password";

/// What a request changes.
#[derive(Default)]
struct Wanted {
    settings: Vec<(String, Json)>,
    /// Texts and their addresses.
    texts: Vec<(&'static str, String)>,
}

/// GET lists/{l}/config.
pub(crate) async fn get(call: Call) -> Answer {
    let list = call.list().await?;
    let whole = document(&list.settings);
    let mut map = Map::new();
    for (name, _) in WRITABLE {
        map.insert(name.to_owned(), setting(&call, &whole, name));
    }
    for name in READ_ONLY {
        map.insert(name.to_owned(), values::read_only(&list, name).unwrap_or_default());
    }
    if call.version == Version::V30 {
        map.extend(texts::addresses(&call, &list).await?);
    }
    Ok(Reply::Resource(map))
}

/// PATCH lists/{l}/config.
pub(crate) async fn patch(call: Call) -> Answer {
    let list = call.list().await?;
    for name in call.params.names() {
        must_be_writable(&call, name)?;
    }
    let wanted = {
        let mut form = call.form();
        let wanted = fill(&call, &mut form, false);
        form.check()?;
        wanted
    };
    change(&call, &list, wanted).await
}

/// PUT lists/{l}/config: every attribute of Mailman's, else nothing is changed.
pub(crate) async fn put(call: Call) -> Answer {
    let list = call.list().await?;
    let wanted = {
        let mut form = call.form();
        let wanted = fill(&call, &mut form, true);
        form.check()?;
        wanted
    };
    change(&call, &list, wanted).await
}

/// DELETE lists/{l}/config.
pub(crate) async fn delete(call: Call) -> Answer {
    call.list().await?;
    Err(Fault::bad("Cannot delete the list configuration itself"))
}

/// GET lists/{l}/config/{attr}.
pub(crate) async fn get_one(call: Call) -> Answer {
    let list = call.list().await?;
    let name = call.piece("attr");
    let value = if let Some(value) = values::read_only(&list, name) {
        value
    } else if text_of(name).is_some() && call.version == Version::V30 {
        texts::addresses(&call, &list).await?.remove(name).unwrap_or_default()
    } else if writable(name).is_some() {
        setting(&call, &document(&list.settings), name)
    } else {
        return Err(Fault::no(format!("Unknown attribute: {name}")));
    };
    Ok(Reply::Resource(Map::from_iter([(name.to_owned(), value)])))
}

/// PATCH lists/{l}/config/{attr}.
pub(crate) async fn patch_one(call: Call) -> Answer {
    let list = call.list().await?;
    let name = known(&call)?;
    if call.params.len() != 1 {
        return Err(Fault::Bad(format!("Expected 1 attribute, got {}", call.params.len())));
    }
    if let Some(other) = call.params.names().find(|other| *other != name) {
        return Err(Fault::Bad(format!("Unknown attribute: {other}")));
    }
    one(&call, &list, name).await
}

/// PUT lists/{l}/config/{attr}.
pub(crate) async fn put_one(call: Call) -> Answer {
    let list = call.list().await?;
    let name = known(&call)?;
    one(&call, &list, name).await
}

/// DELETE lists/{l}/config/{attr}: one of them can be emptied so.
pub(crate) async fn delete_one(call: Call) -> Answer {
    let list = call.list().await?;
    let name = call.piece("attr");
    if name == "acceptable_aliases" {
        apply(&call, &list, |settings| {
            settings.acceptable_aliases.clear();
            Ok(())
        })
        .await?;
        return Ok(Reply::Done);
    }
    let there = writable(name).is_some() || (text_of(name).is_some() && call.version == Version::V30);
    Err(Fault::Bad(if there {
        format!("Attribute cannot be DELETEd: {name}")
    } else {
        format!("Read-only attribute: {name}")
    }))
}

/// The attribute of the path, if it may be set.
fn known(call: &Call) -> Result<&str, Fault> {
    let name = call.piece("attr");
    match must_be_writable(call, name) {
        Err(Fault::Bad(text)) if !is_read_only(name) => Err(Fault::NotFound(Some(text))),
        Err(fault) => Err(fault),
        Ok(()) => Ok(name),
    }
}

fn must_be_writable(call: &Call, name: &str) -> Result<(), Fault> {
    let text = call.version == Version::V30 && text_of(name).is_some();
    if text || writable(name).is_some() {
        return Ok(());
    }
    let what = if is_read_only(name) { "Read-only" } else { "Unknown" };
    Err(Fault::Bad(format!("{what} attribute: {name}")))
}

async fn one(call: &Call, list: &MailingList, name: &str) -> Answer {
    let mut wanted = Wanted::default();
    let mut form = call.form();
    match (writable(name), text_of(name)) {
        (Some(kind), _) => {
            let value = form.required(name, |value| values::read(name, kind, value));
            wanted.settings.extend(value.map(|value| (name.to_owned(), value)));
        }
        (None, Some(text)) => {
            let uri = form.required(name, texts::address);
            wanted.texts.extend(uri.map(|uri| (text, uri)));
        }
        (None, None) => {}
    }
    form.check()?;
    change(call, list, wanted).await
}

/// Reads every attribute there is; with `all`, those of Mailman's have to be there.
fn fill<'a>(call: &'a Call, form: &mut Form<'a>, all: bool) -> Wanted {
    let mut wanted = Wanted::default();
    for (name, kind) in WRITABLE {
        let valid = |value: &crate::params::Value| values::read(name, kind, value);
        let value = if all { form.required(name, valid) } else { form.optional(name, valid) };
        wanted.settings.extend(value.map(|value| (name.to_owned(), value)));
    }
    for name in call.params.names() {
        if writable(name) == Some(Kind::Own) {
            let value = form.optional(name, |value| values::read(name, Kind::Own, value));
            wanted.settings.extend(value.map(|value| (name.to_owned(), value)));
        }
    }
    if call.version == Version::V30 {
        for (name, text) in ADDRESSES {
            wanted.texts.extend(form.optional(name, texts::address).map(|uri| (text, uri)));
        }
    }
    wanted
}

async fn change(call: &Call, list: &MailingList, mut wanted: Wanted) -> Answer {
    for (name, value) in &mut wanted.settings {
        if let (PASSWORD, Some(typed)) = (name.as_str(), value.as_str()) {
            let typed = typed.to_owned();
            // It takes a while by intention.
            let kept = tokio::task::spawn_blocking(move || values::kept(&typed)).await;
            *value = kept.ok().flatten().ok_or_else(|| Fault::ours(&"a password could not be hashed"))?;
        }
    }
    apply(call, list, |settings| {
        wanted.settings.iter().try_for_each(|(name, value)| settings.set(name, value))
    })
    .await?;
    texts::set(call, list, &wanted.texts).await?;
    Ok(Reply::Done)
}

/// Changes the settings of a list, and writes down what became of each.
pub(crate) async fn apply(
    call: &Call,
    list: &MailingList,
    change: impl Fn(&mut ListSettings) -> Result<(), SettingError>,
) -> Result<(), Fault> {
    let done = call.api.store.change_settings(list.id, change).await?;
    let (before, after) = done.map_err(|error| Fault::Bad(error.to_string()))?;
    if before == after {
        return Ok(());
    }
    let (was, became) = (document(&before), document(&after));
    for (name, now) in &became {
        let then = was.get(name).cloned().unwrap_or_default();
        if then == *now {
            continue;
        }
        let told = |value: Json| match value {
            Json::Null => Json::Null,
            _ if name == PASSWORD => "(kept as a hash)".into(),
            value => value,
        };
        call.audit("set", name, told(then), told(now.clone())).await?;
    }
    if before.max_message_size != after.max_message_size {
        // Where mail is taken, it is looked at before the database is.
        call.api.names_changed().await;
    }
    Ok(())
}

fn document(settings: &ListSettings) -> Map {
    match serde_json::to_value(settings) {
        Ok(Json::Object(map)) => map,
        _ => Map::new(),
    }
}

fn setting(call: &Call, whole: &Map, name: &str) -> Json {
    let may = call.caller.grant.as_ref().is_none_or(|grant| grant.has(right::Kind::Settings));
    match whole.get(name) {
        // With the hash one can guess at leisure; whoever may not set it need not have it.
        Some(_) if name == PASSWORD && !may => Json::Null,
        Some(value) => values::shown(name, value.clone()),
        None => Json::Null,
    }
}
