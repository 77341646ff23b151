//! Archives that others keep: each gets every post of a list, in its own way, once.
//!
//! The runner of the archive stage ([`crate::Archiving`]) asks each [`Archiver`] to keep a post, records that it did, and
//! comes back to those that were away.

mod archivers;
mod date;
mod folder;
mod hyperkitty;
mod library;
mod mail_archive;
mod maildir;
mod mbox;
mod own;

use std::pin::Pin;

use bytes::Bytes;
use posthaste_mime::Head;
use posthaste_model::{ArchivePolicy, EntryId, MailingList, Timestamp};
use posthaste_spool::NewEntry;
use thiserror::Error;

pub use self::archivers::Archivers;
pub use self::date::{Clobber, Clobbering};
pub use self::hyperkitty::{Answer, HyperKitty, SendUpload, Upload};
pub use self::library::{Library, LibraryError, Opened, Reader, Thread};
pub use self::mail_archive::MailArchive;
pub use self::maildir::Maildir;
pub use self::mbox::Mbox;
pub use self::own::{OwnArchive, archive_post};

/// Why an archiver did not keep a post.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ArchiveError {
    /// It cannot be asked now, or it says that it cannot now: the post waits.
    #[error("{0}")]
    Away(String),
    /// It will not have this post.
    #[error("{0}")]
    Refused(String),
}

/// How an archiver kept a post.
#[derive(Debug)]
pub enum Kept {
    /// It has it; where, if it says so.
    There(Option<String>),
    /// This mail brings it there.
    ByMail(Box<NewEntry>),
}

/// A post for an archive.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The entry of the spool. Keeping the same one again must change nothing, as far as the archive lets us.
    pub id: EntryId,
    /// The list.
    pub list: &'a MailingList,
    /// The message without the list's header and footer, its date put in order.
    pub message: &'a Bytes,
    /// The same as its author dated it.
    pub whole: &'a Bytes,
    /// When we received it.
    pub received: Timestamp,
}

/// A promise of what came of it.
pub type Keeping<'a> = Pin<Box<dyn Future<Output = Result<Kept, ArchiveError>> + Send + 'a>>;

/// Keeps posts.
pub trait Archiver: Send + Sync + 'static {
    /// Its name in settings and records.
    fn name(&self) -> &'static str;
    /// Where the archive of a list is read.
    fn list_url(&self, _list: &MailingList) -> Option<String> {
        None
    }
    /// Where the post with this Message-ID-Hash will be read. Known before it is there, without asking anybody.
    fn permalink(&self, _list: &MailingList, _hash: &str) -> Option<String> {
        None
    }
    /// True if it takes posts of this list.
    fn takes(&self, _list: &MailingList) -> bool {
        true
    }
    /// Keeps a post.
    fn keep<'a>(&'a self, piece: Piece<'a>) -> Keeping<'a>;
}

/// True if the list and the author let a post be archived. An author says no with `X-No-Archive` (unless its value is
/// `no`) or `X-Archive: no`.
pub fn may_archive(list: &MailingList, head: &Head) -> bool {
    let says_no = |name: &str| head.text(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("no"));
    let refused = head.has("X-No-Archive") && !says_no("X-No-Archive");
    list.settings.archive_policy != ArchivePolicy::Never && !refused && !says_no("X-Archive")
}

#[cfg(test)]
mod tests;
