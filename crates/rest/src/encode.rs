//! How values are written: moments, and JSON in ASCII.

use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use posthaste_model::Timestamp;
use serde_json::{Map as JsonMap, Value};
use sha1::{Digest, Sha1};
use uuid::Uuid;

use crate::version::Version;

/// A resource.
pub(crate) type Map = JsonMap<String, Value>;

/// The key of the tag that every object bears.
pub(crate) const ETAG: &str = "http_etag";

/// Keys whose values are ids: decimal numbers in 3.0.
const IDS: [&str; 2] = ["user_id", "member_id"];

/// A moment: UTC without a zone, the fraction left out if it is zero.
pub(crate) fn time(at: Timestamp) -> Value {
    let text = at.to_string();
    let text = text.trim_end_matches('Z');
    text.strip_suffix(".000000").unwrap_or(text).into()
}

/// The same without its fraction.
pub(crate) fn time_in_seconds(at: Timestamp) -> Value {
    time(Timestamp::from_micros(at.as_secs().saturating_mul(1_000_000)))
}

/// Gives a resource its tag: a hash over everything in it.
pub(crate) fn tag(map: &mut Map) {
    map.remove(ETAG);
    let mut text = String::new();
    write_map(&mut text, map, Version::V31);
    map.insert(ETAG.to_owned(), quoted_tag(&Sha1::digest(text.as_bytes())).into());
}

/// A tag as it stands in bodies: with its quotes.
pub(crate) fn quoted_tag(digest: &[u8]) -> String {
    format!("\"{}\"", HEXLOWER.encode(digest))
}

/// Writes a value as JSON, ASCII only.
pub(crate) fn write(out: &mut String, value: &Value, version: Version) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::String(text) => write_text(out, text),
        Value::Array(values) => {
            out.push('[');
            for (place, value) in values.iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                write(out, value, version);
            }
            out.push(']');
        }
        Value::Object(map) => write_map(out, map, version),
    }
}

/// Writes a resource as JSON.
pub(crate) fn write_map(out: &mut String, map: &Map, version: Version) {
    out.push('{');
    for (place, (key, value)) in map.iter().enumerate() {
        if place > 0 {
            out.push_str(", ");
        }
        write_text(out, key);
        out.push_str(": ");
        match (version, value.as_str()) {
            (Version::V30, Some(text)) if IDS.contains(&key.as_str()) => match Uuid::try_parse(text) {
                Ok(id) => out.push_str(&id.as_u128().to_string()),
                Err(_) => write_text(out, text),
            },
            _ => write(out, value, version),
        }
    }
    out.push('}');
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn moments() {
        let at = Timestamp::parse_rfc3339("2026-11-22T15:13:51.360700Z").unwrap();
        assert_eq!(time(at), "2026-11-22T15:13:51.360700");
        assert_eq!(time_in_seconds(at), "2026-11-22T15:13:51");
        assert_eq!(time(Timestamp::from_micros(0)), "1970-01-01T00:00:00");
    }

    #[test]
    fn ids_are_numbers_in_the_older_version_only() {
        let id = Uuid::from_u128(u128::MAX);
        let map = Map::from_iter([("user_id".to_owned(), Version::V30.id(id))]);
        let (mut old, mut new) = (String::new(), String::new());
        write_map(&mut old, &map, Version::V30);
        write_map(&mut new, &map, Version::V31);
        assert_eq!(old, format!("{{\"user_id\": {}}}", u128::MAX));
        assert_eq!(new, format!("{{\"user_id\": \"{}\"}}", "f".repeat(32)));
    }

    #[test]
    fn tags_follow_the_content() {
        let mut map = Map::from_iter([("a".to_owned(), json!("ü"))]);
        tag(&mut map);
        let first = map.get(ETAG).cloned().unwrap();
        tag(&mut map);
        assert_eq!(map.get(ETAG), Some(&first));
        assert_eq!(first.as_str().unwrap().len(), 42);
        map.insert("a".to_owned(), json!("u"));
        tag(&mut map);
        assert_ne!(map.get(ETAG), Some(&first));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was(text: String, number: i64) {
            let value = json!({ "text": text, "list": [number, null, true, { "x": text }] });
            let mut out = String::new();
            write(&mut out, &value, Version::V31);
            prop_assert!(out.is_ascii());
            prop_assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), value);
        }
    }
}
