//! What the server says of itself.

use serde_json::{Value, json};

use crate::call::{Call, resource};
use crate::encode::Map;
use crate::fault::Fault;
use crate::reply::{Answer, Reply};

/// What clients read between the words of the version; they want `GNU Mailman ... (...)`.
const VERSION: &str = concat!("GNU Mailman 3.3.10 (Posthaste ", env!("CARGO_PKG_VERSION"), ")");

/// `GET system/versions`.
pub(crate) fn versions(call: &Call) -> Reply {
    Reply::Resource(resource([
        ("mailman_version", VERSION.into()),
        ("python_version", "none (Posthaste is written in Rust)".into()),
        ("api_version", call.version.name().into()),
        ("self_link", call.link("system/versions").into()),
    ]))
}

/// `GET system/configuration`.
pub(crate) fn configuration(call: &Call) -> Reply {
    let mut names: Vec<&str> = call.settings.sections.iter().map(|s| s.name.as_str()).collect();
    names.sort_unstable();
    Reply::Resource(resource([
        ("sections", json!(names)),
        ("self_link", call.link("system/configuration").into()),
    ]))
}

/// `GET system/configuration/{section}`.
pub(crate) fn section(call: &Call) -> Answer {
    let name = call.piece("section");
    let section = call.settings.sections.iter().find(|s| s.name == name).ok_or(Fault::GONE)?;
    let mut map: Map =
        section.keys.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    map.insert("self_link".to_owned(), call.link(&format!("system/configuration/{name}")).into());
    Ok(Reply::Resource(map))
}

/// `GET system/preferences`: what holds for whoever has set nothing.
pub(crate) fn preferences(call: &Call) -> Reply {
    Reply::Resource(resource([
        ("acknowledge_posts", false.into()),
        ("delivery_mode", "regular".into()),
        ("delivery_status", "enabled".into()),
        ("hide_address", true.into()),
        ("preferred_language", call.settings.default_language.as_str().into()),
        ("receive_list_copy", true.into()),
        ("receive_own_postings", true.into()),
        ("self_link", call.link("system/preferences").into()),
    ]))
}

/// `GET system/pipelines`.
pub(crate) fn pipelines(_: &Call) -> Reply {
    let names = ["default-owner-pipeline", "default-posting-pipeline", "virgin"];
    Reply::Resource(resource([("pipelines", json!(names))]))
}

/// `GET system/chains`.
pub(crate) fn chains(_: &Call) -> Reply {
    let names = [
        "accept",
        "default-owner-chain",
        "default-posting-chain",
        "discard",
        "dmarc",
        "header-match",
        "hold",
        "moderation",
        "reject",
    ];
    Reply::Resource(resource([("chains", json!(names))]))
}
