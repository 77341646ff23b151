//! The versions of the interface.

use serde_json::Value;
use uuid::Uuid;

/// Which version a request speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Version {
    /// `/3.0`: ids are decimal numbers.
    V30,
    /// `/3.1`: ids are 32 hexadecimal digits.
    V31,
}

/// In which versions a route exists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Versions {
    /// In both.
    Both,
    /// In 3.0 only.
    V30,
    /// In 3.1 only.
    V31,
}

impl Version {
    /// Reads the first piece of a path.
    pub(crate) fn parse(piece: &str) -> Option<Self> {
        match piece {
            "3.0" => Some(Self::V30),
            "3.1" => Some(Self::V31),
            _ => None,
        }
    }

    /// As it stands in paths.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::V30 => "3.0",
            Self::V31 => "3.1",
        }
    }

    /// An id as it stands in paths.
    pub(crate) fn uuid_text(self, id: Uuid) -> String {
        match self {
            Self::V30 => id.as_u128().to_string(),
            Self::V31 => id.simple().to_string(),
        }
    }

    /// An id as a value. Always its hexadecimal digits: in 3.0 the writer of JSON makes numbers of those that stand under
    /// `user_id` and `member_id`, because no JSON number of ours holds 128 bits.
    #[expect(
        clippy::unused_self,
        reason = "how an id looks is the version's to say, though both say the same"
    )]
    pub(crate) fn id(self, id: Uuid) -> Value {
        Value::String(id.simple().to_string())
    }

    /// Reads an id as clients of this version write it.
    pub(crate) fn parse_id(self, text: &str) -> Option<Uuid> {
        match self {
            Self::V30 if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok().map(Uuid::from_u128),
            Self::V30 => None,
            Self::V31 => {
                let text = text.strip_prefix("urn:uuid:").unwrap_or(text);
                let digits: String = text.chars().filter(|c| !matches!(c, '-' | '{' | '}')).collect();
                (digits.len() == 32).then(|| Uuid::try_parse(&digits).ok()).flatten()
            }
        }
    }
}

impl Versions {
    /// True if `version` is among them.
    pub(crate) const fn have(self, version: Version) -> bool {
        matches!((self, version), (Self::Both, _) | (Self::V30, Version::V30) | (Self::V31, Version::V31))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        let id = Uuid::from_u128(u128::MAX - 5);
        for version in [Version::V30, Version::V31] {
            assert_eq!(version.parse_id(&version.uuid_text(id)), Some(id));
        }
        let hex = id.simple().to_string();
        for text in
            [hex.to_uppercase(), id.hyphenated().to_string(), id.urn().to_string(), id.braced().to_string()]
        {
            assert_eq!(Version::V31.parse_id(&text), Some(id), "{text}");
        }
        for text in ["", "12", "+1", &hex] {
            assert_eq!(Version::V30.parse_id(text), (text == "12").then(|| Uuid::from_u128(12)), "{text}");
        }
        assert_eq!(Version::V31.parse_id("1"), None);
    }
}
