use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use posthaste_model::{EntryId, ForwardPath, ListId, ReversePath, Stage, Timestamp};
use serde::Serialize;

use crate::disk::Disk;
use crate::entry::{Entry, Kind, Waiting};
use crate::error::SpoolError;
use crate::format::{self, Fault};
use crate::layout::Layout;
use crate::put::missing;
use crate::quarantine::{Quarantined, read_why};
use crate::scan::{SkimError, skim};
use crate::spool::Spool;

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Its name.
    pub id: EntryId,
    /// The list it belongs to.
    pub list: ListId,
    /// Who sent it.
    pub reverse_path: ReversePath,
    /// To which of the list's addresses.
    pub forward_path: ForwardPath,
    /// When it was put, wall time.
    pub put: Timestamp,
    /// What it waits for.
    pub waiting: Vec<Waiting>,
    /// Octets of the message.
    pub size: u64,
    /// How often it was put off.
    pub attempts: usize,
}

/// A look at a spool without its lock: what a command line shows while the server runs. It changes nothing.
pub struct Peek {
    layout: Layout,
    disk: Arc<dyn Disk>,
}

/// How often a file is read before it is called damaged: the server may be writing to it.
const LOOKS: usize = 3;

impl Peek {
    /// The spool below `root`.
    pub fn new(root: &Path, disk: Arc<dyn Disk>) -> Self {
        Self { layout: Layout::new(root), disk }
    }

    /// Every entry that waits for something, oldest first. What cannot be read is left out; see [`Peek::show`].
    pub fn list(&self) -> Result<Vec<Summary>, SpoolError> {
        let mut all = Vec::new();
        for folder in self.layout.folders() {
            let names = self.disk.list(&folder).map_err(|e| SpoolError::disk("list", &folder, e))?;
            let ids = names.iter().filter_map(|name| name.parse::<EntryId>().ok());
            all.extend(ids.filter_map(|id| self.summary(id)));
        }
        all.sort_unstable_by_key(|summary| summary.id);
        Ok(all)
    }

    /// One whole entry, waiting or in quarantine.
    pub fn show(&self, id: EntryId) -> Result<Entry, SpoolError> {
        let mut last = SpoolError::Gone(id);
        for _ in 0..LOOKS {
            for path in [self.layout.entry(id), self.layout.set_aside(id)] {
                let read = self.disk.open(&path, false).and_then(|file| {
                    let length = usize::try_from(file.len()?).unwrap_or(usize::MAX);
                    file.read(0, length)
                });
                last = match read.map(|bytes| format::decode(&Bytes::from(bytes))) {
                    Ok(Ok(decoded)) => return Ok(decoded.entry),
                    Ok(Err(Fault::Newer(why))) => return Err(SpoolError::Newer { id, why }),
                    Ok(Err(Fault::Damaged(why))) => SpoolError::Damaged { id, why },
                    Err(e) if missing(&e) => continue,
                    Err(e) => return Err(SpoolError::disk("read", &path, e)),
                };
            }
        }
        Err(last)
    }

    /// What is in quarantine, oldest first.
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, SpoolError> {
        let folder = self.layout.quarantine();
        let names = self.disk.list(&folder).map_err(|e| SpoolError::disk("list", &folder, e))?;
        let mut all: Vec<Quarantined> = names
            .iter()
            .filter_map(|name| name.parse::<EntryId>().ok())
            .map(|id| {
                let (at, why) = read_why(&*self.disk, &self.layout.why(id));
                Quarantined { id, at, why }
            })
            .collect();
        all.sort_unstable_by_key(|q| (q.at, q.id));
        Ok(all)
    }

    /// The stages that are paused.
    pub fn paused(&self) -> Result<Vec<Stage>, SpoolError> {
        let folder = self.layout.paused();
        let names = self.disk.list(&folder).map_err(|e| SpoolError::disk("list", &folder, e))?;
        Ok(Stage::ALL.into_iter().filter(|stage| names.iter().any(|name| name == stage.name())).collect())
    }

    fn summary(&self, id: EntryId) -> Option<Summary> {
        for _ in 0..LOOKS {
            match skim(&*self.disk, &self.layout.entry(id)) {
                Ok(skimmed) => {
                    let waiting = skimmed.waiting();
                    let header = skimmed.header;
                    return Some(Summary {
                        id,
                        list: header.list,
                        reverse_path: header.envelope.reverse_path,
                        forward_path: header.envelope.forward_path,
                        put: header.put,
                        waiting,
                        size: skimmed.size,
                        attempts: skimmed.tail.steps.iter().filter(|s| s.kind == Kind::Deferred).count(),
                    })
                    .filter(|summary| !summary.waiting.is_empty());
                }
                Err(SkimError::Fault(Fault::Damaged(_))) => {}
                Err(_) => return None,
            }
        }
        None
    }
}

impl Spool {
    /// A look at the spool below `root`, without its lock.
    pub fn peek(root: &Path, disk: Arc<dyn Disk>) -> Peek {
        Peek::new(root, disk)
    }

    /// Every entry that waits for something, oldest first. Reads the files: for people, not for loops.
    pub async fn list(self: &Arc<Self>) -> Result<Vec<Summary>, SpoolError> {
        self.look_at(Peek::list).await
    }

    /// One whole entry, waiting or in quarantine.
    pub async fn show(self: &Arc<Self>, id: EntryId) -> Result<Entry, SpoolError> {
        self.look_at(move |peek| peek.show(id)).await
    }

    /// What is in quarantine with its reasons, oldest first.
    pub async fn quarantined(self: &Arc<Self>) -> Result<Vec<Quarantined>, SpoolError> {
        self.look_at(Peek::quarantined).await
    }

    async fn look_at<T: Send + 'static>(
        self: &Arc<Self>,
        look: impl FnOnce(&Peek) -> Result<T, SpoolError> + Send + 'static,
    ) -> Result<T, SpoolError> {
        self.blocking(move |spool| {
            look(&Peek { layout: spool.layout.clone(), disk: Arc::clone(&spool.disk) })
        })
        .await
    }
}
