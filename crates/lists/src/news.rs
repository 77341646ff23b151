//! The newsgroup behind a list (RFC 5536, RFC 3977): posts become articles, articles become posts.

mod article;
mod client;
mod fetch;

use std::time::Duration;

use thiserror::Error;

pub(crate) use self::article::{article, is_of_list, to_post};
pub(crate) use self::client::Connection;
pub(crate) use self::fetch::fetch;

/// The note of entries that were articles: `group number`.
pub const FROM_NEWS: &str = "from-news";

/// A news server.
#[derive(Clone, Debug)]
pub struct NewsServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who we are there (RFC 4643 §2.3), with a password.
    pub login: Option<(String, String)>,
    /// From one look for new articles to the next.
    pub every: Duration,
}

/// Why the news server did not do what it was asked.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub(crate) enum NewsError {
    /// It cannot be reached, or cannot now: try again later.
    #[error("{0}")]
    Away(String),
    /// An article with this Message-ID is there.
    #[error("{0}")]
    Duplicate(String),
    /// It will not have it.
    #[error("{0}")]
    Refused(String),
}
