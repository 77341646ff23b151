use std::path::PathBuf;

use super::Config;
use super::key::section;

section! {
    /// The archive of this server, the archiver `posthaste`: every post of every list that lets posts be archived
    /// (`archive_policy`), read at `/archives` of the pages.
    Archive in "archive" {
        /// Whether posts are kept. Unset: if pages are served (`[web] listen`).
        restart keep: Option<bool> = None, example "true";
        /// The folder for their bytes; it grows for ever. Unset: `archive` in the state folder.
        restart folder: Option<PathBuf> = None, example "\"/srv/posthaste/archive\"";
    }
}

impl Config {
    /// True if this server keeps posts.
    pub(crate) fn keeps_archive(&self) -> bool {
        self.archive.keep.unwrap_or(self.web.listen.is_some())
    }

    /// Where the bytes of archived posts are.
    pub(crate) fn archive_folder(&self) -> PathBuf {
        self.archive.folder.clone().unwrap_or_else(|| self.paths.state.join("archive"))
    }
}
