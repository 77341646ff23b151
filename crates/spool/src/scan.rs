use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, Weak};

use bytes::Bytes;
use posthaste_model::{EntryId, ListId, Timestamp};
use tokio::sync::watch;

use crate::disk::Disk;
use crate::entry::{Waiting, replay};
use crate::error::SpoolError;
use crate::format::{self, Fault, Header, Tail};
use crate::index::books::Came;
use crate::index::{Arrival, EndState, FileEnd, Found, LeftAlone};
use crate::put::missing;
use crate::spool::Spool;
use crate::workers::lock;

/// Threads that read what an earlier run left.
const THREADS: usize = 2;
/// Octets read at first: most entries are whole within them.
const FIRST_READ: usize = 8192;

/// A file without its message: what the index needs, checked but for the message itself.
pub(crate) struct Skimmed {
    pub(crate) header: Header,
    pub(crate) tail: Tail,
    /// Octets of the message.
    pub(crate) size: u64,
}

impl Skimmed {
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        replay(self.header.stage, self.header.put, &self.tail.steps)
    }
}

/// Why a file could not be skimmed.
pub(crate) enum SkimError {
    Io(io::Error),
    Fault(Fault),
}

/// Reads a file, passing over its message.
pub(crate) fn skim(disk: &dyn Disk, path: &Path) -> Result<Skimmed, SkimError> {
    let file = disk.open(path, false).map_err(SkimError::Io)?;
    let mut start = file.read(0, FIRST_READ).map_err(SkimError::Io)?;
    let whole = start.len() < FIRST_READ;
    let wanted = format::wanted(&start);
    if !whole && wanted > start.len() {
        start = file.read(0, wanted).map_err(SkimError::Io)?;
    }
    let front = format::front(&start).map_err(SkimError::Fault)?;
    let after = front.message_at + front.message_len;
    let rest = if whole {
        start.split_off(after.min(start.len()))
    } else {
        let length = file.len().map_err(SkimError::Io)?;
        let rest = usize::try_from(length.saturating_sub(after as u64)).unwrap_or(usize::MAX);
        file.read(after as u64, rest).map_err(SkimError::Io)?
    };
    let tail = format::tail(&Bytes::from(rest), &front);
    let size = front.message_len as u64;
    Ok(Skimmed { tail: tail.map_err(SkimError::Fault)?, header: front.header, size })
}

impl Spool {
    /// Lists what is there and starts to read it, oldest first.
    pub(crate) fn start_scan(self: &Arc<Self>) -> Result<(), SpoolError> {
        let mut ids = Vec::new();
        for folder in self.layout.folders() {
            let names = self.disk.list(&folder).map_err(|e| SpoolError::disk("list", &folder, e))?;
            for name in names {
                match name.parse::<EntryId>() {
                    Ok(id) if self.layout.folder(id) == folder && id.to_string() == name => ids.push(id),
                    _ => {
                        tracing::warn!(folder = %folder.display(), name, "a file that is not ours lies in the spool");
                    }
                }
            }
        }
        ids.sort_unstable();
        let ids = Arc::new(Mutex::new(VecDeque::from(ids)));
        self.scanning.send_replace(THREADS);
        for n in 0..THREADS {
            let part = Part {
                spool: Arc::downgrade(self),
                ids: Arc::clone(&ids),
                scanning: Arc::clone(&self.scanning),
            };
            let name = format!("spool-scan-{n}");
            let started = std::thread::Builder::new().name(name).spawn(move || part.run());
            started.map_err(|e| SpoolError::disk("start a thread to read", self.layout.root(), e))?;
        }
        Ok(())
    }

    /// Takes in one file of an earlier run.
    pub(crate) fn take_in(&self, id: EntryId) {
        let path = self.layout.entry(id);
        let skimmed = match skim(&*self.disk, &path) {
            Ok(skimmed) if skimmed.header.id == id => skimmed,
            Ok(other) => {
                self.set_aside(id, &format!("it says it is entry {}", other.header.id));
                return;
            }
            Err(SkimError::Fault(Fault::Damaged(why))) => {
                self.set_aside(id, &why);
                return;
            }
            Err(SkimError::Fault(Fault::Newer(why))) => {
                tracing::error!(%id, why, "a later version wrote this entry; it is left as it is");
                lock(&self.index).left_alone.insert(id, LeftAlone { why, again: false });
                return;
            }
            Err(SkimError::Io(e)) if missing(&e) => return,
            Err(SkimError::Io(e)) => {
                tracing::error!(%id, error = %e, "cannot read this entry; it is tried again");
                lock(&self.index).left_alone.insert(id, LeftAlone { why: e.to_string(), again: true });
                return;
            }
        };
        let waiting = skimmed.waiting();
        if waiting.is_empty() {
            let _ = self.disk.unlink(&path);
            return;
        }
        self.enter(id, &skimmed.header.list, &skimmed.tail, &waiting, Came::Found);
    }

    pub(crate) fn enter(&self, id: EntryId, list: &ListId, tail: &Tail, waiting: &[Waiting], came: Came) {
        let now = self.monotonic();
        let wall = self.clock.now();
        let since = |t: Timestamp| now.saturating_sub(crate::spool::micros(wall.since(t)));
        let found: Vec<Found> = waiting
            .iter()
            .map(|w| Found {
                stage: w.stage,
                since: since(w.since),
                due: w.due.map(|due| self.due(w.since, due)),
            })
            .collect();
        let state = if tail.torn { EndState::Torn } else { EndState::Clean };
        let file = FileEnd { length: tail.length, next: tail.next, state };
        let arrival = Arrival { came, weight: (self.options.weigh)(&tail.steps), now };
        lock(&self.index).insert(id, list, file, &found, arrival);
        for w in waiting {
            self.ring(w.stage);
        }
    }

    fn set_aside(&self, id: EntryId, why: &str) {
        if let Err(error) = self.quarantine_now(id, why) {
            tracing::error!(%id, %error, "cannot set a damaged entry aside");
            lock(&self.index).left_alone.insert(id, LeftAlone { why: why.to_owned(), again: true });
        }
    }
}

/// One thread's part of the scan. It holds no spool between two files, so a spool that is closed ends it.
struct Part {
    spool: Weak<Spool>,
    ids: Arc<Mutex<VecDeque<EntryId>>>,
    scanning: Arc<watch::Sender<usize>>,
}

impl Part {
    fn run(&self) {
        loop {
            let Some(id) = lock(&self.ids).pop_front() else { return };
            let Some(spool) = self.spool.upgrade() else { return };
            spool.take_in(id);
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.scanning.send_modify(|parts| *parts = parts.saturating_sub(1));
    }
}
