use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::{ListSettings, Style, Timestamp, check_domain};

/// Why a text does not name a mailing list.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ListNameError {
    /// Not `list@domain`.
    #[error("{0:?} does not name a list: write LIST@DOMAIN, as in dev@lists.example.org")]
    Shape(String),
    /// A character outside `-_.0-9a-z`.
    #[error("{0:?} does not name a list: {1:?} may not stand in a list's name (letters, digits, - _ . may)")]
    Character(String, char),
    /// The domain is not one.
    #[error("{0:?} does not name a list: {1}")]
    Domain(String, String),
}

/// The posting address of a list, lower case: `dev@lists.example.org`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListName {
    local: String,
    host: String,
}

impl ListName {
    /// Reads `LIST@DOMAIN`, folding case.
    pub fn parse(text: &str) -> Result<Self, ListNameError> {
        let folded = text.trim().to_lowercase();
        let Some((local, host)) = folded.split_once('@').filter(|(l, h)| !l.is_empty() && !h.is_empty())
        else {
            return Err(ListNameError::Shape(text.to_owned()));
        };
        if let Some(c) = local.chars().find(|c| !c.is_ascii_alphanumeric() && !"-_.".contains(*c)) {
            return Err(ListNameError::Character(text.to_owned(), c));
        }
        check_domain(host).map_err(|e| ListNameError::Domain(text.to_owned(), e.to_string()))?;
        Ok(Self { local: local.to_owned(), host: host.to_owned() })
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The mail host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The list-id a new list of this name gets.
    pub fn list_id(&self) -> ListId {
        ListId(format!("{}.{}", self.local, self.host))
    }

    /// The address for `sub`: `dev-owner@lists.example.org`.
    pub fn address(&self, sub: SubAddress) -> String {
        match sub {
            SubAddress::Post => self.to_string(),
            other => format!("{}-{}@{}", self.local, other.name(), self.host),
        }
    }
}

impl fmt::Display for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.host)
    }
}

impl FromStr for ListName {
    type Err = ListNameError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

impl TryFrom<String> for ListName {
    type Error = ListNameError;

    fn try_from(s: String) -> Result<Self, Self::Error> {
        Self::parse(&s)
    }
}

impl From<ListName> for String {
    fn from(name: ListName) -> Self {
        name.to_string()
    }
}

/// The name of a list for ever (RFC 2919): `dev.lists.example.org`. A rename of the list leaves it alone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ListId(String);

impl ListId {
    /// Wraps a text read from our own storage.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which of a list's addresses was written to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubAddress {
    /// The posting address itself.
    Post,
    /// `-request`: commands.
    Request,
    /// `-owner`: the people who run the list.
    Owner,
    /// `-bounces`: reports of failure.
    Bounces,
    /// `-join` or `-subscribe`.
    Join,
    /// `-leave` or `-unsubscribe`.
    Leave,
    /// `-confirm`, with a token as its extension.
    Confirm,
}

impl SubAddress {
    /// The word behind the hyphen; for `Post` it is `post`, which no address uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Request => "request",
            Self::Owner => "owner",
            Self::Bounces => "bounces",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Confirm => "confirm",
        }
    }

    /// Reads the word behind the last hyphen, Mailman's synonyms included.
    pub fn from_suffix(word: &str) -> Option<Self> {
        Some(match word {
            "request" => Self::Request,
            "owner" => Self::Owner,
            "bounces" => Self::Bounces,
            "join" | "subscribe" => Self::Join,
            "leave" | "unsubscribe" => Self::Leave,
            "confirm" => Self::Confirm,
            _ => return None,
        })
    }
}

/// A mailing list: its names, its settings, and what changes with each post.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MailingList {
    /// Its key in the database.
    pub id: Uuid,
    /// Its name for ever.
    pub list_id: ListId,
    /// Its posting address now.
    pub name: ListName,
    /// Everything an owner can set.
    pub settings: ListSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the last post was accepted.
    pub last_post_at: Option<Timestamp>,
    /// The number the next post gets (`%d` of the subject prefix).
    pub post_id: i64,
    /// The digest volume.
    pub volume: i64,
    /// The number of the next digest.
    pub next_digest_number: i64,
    /// When the last digest went out.
    pub digest_last_sent_at: Option<Timestamp>,
    /// The newest article taken from the linked newsgroup.
    pub usenet_watermark: Option<i64>,
}

/// What it takes to make a list.
#[derive(Clone, Debug)]
pub struct ListSeed {
    /// Its posting address.
    pub name: ListName,
    /// The style its settings begin with.
    pub style: Style,
    /// When.
    pub at: Timestamp,
}

impl ListSeed {
    /// The new list, with the key the caller made.
    pub fn into_list(self, id: Uuid) -> MailingList {
        MailingList {
            id,
            list_id: self.name.list_id(),
            settings: ListSettings::for_style(self.style, &self.name),
            name: self.name,
            created_at: self.at,
            last_post_at: None,
            post_id: 1,
            volume: 1,
            next_digest_number: 1,
            digest_last_sent_at: None,
            usenet_watermark: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_and_check() {
        let name = ListName::parse("Dev@Lists.Example.org").unwrap();
        assert_eq!(name.to_string(), "dev@lists.example.org");
        assert_eq!(name.list_id().as_str(), "dev.lists.example.org");
        assert_eq!(name.address(SubAddress::Bounces), "dev-bounces@lists.example.org");
        for bad in ["dev", "dev@", "@x.y", "de v@x.y", "d+v@x.y", "dev@x"] {
            let error = ListName::parse(bad).unwrap_err().to_string();
            assert!(error.contains(bad), "{error}");
        }
    }

    #[test]
    fn suffixes() {
        assert_eq!(SubAddress::from_suffix("subscribe"), Some(SubAddress::Join));
        assert_eq!(SubAddress::from_suffix("unsubscribe"), Some(SubAddress::Leave));
        assert_eq!(SubAddress::from_suffix("bogus"), None);
    }
}
