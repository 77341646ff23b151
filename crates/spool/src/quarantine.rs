use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use posthaste_model::{EntryId, Timestamp};

use crate::disk::Disk;
use crate::entry::{Event, Kind, Then};
use crate::error::SpoolError;
use crate::format::{self, Fault};
use crate::index::By;
use crate::index::books::{Came, Went};
use crate::lease::Leased;
use crate::put::{missing, read_file};
use crate::scan::skim;
use crate::spool::Spool;
use crate::workers::lock;

/// An entry that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Quarantined {
    /// Its name.
    pub id: EntryId,
    /// When it was set aside, wall time.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

impl Spool {
    /// Sets an entry aside, for a person to look at. Leases on it are over; it keeps its state for [`Spool::retry`].
    pub async fn quarantine(self: &Arc<Self>, leased: &Leased, why: &str) -> Result<(), SpoolError> {
        let id = leased.id;
        let why = why.to_owned();
        self.blocking(move |spool| {
            if lock(&spool.index).contains(id) {
                spool.quarantine_now(id, &why)
            } else {
                Err(SpoolError::Gone(id))
            }
        })
        .await
    }

    /// What is in quarantine and since when; [`crate::Peek::quarantined`] says why. Cheap: no I/O.
    pub fn quarantined(&self) -> Vec<(EntryId, Timestamp)> {
        lock(&self.index).quarantined.iter().map(|(id, (at, _))| (*id, *at)).collect()
    }

    /// Files that were left where they are because they cannot be read or a later version wrote them, and why.
    pub fn left_alone(&self) -> Vec<(EntryId, String)> {
        lock(&self.index).left_alone.iter().map(|(id, left)| (*id, left.why.clone())).collect()
    }

    /// Takes an entry out of quarantine, makes due now what sleeps, or takes up a file that somebody put (back) there.
    pub async fn retry(self: &Arc<Self>, id: EntryId) -> Result<(), SpoolError> {
        self.scan_complete().await;
        if lock(&self.index).quarantined.contains_key(&id) {
            return self.blocking(move |spool| spool.release(id)).await;
        }
        if !lock(&self.index).contains(id) {
            return self.blocking(move |spool| spool.take_up(id)).await;
        }
        let delayed = lock(&self.index).delayed(id);
        for stage in delayed {
            let then = Then::Again { due: self.clock.now() };
            let event = Event { kind: Kind::Retried, then, also: Vec::new(), data: Bytes::new() };
            self.record_by(id, By { stage, token: None }, event).await?;
        }
        Ok(())
    }

    /// Sets aside an entry that waits, because a person wants it so. Leases on it are over.
    pub async fn move_aside(self: &Arc<Self>, id: EntryId, why: &str) -> Result<(), SpoolError> {
        self.scan_complete().await;
        let why = why.to_owned();
        self.blocking(move |spool| {
            if lock(&spool.index).contains(id) {
                spool.quarantine_now(id, &why)
            } else {
                Err(SpoolError::Gone(id))
            }
        })
        .await
    }

    /// Deletes an entry, waiting or in quarantine, for good. One whose file is gone is removed from the books: whoever asks
    /// for it knows that it is lost.
    pub async fn remove(self: &Arc<Self>, id: EntryId) -> Result<(), SpoolError> {
        self.scan_complete().await;
        self.blocking(move |spool| {
            let (path, folder) = if lock(&spool.index).quarantined.contains_key(&id) {
                (spool.layout.set_aside(id), spool.layout.quarantine())
            } else {
                (spool.layout.entry(id), spool.layout.folder(id))
            };
            match spool.disk.unlink(&path) {
                Err(e) if missing(&e) => {
                    let mut index = lock(&spool.index);
                    if index.write_off(id) {
                        return Ok(());
                    }
                    // Entries leave the index before their files go: what is still in it has lost its file.
                    if !index.contains(id) && !index.quarantined.contains_key(&id) {
                        return Err(SpoolError::Gone(id));
                    }
                }
                other => other.map_err(|e| spool.failed("delete", &path, e))?,
            }
            let _ = spool.disk.unlink(&spool.layout.why(id));
            {
                let mut index = lock(&spool.index);
                index.remove(id, Went::Removed);
                index.leave_quarantine(id, None);
                index.left_alone.remove(&id);
            }
            spool.disk.sync_dir(&folder).map_err(|e| spool.failed("sync", &folder, e))
        })
        .await
    }

