use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Address, Timestamp};

/// Why a path of MAIL or RCPT was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    /// Longer than RFC 5321 §4.5.3.1.3 allows by far.
    #[error("the path is longer than {0} octets")]
    TooLong(usize),
    /// Not `local@domain`.
    #[error("the path is not local-part@domain")]
    NoDomain,
    /// Control characters, or bytes that are not UTF-8.
    #[error("the path holds a control character")]
    Control,
}

/// The longest path we take, octets. RFC 5321 asks for 256; VERP addresses are longer.
const MAX_PATH: usize = 1024;

fn check(text: &str) -> Result<(), PathError> {
    if text.len() > MAX_PATH {
        return Err(PathError::TooLong(MAX_PATH));
    }
    if text.chars().any(char::is_control) {
        return Err(PathError::Control);
    }
    match text.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => Ok(()),
        _ => Err(PathError::NoDomain),
    }
}

/// Where reports of failure go: the argument of MAIL FROM (RFC 5321 §4.1.1.2).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ReversePath {
    /// `<>`: nobody wants to know; never answer it (RFC 5321 §4.5.5).
    Null,
    /// The path without its angle brackets.
    Path(String),
}

impl ReversePath {
    /// Reads the text between the angle brackets.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Ok(Self::Null);
        }
        check(text)?;
        Ok(Self::Path(text.to_owned()))
    }

    /// The text between the angle brackets; empty for the null path.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Null => "",
            Self::Path(path) => path,
        }
    }

    /// True for `<>`.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl From<String> for ReversePath {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Null } else { Self::Path(text) }
    }
}

impl From<ReversePath> for String {
    fn from(path: ReversePath) -> Self {
        match path {
            ReversePath::Null => Self::new(),
            ReversePath::Path(path) => path,
        }
    }
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.as_str())
    }
}

/// One recipient as transmitted: the argument of RCPT TO (RFC 5321 §4.1.1.3), without its angle brackets.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ForwardPath(String);

impl ForwardPath {
    /// Reads the text between the angle brackets.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The text between the angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Address> for ForwardPath {
    fn from(address: &Address) -> Self {
        Self(address.as_str().to_owned())
    }
}

impl fmt::Display for ForwardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

/// What SMTP said of one message for one recipient; never mixed with what its header says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// MAIL FROM.
    pub reverse_path: ReversePath,
    /// RCPT TO, with its extension (`dev-bounces+anne=example.com@…`).
    pub forward_path: ForwardPath,
    /// Who handed it over: `127.0.0.1:4711`, `unix`, `cli`.
    pub client: String,
    /// When it was received, wall time.
    pub received: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_checked() {
        assert_eq!(ReversePath::parse("").unwrap(), ReversePath::Null);
        assert_eq!(ReversePath::parse("a@b").unwrap().to_string(), "<a@b>");
        assert_eq!(ForwardPath::parse("nobody"), Err(PathError::NoDomain));
        assert_eq!(ForwardPath::parse("@x"), Err(PathError::NoDomain));
        assert_eq!(ForwardPath::parse("a\r@x"), Err(PathError::Control));
        assert!(matches!(ForwardPath::parse(&"a".repeat(2000)), Err(PathError::TooLong(_))));
    }

    #[test]
    fn null_survives_serde() {
        let json = serde_json::to_string(&ReversePath::Null).unwrap();
        assert_eq!(json, "\"\"");
        assert_eq!(serde_json::from_str::<ReversePath>(&json).unwrap(), ReversePath::Null);
    }
}
