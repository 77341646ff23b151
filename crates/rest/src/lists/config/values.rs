//! How attributes are read and shown.

use posthaste_lists::{hash_password, is_password_hash};
use posthaste_model::{ListSettings, MailingList, SettingError, SubAddress, Timestamp};
use serde_json::{Value as Json, json};

use super::attributes::{Kind, words};
use crate::encode::time;
use crate::params::Value;
use crate::valid::{self, Valid};

/// The longest password, octets.
const LONGEST_PASSWORD: usize = 256;

/// Reads the value of an attribute: what [`ListSettings::set`] takes. A password is still what was typed.
pub(super) fn read(name: &str, kind: Kind, value: &Value) -> Valid<Json> {
    let read: Json = match kind {
        Kind::Truth => valid::bool(value)?.into(),
        Kind::Number => valid::natural(value)?.into(),
        Kind::Decimal => decimal(value)?.into(),
        // Mailman has no words for a span that is none.
        Kind::Span => value.text().ok_or_else(String::new)?.into(),
        Kind::Text => valid::text(value)?.into(),
        Kind::Line => valid::line(value)?.into(),
        Kind::Texts => valid::strings(value)?.into(),
        Kind::Senders => each(value, sender)?,
        Kind::SendersAndLists => each(value, sender_or_list)?,
        Kind::Aliases => each(value, alias)?,
        Kind::Choice => choice(value, &words(name))?.into(),
        Kind::Language => valid::language(value)?.into(),
        Kind::Pipeline => pipeline(value)?.into(),
        Kind::Password => password(value)?.into(),
        Kind::Own => value.json(),
    };
    if kind == Kind::Password {
        return Ok(read);
    }
    // What else the setting wants of it is asked on one that nobody uses.
    match ListSettings::default().set(name, &read) {
        Ok(()) => Ok(read),
        Err(_) if kind == Kind::Span => Err(String::new()),
        Err(SettingError::Value { rule, .. }) => Err(rule),
        Err(error @ SettingError::Unknown { .. }) => Err(error.to_string()),
    }
}

/// A password as it is kept. What is a hash already, from a client that writes back what it read, stays.
pub(super) fn kept(password: &str) -> Option<Json> {
    if password.is_empty() || is_password_hash(password) {
        return Some(password.into());
    }
    hash_password(password, rand::random()).map(Json::from)
}

/// What may only be read.
pub(super) fn read_only(list: &MailingList, name: &str) -> Option<Json> {
    let address = |sub| Json::from(list.name.address(sub));
    let moment = |at: Option<Timestamp>| at.map_or(Json::Null, time);
    Some(match name {
        "bounces_address" => address(SubAddress::Bounces),
        "created_at" => time(list.created_at),
        "digest_last_sent_at" => moment(list.digest_last_sent_at),
        "fqdn_listname" | "posting_address" => list.name.to_string().into(),
        "join_address" => address(SubAddress::Join),
        "last_post_at" => moment(list.last_post_at),
        "leave_address" => address(SubAddress::Leave),
        "list_name" => list.name.local().into(),
        "mail_host" => list.name.host().into(),
        "next_digest_number" => list.next_digest_number.into(),
        "no_reply_address" => format!("noreply@{}", list.name.host()).into(),
        "owner_address" => address(SubAddress::Owner),
        "post_id" => list.post_id.into(),
        "request_address" => address(SubAddress::Request),
        "usenet_watermark" => json!(list.usenet_watermark),
        "volume" => list.volume.into(),
        _ => return None,
    })
}

/// The value of a setting as clients see it.
pub(super) fn shown(name: &str, value: Json) -> Json {
    match value {
        Json::Array(mut values) if name == "acceptable_aliases" => {
            values.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            Json::Array(values)
        }
        value => value,
    }
}

fn decimal(value: &Value) -> Valid<f64> {
    let text = value.text().unwrap_or_else(|| value.shown());
    let number: Option<f64> = text.trim().parse().ok();
    number
        .filter(|number| number.is_finite())
        .ok_or_else(|| format!("could not convert string to float: '{text}'"))
}

fn choice(value: &Value, words: &[&str]) -> Valid<String> {
    value
        .text()
        .filter(|text| words.contains(&text.as_str()))
        .ok_or_else(|| format!("Accepted Values are: {}", words.join(", ")))
}

fn each(value: &Value, valid: fn(&str) -> Valid<()>) -> Valid<Json> {
    let texts = valid::strings(value)?;
    texts.iter().try_for_each(|text| valid(text))?;
    Ok(texts.into())
}