    /// The reason goes first: should the power fail in between, it lies beside nothing and is deleted at the start.
    pub(crate) fn quarantine_now(&self, id: EntryId, why: &str) -> Result<(), SpoolError> {
        let now = self.clock.now();
        tracing::error!(%id, why, "an entry is set aside in quarantine");
        let note = self.layout.why(id);
        let text = format!("{now}\n{why}\n");
        let written = self.disk.create(&note).and_then(|file| {
            file.write(0, text.as_bytes())?;
            file.sync()
        });
        written.map_err(|e| self.failed("write", &note, e))?;
        let (from, to) = (self.layout.entry(id), self.layout.set_aside(id));
        if let Err(e) = self.disk.rename(&from, &to) {
            let _ = self.disk.unlink(&note);
            return Err(if missing(&e) { SpoolError::Gone(id) } else { self.failed("rename", &from, e) });
        }
        {
            let mut index = lock(&self.index);
            index.left_alone.remove(&id);
            index.set_aside(id, now, None);
        }
        // The new name before the old: a crash in between leaves two names, never none.
        for folder in [self.layout.quarantine(), self.layout.folder(id)] {
            self.disk.sync_dir(&folder).map_err(|e| self.failed("sync", &folder, e))?;
        }
        Ok(())
    }

    /// Takes up a file of an entry that we know nothing of.
    fn take_up(&self, id: EntryId) -> Result<(), SpoolError> {
        self.take_in(id);
        let known = {
            let index = lock(&self.index);
            index.contains(id) || index.quarantined.contains_key(&id) || index.left_alone.contains_key(&id)
        };
        if known { Ok(()) } else { Err(SpoolError::Gone(id)) }
    }

    fn release(&self, id: EntryId) -> Result<(), SpoolError> {
        let (from, to) = (self.layout.set_aside(id), self.layout.entry(id));
        let bytes = match read_file(self, &from, None) {
            Ok(bytes) => Bytes::from(bytes),
            Err(e) if missing(&e) => {
                lock(&self.index).quarantined.remove(&id);
                tracing::error!(%id, "the file of an entry in quarantine is gone, and nobody of us removed it");
                return Err(SpoolError::Gone(id));
            }
            Err(e) => return Err(SpoolError::disk("read", &from, e)),
        };
        let decoded = format::decode(&bytes).map_err(|fault| match fault {
            Fault::Damaged(why) => SpoolError::Damaged { id, why },
            Fault::Newer(why) => SpoolError::Newer { id, why },
        })?;
        self.disk.rename(&from, &to).map_err(|e| self.failed("rename", &from, e))?;
        for folder in [self.layout.folder(id), self.layout.quarantine()] {
            self.disk.sync_dir(&folder).map_err(|e| self.failed("sync", &folder, e))?;
        }
        let _ = self.disk.unlink(&self.layout.why(id));
        lock(&self.index).leave_quarantine(id, Some(&decoded.entry.list));
        self.enter(id, &decoded.entry.list, &decoded.tail, &decoded.entry.waiting(), Came::Back);
        Ok(())
    }

    /// Learns what is in quarantine; deletes reasons that lie beside nothing and names that a crash left twice.
    pub(crate) fn read_quarantine(&self) -> Result<(), SpoolError> {
        let folder = self.layout.quarantine();
        let names = self.disk.list(&folder).map_err(|e| SpoolError::disk("list", &folder, e))?;
        for name in &names {
            let Some(id) = name.strip_suffix(".why").unwrap_or(name).parse::<EntryId>().ok() else {
                continue;
            };
            let entry = self.layout.entry(id);
            let among_entries =
                self.disk.exists(&entry).map_err(|e| SpoolError::disk("look at", &entry, e))?;
            if among_entries || !names.iter().any(|n| *n == id.to_string()) {
                let _ = self.disk.unlink(&folder.join(name));
                continue;
            }
            let (at, _) = read_why(&*self.disk, &self.layout.why(id));
            let list = skim(&*self.disk, &self.layout.set_aside(id)).ok().map(|skimmed| skimmed.header.list);
            lock(&self.index).set_aside(id, at, list.as_ref());
        }
        Ok(())
    }
}

/// When and why, from the file beside an entry in quarantine; the beginning of time if it is not there.
pub(crate) fn read_why(disk: &dyn Disk, path: &Path) -> (Timestamp, String) {
    let text = disk.open(path, false).and_then(|file| file.read(0, 4096)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let (at, why) = text.split_once('\n').unwrap_or_default();
    (Timestamp::parse_rfc3339(at).unwrap_or_default(), why.trim_end().to_owned())
}
