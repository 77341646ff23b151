use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use posthaste_model::{EntryId, Stage};
use thiserror::Error;

/// Why the spool could not do what was asked.
#[derive(Debug, Clone, Error)]
pub enum SpoolError {
    /// Another program holds the folder.
    #[error(
        "the spool {} is in use by another server: stop that one, or give this one a state folder of its own", .0.display()
    )]
    Locked(PathBuf),
    /// The file system refused. Nothing that returned this may be called safe.
    #[error("cannot {doing} {}: {source}{}", .path.display(), remedy(source))]
    Disk {
        /// What was tried: `write`, `sync`, `rename`.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The file failed its checks and was set aside in `quarantine/`.
    #[error("entry {id} is damaged and was set aside in quarantine: {why}")]
    Damaged {
        /// Which entry.
        id: EntryId,
        /// Which check failed, and where.
        why: String,
    },
    /// A later version wrote this file; it is left alone.
    #[error("entry {id} was written by a later version ({why}): it is left as it is; upgrade to process it")]
    Newer {
        /// Which entry.
        id: EntryId,
        /// What this version does not know.
        why: String,
    },
    /// There is no such entry: it is done, was removed, or is in quarantine.
    #[error("there is no entry {0} in the spool (done, removed, or in quarantine)")]
    Gone(EntryId),
    /// The lease has ended: it recorded `Again` or `Leave` before, or its entry was taken away.
    #[error("the lease on entry {0} for {1} is over")]
    Over(EntryId, Stage),
    /// The entry is longer than the format can say.
    #[error("the entry is too large: {0}")]
    TooLarge(String),
}

impl SpoolError {
    pub(crate) fn disk(doing: &'static str, path: &Path, error: io::Error) -> Self {
        Self::Disk { doing, path: path.to_owned(), source: Arc::new(error) }
    }
}

/// What to do about it, where that can be said.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; give the folder to the user the server runs as",
        io::ErrorKind::ReadOnlyFilesystem => "; mount it writable, or choose another state folder",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free some space there",
        io::ErrorKind::NotFound => "; make the folder above it, or choose another state folder",
        _ => "",
    }
}