fn sender(text: &str) -> Valid<()> {
    valid::email_or_regexp(&Value::One(text.to_owned())).map(drop)
}

fn sender_or_list(text: &str) -> Valid<()> {
    let list = text.strip_prefix('@').is_some_and(|list| valid::address(list).is_some());
    if list || sender(text).is_ok() {
        return Ok(());
    }
    let shown = if text.is_empty() { "empty" } else { text };
    Err(format!("Expected a valid email address, regular expression or @fqdn_listname, got {shown}"))
}

fn alias(text: &str) -> Valid<()> {
    if text.contains('@') || text.starts_with('^') { Ok(()) } else { Err(text.to_owned()) }
}

fn pipeline(value: &Value) -> Valid<String> {
    let text = valid::text(value)?;
    if text == "default-posting-pipeline" { Ok(text) } else { Err(format!("Unknown pipeline: {text}")) }
}

fn password(value: &Value) -> Valid<String> {
    let text = valid::text(value)?;
    if text.len() > LONGEST_PASSWORD {
        return Err(format!("At most {LONGEST_PASSWORD} octets will do"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, kind: Kind, text: &str) -> Valid<Json> {
        read(name, kind, &Value::One(text.to_owned()))
    }

    #[test]
    fn good_values() {
        for (name, kind, text, value) in [
            ("emergency", Kind::Truth, "True", json!(true)),
            ("max_message_size", Kind::Number, "60", json!(60)),
            ("digest_size_threshold", Kind::Decimal, "1e2", json!(100.0)),
            ("bounce_info_stale_after", Kind::Span, "1h30m", json!("1h30m")),
            ("description", Kind::Line, "One line", json!("One line")),
            ("filter_types", Kind::Texts, "image", json!(["image"])),
            ("filter_types", Kind::Texts, "", json!([])),
            (
                "accept_these_nonmembers",
                Kind::SendersAndLists,
                "@ant@example.com",
                json!(["@ant@example.com"]),
            ),
            ("personalize", Kind::Choice, "full", json!("full")),
            ("preferred_language", Kind::Language, "pt_BR", json!("pt_BR")),
            (
                "posting_pipeline",
                Kind::Pipeline,
                "default-posting-pipeline",
                json!("default-posting-pipeline"),
            ),
        ] {
            assert_eq!(one(name, kind, text), Ok(value), "{name}");
        }
        let null = read("info", Kind::Text, &Value::Json(Json::Null));
        assert_eq!(null, Ok(json!("")), "nothing is no word");
    }

    #[test]
    fn bad_values_in_mailmans_words() {
        for (name, kind, text, told) in [
            ("emergency", Kind::Truth, "maybe", "Invalid boolean value: maybe"),
            ("max_message_size", Kind::Number, "-1", "Expected a non-negative integer: -1"),
            ("digest_size_threshold", Kind::Decimal, "x", "could not convert string to float: 'x'"),
            ("bounce_info_stale_after", Kind::Span, "1d1w", ""),
            ("description", Kind::Line, "a\nb", "This value must be a single line: a\nb"),
            (
                "hold_these_nonmembers",
                Kind::Senders,
                "nobody",
                "Expected a valid email address or regular expression, got nobody",
            ),
            (
                "accept_these_nonmembers",
                Kind::SendersAndLists,
                "@nobody",
                "Expected a valid email address, regular expression or @fqdn_listname, got @nobody",
            ),
            ("acceptable_aliases", Kind::Aliases, "nobody", "nobody"),
            ("archive_policy", Kind::Choice, "Public", "Accepted Values are: never, private, public"),
            ("posting_pipeline", Kind::Pipeline, "x", "Unknown pipeline: x"),
        ] {
            assert_eq!(one(name, kind, text), Err(told.to_owned()), "{name}");
        }
        let twice = Value::Many(vec!["a".into(), "b".into()]);
        assert!(read("info", Kind::Text, &twice).is_err(), "a text is one text");
        assert!(one("acceptable_aliases", Kind::Aliases, "^(").unwrap_err().contains("regular expression"));
        assert!(one("reply_to_address", Kind::Text, "nobody").is_err());
    }

    #[test]
    fn a_hash_that_comes_back_stays() {
        let Some(Json::String(hash)) = kept("secret") else { panic!("no hash") };
        assert!(hash.starts_with("$argon2id$"));
        assert_eq!(kept(&hash), Some(json!(hash)));
        assert_eq!(kept(""), Some(json!("")));
    }
}
