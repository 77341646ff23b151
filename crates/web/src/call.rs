use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use posthaste_lists::archive::Reader;
use posthaste_model::{ListId, Timestamp};
use uuid::Uuid;

use crate::access::{Link, Session};
use crate::seen::OpenAlert;
use crate::site::Site;

/// A request whose right has been proved; what the pages are made from.
pub(crate) struct Call {
    pub(crate) site: Arc<Site>,
    pub(crate) now: Timestamp,
    pub(crate) headers: HeaderMap,
    /// The piece of the path that stands for `{…}`; empty if there is none.
    pub(crate) piece: String,
    /// Every such piece.
    pub(crate) pieces: Vec<String>,
    /// The path, as it was sent.
    pub(crate) path: String,
    /// What follows the `?`, and the fields of a form.
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) proof: Proof,
    /// For the one script of the page.
    pub(crate) nonce: String,
}

/// What gave the right.
pub(crate) enum Proof {
    /// Nothing was wanted.
    None,
    /// A session.
    Session(Session),
    /// A secret for programs.
    Scraper,
    /// A link to log in by.
    Link(Link),
    /// The link of an alert.
    Alert(Box<OpenAlert>),
    /// Who reads the archive.
    Reader(Reader),
    /// The address for leaving a list.
    Member {
        /// The list.
        list: ListId,
        /// The membership's key.
        member: Uuid,
    },
    /// The link in a moderator's notice.
    Moderator {
        /// The list.
        list: ListId,
        /// The number of the held post.
        number: i64,
        /// Whose notice it was.
        moderator: String,
    },
}

impl Call {
    /// The session, if it was that which gave the right.
    pub(crate) fn session(&self) -> Option<&Session> {
        match &self.proof {
            Proof::Session(session) => Some(session),
            _ => None,
        }
    }

    /// The piece of the path at this place; empty if there is none.
    pub(crate) fn nth(&self, place: usize) -> &str {
        self.pieces.get(place).map_or("", String::as_str)
    }

    /// A field, without blanks around it; empty if it is missing.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |value| value.trim())
    }

    /// True if the client has this version already (RFC 9110 §13.1.2).
    pub(crate) fn has(&self, tag: &str) -> bool {
        let known =
            self.headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        known.flat_map(|line| line.split(',')).any(|one| {
            let one = one.trim();
            one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
        })
    }
}
