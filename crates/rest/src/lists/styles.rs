//! The settings a new list can begin with.

use std::future::{Ready, ready};

use posthaste_model::Style;
use serde_json::json;

use crate::call::Call;
use crate::encode::Map;
use crate::reply::{Answer, Reply};

/// GET lists/styles.
pub(crate) fn get(_: Call) -> Ready<Answer> {
    let mut styles: Vec<_> = Style::ALL.iter().map(|style| (style.name(), about(*style))).collect();
    styles.sort_unstable();
    let names: Vec<_> = styles.iter().map(|(name, _)| *name).collect();
    let told: Vec<_> =
        styles.iter().map(|(name, about)| json!({ "name": name, "description": about })).collect();
    ready(Ok(Reply::Resource(Map::from_iter([
        ("style_names".to_owned(), names.into()),
        ("styles".to_owned(), told.into()),
        ("default".to_owned(), Style::LegacyDefault.name().into()),
    ]))))
}

/// What clients show beside a style.
const fn about(style: Style) -> &'static str {
    match style {
        Style::LegacyDefault => "Ordinary discussion mailing list style.",
        Style::LegacyAnnounce => "Announce only mailing list style.",
        Style::PrivateDefault => "Discussion mailing list style with private archives.",
    }
}
