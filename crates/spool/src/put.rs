use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use posthaste_model::{EntryId, Timestamp};

use crate::disk::DiskFile;
use crate::entry::{Event, NewEntry, Recorded, replay};
use crate::error::SpoolError;
use crate::format::{self, Header};
use crate::index::books::Came;
use crate::index::{Arrival, EndState, FileEnd, Found};
use crate::spool::Spool;
use crate::workers::lock;

impl Spool {
    /// Makes an entry durable. When this returns `Ok`, and not before, someone may say 250.
    ///
    /// An id that exists already, waiting or in quarantine, is `Ok` and bears no twin. On an error nothing is kept
    /// and the spool is unhealthy (P4). Once called it runs to its end even if the future is dropped.
    pub async fn put(self: &Arc<Self>, entry: NewEntry) -> Result<EntryId, SpoolError> {
        self.put_with(entry, |_| ()).await
    }

    /// Like [`Spool::put`]; calls `then` as soon as the entry is durable, with whether it is new, also if the future is
    /// dropped meanwhile: for whoever keeps count. Not called on an error.
    pub async fn put_with(
        self: &Arc<Self>,
        entry: NewEntry,
        then: impl FnOnce(bool) + Send + 'static,
    ) -> Result<EntryId, SpoolError> {
        let id = entry.id;
        let claim = Claim::on(self, id).await;
        // The claim goes with the work, which is done even if nobody waits for it any more.
        self.blocking(move |spool| {
            let put = spool.put_now(&entry).map(then);
            drop(claim);
            put
        })
        .await?;
        Ok(id)
    }

    /// True if it is new.
    fn put_now(&self, entry: &NewEntry) -> Result<bool, SpoolError> {
        let id = entry.id;
        let path = self.layout.entry(id);
        for twin in [&path, &self.layout.set_aside(id)] {
            if self.disk.exists(twin).map_err(|e| self.failed("look at", twin, e))? {
                return Ok(false);
            }
        }
        let put = self.clock.now();
        let events: Vec<Recorded> = entry.events.iter().map(|e| stamp(e, entry, put)).collect();
        let waiting = replay(entry.stage, put, &events);
        if waiting.is_empty() {
            return Ok(false);
        }
        let header = Header {
            id,
            list: entry.list.clone(),
            stage: entry.stage,
            put,
            envelope: entry.envelope.clone(),
            notes: entry.notes.clone(),
        };
        let (front, message, back) = format::new_entry(&header, &entry.message, &events)?;
        let parts: [&[u8]; 3] = [&front, &message, &back];
        let length: u64 = parts.iter().map(|p| p.len() as u64).sum();
        if let Err(error) = self.place(id, &parts) {
            // Not accepted, so not kept: should its name have been given, it goes.
            let _ = self.disk.unlink(&path);
            return Err(error);
        }

        let now = self.monotonic();
        let found: Vec<Found> = waiting
            .iter()
            .map(|w| Found { stage: w.stage, since: now, due: w.due.map(|due| self.due(w.since, due)) })
            .collect();
        let next = (3 + events.len()) as u16;
        let file = FileEnd { length, next, state: EndState::Clean };
        let arrival = Arrival { came: Came::Put, weight: (self.options.weigh)(&events), now };
        lock(&self.index).insert(id, &entry.list, file, &found, arrival);
        for w in &waiting {
            self.ring(w.stage);
        }
        if self.health.wrote(length) {
            self.measure();
        }
        Ok(true)
    }

    /// Writes a file in `tmp/`, makes it durable, and gives it its place among the entries, durably.
    pub(crate) fn place(&self, id: EntryId, parts: &[&[u8]]) -> Result<(), SpoolError> {
        let tmp = self.layout.tmp().join(id.to_string());
        let path = self.layout.entry(id);
        let written = self
            .disk
            .create(&tmp)
            .map_err(|e| ("create", e))
            .and_then(|file| write_synced(&*file, parts))
            .and_then(|()| self.disk.rename(&tmp, &path).map_err(|e| ("rename to", e)));
        if let Err((doing, error)) = written {
            let _ = self.disk.unlink(&tmp);
            return Err(self.failed(doing, &path, error));
        }
        let folder = self.layout.folder(id);
        self.disk.sync_dir(&folder).map_err(|e| self.failed("sync", &folder, e))
    }
}

fn write_synced(file: &dyn DiskFile, parts: &[&[u8]]) -> Result<(), (&'static str, io::Error)> {
    let mut offset = 0;
    for part in parts {
        file.write(offset, part).map_err(|e| ("write", e))?;
        offset += part.len() as u64;
    }
    file.sync().map_err(|e| ("sync", e))
}

fn stamp(event: &Event, entry: &NewEntry, at: Timestamp) -> Recorded {
    Recorded {
        at,
        stage: entry.stage,
        kind: event.kind,
        then: event.then,
        also: event.also.clone(),
        data: event.data.clone(),
    }
}

/// The right to write the file of one id; the next who wants it waits.
struct Claim(Arc<Spool>, EntryId);

impl Claim {
    async fn on(spool: &Arc<Spool>, id: EntryId) -> Self {
        loop {
            let mut over = pin!(spool.put_over.notified());
            over.as_mut().enable();
            if lock(&spool.putting).insert(id) {
                return Self(Arc::clone(spool), id);
            }
            over.await;
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        lock(&self.0.putting).remove(&self.1);
        self.0.put_over.notify_waiters();
    }
}

/// True for "there is no such file".
pub(crate) fn missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// Reads a file: its first `length` octets, or all of it.
pub(crate) fn read_file(spool: &Spool, path: &Path, length: Option<u64>) -> io::Result<Vec<u8>> {
    let file = spool.disk.open(path, false)?;
    let length = length.map_or_else(|| file.len(), Ok)?;
    file.read(0, usize::try_from(length).unwrap_or(usize::MAX))
}
