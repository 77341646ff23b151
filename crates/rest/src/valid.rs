//! The validators: how a text becomes a value, and what is told if it does not.
//!
//! The texts are those that stand behind `Invalid Parameter "x": ` and before a full stop.

use std::str::FromStr;

use posthaste_model::{Action, Address, DeliveryMode, DeliveryStatus, Pattern, Role, TokenOwner};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::params::Value;

/// What a validator gives.
pub(crate) type Valid<T> = Result<T, String>;

/// Any single text.
pub(crate) fn text(value: &Value) -> Valid<String> {
    value.text().ok_or_else(|| format!("Expected str, got {}", value.shown()))
}

/// The same, where the word `None`, which clients write for nothing, is nothing.
pub(crate) fn name(value: &Value) -> Valid<String> {
    Ok(Some(text(value)?).filter(|text| text != "None").unwrap_or_default())
}

/// A text on one line.
pub(crate) fn line(value: &Value) -> Valid<String> {
    let text = text(value)?;
    if text.contains(['\n', '\r']) {
        return Err(format!("This value must be a single line: {text}"));
    }
    Ok(text)
}

/// Yes or no.
pub(crate) fn bool(value: &Value) -> Valid<bool> {
    if let Value::Json(Json::Bool(value)) = value {
        return Ok(*value);
    }
    let text = value.text().unwrap_or_else(|| value.shown());
    match text.to_lowercase().as_str() {
        "true" | "yes" | "1" | "on" | "enable" | "enabled" => Ok(true),
        "false" | "no" | "0" | "off" | "disable" | "disabled" => Ok(false),
        _ => Err(format!("Invalid boolean value: {text}")),
    }
}

/// A number that is not negative.
pub(crate) fn natural(value: &Value) -> Valid<u64> {
    let text = value.text().unwrap_or_else(|| value.shown());
    let number = text.trim().replace('_', "");
    match number.parse::<i128>() {
        Ok(number) if number < 0 => Err(format!("Expected a non-negative integer: {number}")),
        Ok(number) => Ok(u64::try_from(number).unwrap_or(u64::MAX)),
        Err(_) => Err(format!("invalid literal for int() with base 10: '{text}'")),
    }
}

/// An address.
pub(crate) fn email(value: &Value) -> Valid<Address> {
    let text = value.text().unwrap_or_else(|| value.shown());
    address(&text).ok_or_else(|| format!("Expected a valid email address, got {text}"))
}

/// An address, or `^` and a regular expression, as it was written.
pub(crate) fn email_or_regexp(value: &Value) -> Valid<String> {
    let text = value.text().unwrap_or_else(|| value.shown());
    let shown = if text.is_empty() { "empty" } else { &text };
    let fault = || format!("Expected a valid email address or regular expression, got {shown}");
    if text.starts_with('^') {
        return Pattern::parse(&text).map(|_| text.clone()).map_err(|_| fault());
    }
    if address(&text).is_none() { Err(fault()) } else { Ok(text) }
}

/// A regular expression, as it was written.
pub(crate) fn regexp(value: &Value) -> Valid<String> {
    let text = value.text().unwrap_or_else(|| value.shown());
    Pattern::parse(&text).map(|_| text.clone()).map_err(|_| format!("Expected a valid regexp, got {text}"))
}

/// Texts: one makes a list of one, an empty one an empty list.
pub(crate) fn strings(value: &Value) -> Valid<Vec<String>> {
    match value {
        Value::Many(all) => Ok(all.clone()),
        Value::One(text) if text.is_empty() => Ok(vec![]),
        Value::One(text) => Ok(vec![text.clone()]),
        Value::Json(Json::Null) => Ok(vec![]),
        Value::Json(Json::Array(all)) if all.is_empty() => Ok(vec![]),
        Value::Json(other) => Err(format!("Expected str, got {other}")),
    }
}

/// Addresses.
pub(crate) fn emails(value: &Value) -> Valid<Vec<Address>> {
    strings(value)?.into_iter().map(|text| email(&Value::One(text))).collect()
}

/// A URL with scheme, host and path.
pub(crate) fn url(value: &Value) -> Valid<String> {
    let text = value.text().unwrap_or_else(|| value.shown());
    let good = text.split_once("://").is_some_and(|(scheme, rest)| {
        let (host, path) = rest.split_once('/').unwrap_or((rest, "-"));
        let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
        let named = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        begins && named && !host.is_empty() && path != "-"
    });
    let good = good && !text.contains(|c: char| c.is_control() || c.is_whitespace());
    if good { Ok(text) } else { Err(format!("Invalid URL: {text}.")) }
}

/// One of a set of words that `T` knows by the same names.
pub(crate) fn choice<T: FromStr>(value: &Value, names: &[&str]) -> Valid<T> {
    let told = || format!("Accepted Values are: {}", names.join(", "));
    value.text().and_then(|text| text.parse().ok()).ok_or_else(told)
}

