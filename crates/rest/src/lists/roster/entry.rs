//! A membership as clients see it.

use posthaste_store::RosterRow;
use serde_json::{Value as Json, json};

use crate::call::{self, Call};
use crate::encode::{Map, time};
use crate::fault::Fault;
use crate::percent;

/// What a membership shows, in the order of the names.
const FIELDS: [&str; 15] = [
    "address",
    "bounce_score",
    "delivery_mode",
    "display_name",
    "email",
    "last_bounce_received",
    "last_warning_sent",
    "list_id",
    "member_id",
    "moderation_action",
    "role",
    "self_link",
    "subscription_mode",
    "total_warnings_sent",
    "user",
];

/// Never: what stands for a warning that was not sent.
const NEVER: &str = "0001-01-01T00:00:00";

/// A membership.
pub(crate) fn resource(call: &Call, row: &RosterRow) -> Map {
    let link = |noun: &str, id: &str| Json::from(call.link(&format!("{noun}/{id}")));
    call::resource([
        ("address", link("addresses", &percent::encode(&row.email))),
        ("bounce_score", row.bounce_score.into()),
        ("last_bounce_received", row.last_bounce.map_or(Json::Null, time)),
        ("last_warning_sent", row.last_warning.map_or(NEVER.into(), time)),
        ("total_warnings_sent", row.warnings.into()),
        ("delivery_mode", json!(row.delivery_mode)),
        ("email", row.email.as_str().into()),
        ("list_id", row.list_id.as_str().into()),
        ("subscription_mode", if row.by_user { "as_user" } else { "as_address" }.into()),
        ("role", row.role.name().into()),
        ("user", row.user.map_or(Json::Null, |user| link("users", &call.uuid_text(user)))),
        ("moderation_action", json!(row.moderation_action)),
        ("display_name", row.display_name.as_str().into()),
        ("self_link", link("members", &call.uuid_text(row.id))),
        ("member_id", call.id(row.id)),
    ])
}

/// Which fields are wanted; none named is all.
#[derive(Debug)]
pub(crate) struct Fields(Vec<String>);

impl Fields {
    /// These, if there are such.
    pub(crate) fn of(names: Vec<String>) -> Result<Self, Fault> {
        match names.iter().find(|name| !FIELDS.contains(&name.as_str())) {
            None => Ok(Self(names)),
            Some(name) => Err(Fault::Bad(format!(
                "Unknown field \"{name}\" for Member resource. Allowed fields are: {}",
                FIELDS.join(", ")
            ))),
        }
    }

    /// What is left of a membership.
    pub(crate) fn cut(&self, mut map: Map) -> Map {
        if !self.0.is_empty() {
            map.retain(|name, _| self.0.iter().any(|wanted| wanted == name));
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let whole = || Map::from_iter(FIELDS.map(|name| (name.to_owned(), Json::Null)));
        assert_eq!(Fields::of(vec![]).unwrap().cut(whole()).len(), FIELDS.len());
        let two = Fields::of(vec!["email".into(), "address".into()]).unwrap().cut(whole());
        assert_eq!(two.keys().collect::<Vec<_>>().len(), 2);
        let Err(Fault::Bad(text)) = Fields::of(vec!["foo".into()]) else { panic!("accepted") };
        assert!(
            text.starts_with("Unknown field \"foo\" for Member resource. Allowed fields are: address, "),
            "{text}"
        );
    }
}
