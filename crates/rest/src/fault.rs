//! What goes wrong with a request, and how a client is told.

use axum::http::StatusCode;
use posthaste_spool::SpoolError;
use posthaste_store::StoreError;

/// How soon a client may ask again when something of ours is away, seconds.
pub(crate) const SOON: u64 = 5;

/// Why a request was not done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// 404; what is not there, or nothing more than that.
    NotFound(Option<String>),
    /// 400, in a sentence that clients show to people.
    Bad(String),
    /// 400 under a title of its own.
    Odd {
        /// The title.
        title: &'static str,
        /// The sentence.
        text: String,
    },
    /// 409.
    Conflict(String),
    /// 403.
    Forbidden(Option<String>),
    /// 401.
    Unauthorized,
    /// 405: nothing but GET is answered there.
    Method,
    /// 413: the body is larger than we take.
    TooLarge,
    /// 429.
    TooMany {
        /// Seconds.
        retry_after: u64,
    },
    /// 503: trouble of ours that passes.
    Unavailable {
        /// Seconds.
        retry_after: u64,
    },
}

impl Fault {
    /// 404 and no more.
    pub(crate) const GONE: Self = Self::NotFound(None);

    /// 400.
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::Bad(text.into())
    }

    /// 404 with a sentence.
    pub(crate) fn no(text: impl Into<String>) -> Self {
        Self::NotFound(Some(text.into()))
    }

    /// Trouble of ours, told to the log.
    pub(crate) fn ours(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "REST: a request could not be done");
        Self::Unavailable { retry_after: SOON }
    }

    /// The status.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Bad(_) | Self::Odd { .. } => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Title and description of the body.
    pub(crate) fn words(&self) -> (String, String) {
        let status = self.status().to_string();
        let text = match self {
            Self::NotFound(text) | Self::Forbidden(text) => text.clone(),
            Self::Bad(text) | Self::Conflict(text) => Some(text.clone()),
            Self::Odd { title, text } => return ((*title).to_owned(), text.clone()),
            Self::Unauthorized => Some("REST API authorization failed".to_owned()),
            Self::Method => Some("Nothing can be done here but GET".to_owned()),
            Self::TooLarge => Some("The body of the request is too large".to_owned()),
            Self::TooMany { retry_after } => {
                Some(format!("Too many requests; ask again in {retry_after} seconds"))
            }
            Self::Unavailable { retry_after } => {
                Some(format!("The server cannot do this now; ask again in {retry_after} seconds"))
            }
        };
        (status.clone(), text.unwrap_or(status))
    }

    /// Seconds after which to ask again, if that helps.
    pub(crate) const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany { retry_after } | Self::Unavailable { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchList(_)
            | StoreError::NoSuchDomain(_)
            | StoreError::NoSuchMember { .. }
            | StoreError::NoSuchHeaderMatch(_) => Self::GONE,
            StoreError::DomainExists(host) => Self::Bad(format!("Duplicate email host: {host}")),
            StoreError::ListExists(_) => Self::bad("Mailing list exists"),
            StoreError::HeaderMatchExists { .. } => Self::bad("This header match already exists"),
            error @ (StoreError::DomainInUse { .. }
            | StoreError::BadDomain(_)
            | StoreError::BadPattern { .. }
            | StoreError::BadBan(_)
            | StoreError::BadHeader(_)) => Self::Bad(error.to_string()),
            error => Self::ours(&error),
        }
    }
}

impl From<SpoolError> for Fault {
    fn from(error: SpoolError) -> Self {
        Self::ours(&error)
    }
}