/// The same for what is only known by its form in JSON.
fn word<T: DeserializeOwned>(value: &Value, names: &[&str]) -> Valid<T> {
    let told = || format!("Accepted Values are: {}", names.join(", "));
    let text = value.text().filter(|text| names.contains(&text.as_str())).ok_or_else(told)?;
    serde_json::from_value(Json::String(text)).map_err(|_| told())
}

/// A value, or nothing if the text is empty.
pub(crate) fn blank_or<T>(value: &Value, valid: impl FnOnce(&Value) -> Valid<T>) -> Valid<Option<T>> {
    if value.text().is_some_and(|text| text.is_empty()) { Ok(None) } else { valid(value).map(Some) }
}

/// What happens to posts.
pub(crate) fn action(value: &Value) -> Valid<Action> {
    choice(value, &["hold", "reject", "discard", "accept", "defer"])
}

/// The same, or nothing.
pub(crate) fn action_or_blank(value: &Value) -> Valid<Option<Action>> {
    blank_or(value, action)
}

/// How a member gets the list.
pub(crate) fn delivery_mode(value: &Value) -> Valid<DeliveryMode> {
    word(value, &["regular", "plaintext_digests", "mime_digests", "summary_digests"])
}

/// Whether a member gets the list.
pub(crate) fn delivery_status(value: &Value) -> Valid<DeliveryStatus> {
    word(value, &["enabled", "by_user", "by_bounces", "by_moderator", "unknown"])
}

/// What somebody is to a list.
pub(crate) fn role(value: &Value) -> Valid<Role> {
    word(value, &["member", "owner", "moderator", "nonmember"])
}

/// Whose word is waited for; nobody's is `None`.
pub(crate) fn token_owner(value: &Value) -> Valid<Option<TokenOwner>> {
    const NAMES: [&str; 3] = ["no_one", "subscriber", "moderator"];
    if value.text().as_deref() == Some("no_one") {
        return Ok(None);
    }
    word(value, &NAMES).map(Some)
}

/// The code of a language.
pub(crate) fn language(value: &Value) -> Valid<String> {
    let text = value.text().unwrap_or_else(|| value.shown());
    if LANGUAGES.contains(&text.as_str()) { Ok(text) } else { Err(format!("Unknown language: {text}")) }
}

/// Every language that clients may choose.
pub(crate) const LANGUAGES: [&str; 39] = [
    "ar", "ast", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fi", "fr", "gl", "he", "hr",
    "hu", "ia", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt", "pt_BR", "ro", "ru", "sk", "sl", "sr", "sv",
    "tr", "uk", "vi", "zh_CN", "zh_TW",
];

/// An address as clients may name one: the characters of Mailman's rule, and what the rest of the server takes.
pub(crate) fn address(text: &str) -> Option<Address> {
    if text != text.trim() {
        return None;
    }
    let address = Address::parse(text).ok()?;
    (!address.local().contains(['^', '|', ' ', '(', ')'])).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Value {
        Value::One(text.to_owned())
    }

    #[test]
    fn truth() {
        for (text, truth) in [("True", true), ("ENABLED", true), ("on", true), ("0", false), ("Off", false)] {
            assert_eq!(bool(&one(text)), Ok(truth), "{text}");
        }
        for text in ["t", "y", "", "2", "maybe"] {
            assert_eq!(bool(&one(text)), Err(format!("Invalid boolean value: {text}")));
        }
        assert_eq!(bool(&Value::Json(Json::Bool(true))), Ok(true));
    }

    #[test]
    fn numbers() {
        assert_eq!(natural(&one("5")), Ok(5));
        assert_eq!(natural(&one("-1")), Err("Expected a non-negative integer: -1".into()));
        for text in ["5.0", "", "x"] {
            assert_eq!(natural(&one(text)), Err(format!("invalid literal for int() with base 10: '{text}'")));
        }
    }

    #[test]
    fn addresses_and_patterns() {
        assert!(email(&one("a+b/c?=@x.org")).is_ok());
        for text in ["a^b@x.org", "a b@x.org", "a@b", "", " a@b.c"] {
            assert_eq!(email(&one(text)), Err(format!("Expected a valid email address, got {text}")));
        }
        assert_eq!(email_or_regexp(&one("^.*@x.org")), Ok("^.*@x.org".into()));
        let empty = "Expected a valid email address or regular expression, got empty";
        assert_eq!(email_or_regexp(&one("")), Err(empty.into()));
        assert!(email_or_regexp(&one("^(")).is_err());
    }

    #[test]
    fn words() {
        assert_eq!(role(&one("owner")), Ok(Role::Owner));
        let told = "Accepted Values are: hold, reject, discard, accept, defer";
        assert_eq!(action(&one("Hold")), Err(told.into()));
        assert_eq!(action_or_blank(&one("")), Ok(None));
        assert_eq!(token_owner(&one("no_one")), Ok(None));
        assert_eq!(strings(&one("")), Ok(vec![]));
        assert_eq!(url(&one("https://h/")), Ok("https://h/".into()));
        assert_eq!(url(&one("https://h")), Err("Invalid URL: https://h.".into()));
    }
}
