use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use posthaste_lists::archive::Library;
use posthaste_model::{Address, ListId, ListName};
use uuid::Uuid;

use crate::membership::Reply;
use crate::moderate::{HeldPost, Measure};
use crate::seen::{OpenAlert, Seen};

/// What is behind the pages. The server is one; tests and the example have another, made up.
///
/// Looking is cheap and waits for nothing. Doing may wait; the pages give it a few seconds.
pub trait House: Send + Sync + 'static {
    /// What there is to show now.
    fn see(&self) -> Seen;

    /// Does what an operator asked for; the answer is a sentence for people either way.
    fn act(&self, act: Act) -> Acting<'_>;

    /// The alert that this link from a message acknowledges; `None` unless we signed the link and it still holds.
    fn linked(&self, token: &str) -> Option<OpenAlert>;

    /// The held post with this number, if it still is one of this list's and this moderator may decide about it; the error
    /// is a sentence for people.
    fn held<'a>(&'a self, list: &ListId, number: i64, moderator: &str) -> Looking<'a>;

    /// The archive, if this server keeps one.
    fn library(&self) -> Option<Arc<Library>> {
        None
    }
}

/// A look that waits for the database.
pub type Looking<'a> = Pin<Box<dyn Future<Output = Result<Option<HeldPost>, String>> + Send + 'a>>;

/// Something being done.
pub type Acting<'a> = Pin<Box<dyn Future<Output = Result<String, String>> + Send + 'a>>;

/// What an operator can ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// Take an alert in hand.
    Acknowledge {
        /// Which.
        alert: String,
        /// Who does.
        by: String,
        /// What they say about it; may be empty.
        note: String,
    },
    /// The same by the link from a message.
    AcknowledgeByLink {
        /// The end of the link.
        token: String,
        /// What they say about it; may be empty.
        note: String,
    },
    /// End one membership, as its member asked by the address in their copies (RFC 8058). Done before: that is no
    /// fault.
    Leave {
        /// The list.
        list: ListId,
        /// The membership's key.
        member: Uuid,
    },
    /// Decide about a held post.
    Moderate {
        /// The list.
        list: ListId,
        /// Its number.
        number: i64,
        /// Who decides.
        moderator: String,
        /// What.
        measure: Measure,
        /// What the author is told; may be empty.
        reason: String,
        /// Who gets a copy; may be empty.
        forward: String,
        /// Keep it after all.
        preserve: bool,
        /// Even if somebody else has it in hand.
        force: bool,
    },
    /// Send the link by which somebody reads an archive, to a member of that list and nobody else.
    SendReadingLink {
        /// The list.
        list: ListName,
        /// Who is to get it.
        address: Address,
        /// The link.
        link: String,
    },
    /// Answer a mail about a membership.
    Membership {
        /// The token in it.
        token: String,
        /// The answer.
        reply: Reply,
    },
    /// Switch a member's mail on again, which failures had switched off, as the member asked by the address in a warning.
    /// Done before: that is no fault.
    Enable {
        /// The list.
        list: ListId,
        /// The membership's key.
        member: Uuid,
    },
    /// Take an entry back from quarantine.
    Retry {
        /// Its id.
        entry: String,
        /// Who says so.
        by: String,
    },
    /// Drop an entry of the quarantine for good.
    Remove {
        /// Its id.
        entry: String,
        /// Who says so.
        by: String,
    },
}
