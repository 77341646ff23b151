use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::check_domain;

/// Why a text is not an address we can send to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// No `@`.
    #[error("{0:?} is not an address: it has no @")]
    NoAt(String),
    /// Nothing before the `@`.
    #[error("{0:?} is not an address: nothing stands before the @")]
    NoLocal(String),
    /// A character that may not stand in the part before the `@`.
    #[error("{0:?} is not an address: {1:?} may not stand before the @")]
    LocalCharacter(String, char),
    /// The domain is not one.
    #[error("{0:?} is not an address: {1}")]
    Domain(String, String),
    /// Longer than 254 octets (RFC 5321 §4.5.3.1.3 with its brackets taken off).
    #[error("the address beginning {0:?} is longer than 254 octets")]
    TooLong(String),
}

/// An e-mail address: keeps the spelling its owner uses, compares by its folded key.
///
/// RFC 5321 §2.4 leaves the case of local parts to their hosts; list software that treats them as different loses
/// members, so the key is all lower case.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    spelling: String,
    key: String,
}

impl Address {
    /// Reads `local@domain`. The domain needs two labels; the local part may be quoted or hold UTF-8 (RFC 6531).
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.len() > 254 {
            return Err(AddressError::TooLong(text.chars().take(40).collect()));
        }
        let Some((local, domain)) = text.rsplit_once('@') else {
            return Err(AddressError::NoAt(text.to_owned()));
        };
        if local.is_empty() {
            return Err(AddressError::NoLocal(text.to_owned()));
        }
        let inner = local.strip_prefix('"').and_then(|l| l.strip_suffix('"')).filter(|l| !l.is_empty());
        let quoted = inner.is_some();
        if let Some(c) = inner.unwrap_or(local).chars().find(|c| !allowed_in_local(*c, quoted)) {
            return Err(AddressError::LocalCharacter(text.to_owned(), c));
        }
        check_domain(domain).map_err(|e| AddressError::Domain(text.to_owned(), e.to_string()))?;
        Ok(Self { spelling: text.to_owned(), key: text.to_lowercase() })
    }

    /// As its owner spells it.
    pub fn as_str(&self) -> &str {
        &self.spelling
    }

    /// The folded form that two spellings of one address share.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The part before the last `@`, as spelled.
    pub fn local(&self) -> &str {
        self.spelling.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The part after the last `@`, as spelled.
    pub fn domain(&self) -> &str {
        self.spelling.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// True if it needs SMTPUTF8 (RFC 6531) to be sent to.
    pub fn needs_smtputf8(&self) -> bool {
        !self.spelling.is_ascii()
    }
}

fn allowed_in_local(c: char, quoted: bool) -> bool {
    c.is_ascii_alphanumeric()
        || "!#$%&'*+-./=?^_`{|}~".contains(c)
        || (quoted && (c == ' ' || c == '@'))
        || (!c.is_ascii() && !c.is_control() && !c.is_whitespace())
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for Address {}
impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Address {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}
impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(s: String) -> Result<Self, Self::Error> {
        Self::parse(&s)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.spelling
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelling)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.spelling)
    }
}

/// A display name and an address, as in `Anne Person <anne@example.com>`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mailbox {
    /// The display name, decoded; empty if there is none.
    pub name: String,
    /// The address.
    pub address: Address,
}

impl Mailbox {
    /// Reads one line of a member file: `anne@example.com` or `Anne Person <anne@example.com>`.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        match text.strip_suffix('>').and_then(|t| t.rsplit_once('<')) {
            Some((name, address)) => {
                let name = name.trim();
                let name = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')).unwrap_or(name);
                Ok(Self { name: name.replace("\\\"", "\""), address: Address::parse(address)? })
            }
            None => Ok(Self { name: String::new(), address: Address::parse(text)? }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_is_kept_and_key_is_folded() {
        let a = Address::parse(" Anne.Person@Example.COM ").unwrap();
        assert_eq!(a.as_str(), "Anne.Person@Example.COM");
        assert_eq!(a.key(), "anne.person@example.com");
        assert_eq!((a.local(), a.domain()), ("Anne.Person", "Example.COM"));
        assert_eq!(a, Address::parse("anne.person@example.com").unwrap());
    }

    #[test]
    fn good_and_bad() {
        for good in [
            "a@b.c",
            "\"anne person\"@example.com",
            "jürgen@example.org",
            "x=y+z@sub.example.org",
            "a@bücher.example",
        ] {
            assert!(Address::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "anne",
            "@example.com",
            "anne@",
            "anne@example",
            "an ne@example.com",
            "anne@-x.com",
            "a<b@example.com",
            "a@b..c",
            "a@exa_mple.com",
            "a\n@example.com",
        ] {
            let error = Address::parse(bad).unwrap_err().to_string();
            assert!(error.contains(bad.trim()) || bad.contains('\n'), "{bad}: {error}");
        }
    }

    #[test]
    fn mailboxes() {
        let m = Mailbox::parse("\"Anne P.\" <anne@example.com>").unwrap();
        assert_eq!((m.name.as_str(), m.address.as_str()), ("Anne P.", "anne@example.com"));
        assert_eq!(Mailbox::parse("anne@example.com").unwrap().name, "");
        assert!(Mailbox::parse("Anne <anne>").is_err());
    }
}
