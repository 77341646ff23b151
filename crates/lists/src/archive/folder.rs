//! Files below a folder, written so that a crash leaves them whole.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use posthaste_model::MailingList;

use super::ArchiveError;

/// The name of a list's file or folder. A list's name has no separators in it.
pub(super) fn of_list(root: &Path, list: &MailingList) -> PathBuf {
    root.join(list.name.to_string())
}

/// Does what waits for the disk, elsewhere. Any error of it is our own trouble: the post waits.
pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ArchiveError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(ArchiveError::Away(error.to_string())),
        Err(error) => Err(ArchiveError::Away(error.to_string())),
    }
}

/// The same error, with the file it is about.
pub(super) fn about(path: &Path) -> impl FnOnce(io::Error) -> io::Error + '_ {
    move |error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Makes the names in a folder durable.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(about(folder))
}
