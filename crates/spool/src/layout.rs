use std::path::{Path, PathBuf};

use posthaste_model::EntryId;

/// Where things lie below the root of a spool.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(crate) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(crate) fn entries(&self) -> PathBuf {
        self.root.join("entries")
    }

    pub(crate) fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    pub(crate) fn paused(&self) -> PathBuf {
        self.root.join("paused")
    }

    /// The folder named by the last two hex digits: the first digits of a UUIDv7 are time and would fill one folder.
    pub(crate) fn folder(&self, id: EntryId) -> PathBuf {
        self.entries().join(format!("{:02x}", id.uuid().as_u128() & 0xff))
    }

    /// Every folder of entries.
    pub(crate) fn folders(&self) -> impl Iterator<Item = PathBuf> + use<> {
        let entries = self.entries();
        (0..=255u8).map(move |n| entries.join(format!("{n:02x}")))
    }

    pub(crate) fn entry(&self, id: EntryId) -> PathBuf {
        self.folder(id).join(id.to_string())
    }

    pub(crate) fn set_aside(&self, id: EntryId) -> PathBuf {
        self.quarantine().join(id.to_string())
    }

    pub(crate) fn why(&self, id: EntryId) -> PathBuf {
        self.quarantine().join(format!("{id}.why"))
    }
}
