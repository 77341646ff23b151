use std::time::Duration;

use serde_json::Value;

use super::span::parse_span;
use crate::Topic;

/// What may stand in a setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettingKind {
    /// Told in words.
    Is(&'static str),
    /// One of these, each with what it means.
    Choice(&'static [(&'static str, &'static str)]),
}

/// A type a setting can have: how it is read from JSON or from the command line's text.
pub(super) trait SettingValue: Sized {
    /// What may stand there.
    fn kind() -> SettingKind;
    /// Reads it; the error is the rule that was broken.
    fn read(value: &Value) -> Result<Self, String>;
}

impl SettingValue for bool {
    fn kind() -> SettingKind {
        SettingKind::Is("yes or no")
    }

    fn read(value: &Value) -> Result<Self, String> {
        if let Some(b) = value.as_bool() {
            return Ok(b);
        }
        match value.as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" | "on" | "enable" | "enabled" => Ok(true),
            "false" | "no" | "0" | "off" | "disable" | "disabled" => Ok(false),
            _ => Err("say yes or no".into()),
        }
    }
}

impl SettingValue for u64 {
    fn kind() -> SettingKind {
        SettingKind::Is("a whole number")
    }

    fn read(value: &Value) -> Result<Self, String> {
        let read = match value {
            Value::Number(n) => n.as_u64(),
            Value::String(s) => s.trim().parse().ok(),
            _ => None,
        };
        read.ok_or_else(|| "a whole number, zero or more, is needed".into())
    }
}

impl SettingValue for f64 {
    fn kind() -> SettingKind {
        SettingKind::Is("a number")
    }

    fn read(value: &Value) -> Result<Self, String> {
        let read = match value {
            Value::Number(n) => n.as_f64(),
            Value::String(s) => s.trim().parse().ok(),
            _ => None,
        };
        read.filter(|n: &Self| n.is_finite()).ok_or_else(|| "a number is needed".into())
    }
}

impl SettingValue for String {
    fn kind() -> SettingKind {
        SettingKind::Is("text")
    }

    fn read(value: &Value) -> Result<Self, String> {
        value.as_str().map(ToOwned::to_owned).ok_or_else(|| "text is needed".into())
    }
}

impl SettingValue for Vec<String> {
    fn kind() -> SettingKind {
        SettingKind::Is("texts, one a line")
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(s) if s.is_empty() => Ok(vec![]),
            Value::String(s) => {
                Ok(s.lines().map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()).collect())
            }
            Value::Array(items) => items.iter().map(String::read).collect(),
            _ => Err("a list of texts is needed (one a line)".into()),
        }
    }
}

impl SettingValue for i64 {
    fn kind() -> SettingKind {
        SettingKind::Is("a whole number, which may be negative")
    }

    fn read(value: &Value) -> Result<Self, String> {
        let read = match value {
            Value::Number(n) => n.as_i64(),
            Value::String(s) => s.trim().parse().ok(),
            _ => None,
        };
        read.ok_or_else(|| "a whole number is needed".into())
    }
}

impl SettingValue for Vec<Topic> {
    fn kind() -> SettingKind {
        SettingKind::Is("lines of NAME: regular expression; lines with one name make one topic")
    }

    fn read(value: &Value) -> Result<Self, String> {
        if let Value::String(text) = value {
            return Topic::parse_lines(text);
        }
        let topics: Self = serde_json::from_value(value.clone())
            .map_err(|_| "lines of NAME: PATTERN are needed, or objects with name, pattern, description")?;
        topics.iter().try_for_each(Topic::check)?;
        Ok(topics)
    }
}

impl SettingValue for Option<String> {
    fn kind() -> SettingKind {
        SettingKind::Is("text")
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            Value::String(s) if s.is_empty() => Ok(None),
            other => String::read(other).map(Some),
        }
    }
}

impl SettingValue for Duration {
    fn kind() -> SettingKind {
        SettingKind::Is("a span of time, as in 7d or 1h30m")
    }

    fn read(value: &Value) -> Result<Self, String> {
        parse_span(value.as_str().unwrap_or_default()).ok_or_else(|| {
            "a span of time is needed, as in 7d, 1w2d, 1h30m (units w d h m s, descending)".into()
        })
    }
}
