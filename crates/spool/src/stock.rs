use std::collections::HashSet;
use std::sync::Arc;

use posthaste_model::{EntryId, ListId, Stage};

use crate::error::SpoolError;
use crate::index::books::Book;
use crate::spool::Spool;
use crate::workers::lock;

/// Where the index and the files on the disk do not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Discrepancy {
    /// The index has this entry, the disk has no file of it.
    Missing(EntryId),
    /// The disk has a file of this entry, the index knows nothing of it.
    Unknown(EntryId),
}

impl Spool {
    /// Compares the index with the names in the folders. What is under way while it looks may seem wrong: only what two
    /// looks, a moment apart, both find is wrong.
    pub async fn take_stock(self: &Arc<Self>) -> Result<Vec<Discrepancy>, SpoolError> {
        self.blocking(|spool| {
            let before = spool.known();
            let mut files = HashSet::new();
            for folder in spool.layout.folders().chain([spool.layout.quarantine()]) {
                let names = spool.disk.list(&folder).map_err(|e| SpoolError::disk("list", &folder, e))?;
                files.extend(names.iter().filter_map(|name| name.parse::<EntryId>().ok()));
            }
            let after = spool.known();
            let missing = before.intersection(&after).filter(|id| !files.contains(id));
            let unknown = files.iter().filter(|id| !before.contains(id) && !after.contains(id));
            let mut all: Vec<_> = missing.map(|id| Discrepancy::Missing(*id)).collect();
            all.extend(unknown.map(|id| Discrepancy::Unknown(*id)));
            all.sort_unstable();
            Ok(all)
        })
        .await
    }

    /// What came and went since the start, by list. Cheap: no I/O.
    pub fn books(&self) -> Vec<(ListId, Book)> {
        lock(&self.index).books()
    }

    /// How many lists have something that waits for one of these stages. Cheap: no I/O.
    pub fn lists_waiting(&self, stages: &[Stage]) -> usize {
        lock(&self.index).lists_waiting(stages)
    }

    /// The last entries whose files were gone when they were to be read: lost, unless a person took them.
    pub fn vanished(&self) -> Vec<(EntryId, ListId)> {
        lock(&self.index).vanished()
    }

    /// Says how heavy an entry is: how many recipients wait for it. Forgotten at a restart; see
    /// [`Options::weigh`](crate::Options::weigh).
    pub fn weigh(&self, id: EntryId, weight: u32) {
        lock(&self.index).weigh(id, weight);
    }

    /// Says that so much of an entry's work at `stage` is done.
    pub fn lighten(&self, id: EntryId, stage: Stage, by: u32) {
        lock(&self.index).lighten(id, stage, by);
    }

    /// Every entry we know a file of.
    fn known(&self) -> HashSet<EntryId> {
        let index = lock(&self.index);
        let mut known = index.ids();
        known.extend(index.quarantined.keys().chain(index.left_alone.keys()));
        drop(index);
        known.extend(lock(&self.putting).iter());
        known
    }
}
