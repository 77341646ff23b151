//! What a route wants of an API token, and what a token may do.

use data_encoding::BASE32_NOPAD;
use posthaste_model::ListId;
use posthaste_store::ApiToken;
use serde::{Deserialize, Serialize};

use crate::caller::{PREFIX, token_hash};

/// What somebody may do within their reach.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Look at lists, settings and counts.
    Read,
    /// Look at and decide on what waits for moderators; bans and header matches.
    Moderate,
    /// Look at and change members, and who they are.
    Members,
    /// Change settings, make and remove lists and domains.
    Settings,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Read, Self::Moderate, Self::Members, Self::Settings];

    /// Its name in commands and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Moderate => "moderate",
            Self::Members => "members",
            Self::Settings => "settings",
        }
    }
}

/// How far a token reaches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Everything.
    Site,
    /// The lists of this domain, lower case.
    Domain(String),
    /// This list.
    List(ListId),
}

/// What a token may do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// Where.
    pub reach: Reach,
    /// What. Looking at what [`Kind::Read`] shows comes with every other kind.
    pub kinds: Vec<Kind>,
}

impl Grant {
    /// True if this kind is among what it may do.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind) || (kind == Kind::Read && !self.kinds.is_empty())
    }
}

/// What a route is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// The whole site.
    Site,
    /// The domain named by this piece of the path.
    Domain(&'static str),
    /// The list named by this piece of the path.
    List(&'static str),
    /// The list named by this field of what the request says (`list_id`); the site if there is no such field.
    Named(&'static str),
}

/// What a route wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Right {
    pub(crate) scope: Scope,
    /// For GET.
    pub(crate) look: Kind,
    /// For every other method.
    pub(crate) change: Kind,
}

impl Right {
    /// About the site.
    pub(crate) const fn site(look: Kind, change: Kind) -> Self {
        Self { scope: Scope::Site, look, change }
    }

    /// About the domain `{d}`.
    pub(crate) const fn domain(look: Kind, change: Kind) -> Self {
        Self { scope: Scope::Domain("d"), look, change }
    }

    /// About the list `{l}`.
    pub(crate) const fn list(look: Kind, change: Kind) -> Self {
        Self { scope: Scope::List("l"), look, change }
    }

    /// About the list that the field `list_id` names.
    pub(crate) const fn named(look: Kind, change: Kind) -> Self {
        Self { scope: Scope::Named("list_id"), look, change }
    }
}

/// A new token: the text for whoever will use it, and what is kept of it.
pub struct NewToken {
    /// 160 random bits; shown once.
    pub text: String,
    /// For [`Store::add_api_token`](posthaste_store::Store::add_api_token).
    pub hash: String,
}

impl NewToken {
    /// Made from these octets, which nobody can guess.
    pub fn of(random: [u8; 20]) -> Self {
        let text = format!("{PREFIX}{}", BASE32_NOPAD.encode(&random).to_ascii_lowercase());
        let hash = token_hash(&text);
        Self { text, hash }
    }
}

impl Grant {
    /// What a stored token may do; `None` if that cannot be read.
    pub fn read(token: &ApiToken) -> Option<Self> {
        let reach = match token.reach.as_str() {
            "site" => Reach::Site,
            "domain" => Reach::Domain(token.target.clone()),
            "list" => Reach::List(ListId::new(token.target.clone())),
            _ => return None,
        };
        let kind = |word: &str| Kind::ALL.into_iter().find(|kind| kind.name() == word.trim());
        let kinds = token.kinds.split(',').map(kind).collect::<Option<Vec<_>>>()?;
        Some(Self { reach, kinds })
    }

    /// How it is stored: reach, target and kinds of [`ApiToken`].
    pub fn write(&self) -> (String, String, String) {
        let (reach, target) = match &self.reach {
            Reach::Site => ("site", String::new()),
            Reach::Domain(host) => ("domain", host.clone()),
            Reach::List(id) => ("list", id.as_str().to_owned()),
        };
        let kinds: Vec<_> = self.kinds.iter().map(|kind| kind.name()).collect();
        (reach.to_owned(), target, kinds.join(","))
    }
}
