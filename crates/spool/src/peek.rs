use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use posthaste_model::{EntryId, ForwardPath, ListId, ReversePath, Stage, Timestamp};
use serde::Serialize;

use crate::disk::{Disk, RealDisk};
use crate::entry::{Entry, Kind};
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
    /// What it waits for; a time says when that is due, none that it is due now.
    pub stages: Vec<(Stage, Option<Timestamp>)>,
    /// Octets of the message.
    pub size: u64,
    /// How often it was put off.
    pub attempts: usize,
    /// True if it was set aside and waits for a person; [`Peek::quarantined`] says why.
    pub quarantined: bool,
}

/// A look at a spool without its lock: what a command line shows while the server runs. It changes nothing.
pub struct Peek {
    layout: Layout,
    disk: Arc<dyn Disk>,
}

/// How often a file is read before it is called damaged: the server may be writing to it.
const LOOKS: usize = 3;

impl Peek {
    /// Every entry that waits for something, and those in quarantine that can be read, oldest first.
    pub fn list(&self) -> Result<Vec<Summary>, SpoolError> {
        let mut all = Vec::new();
        for folder in self.layout.folders() {
            let ids = self.ids(&folder)?;
            all.extend(ids.into_iter().filter_map(|id| self.summary(id, false)));
        }
        let ids = self.ids(&self.layout.quarantine())?;
        all.extend(ids.into_iter().filter_map(|id| self.summary(id, true)));
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
        let ids = self.ids(&self.layout.quarantine())?;
        let mut all: Vec<Quarantined> = ids
            .into_iter()
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

    /// The destinations that rest, in no order.
    pub fn resting_destinations(&self) -> Result<Vec<String>, SpoolError> {
        let folder = self.layout.paused();
        let names = self.disk.list(&folder).map_err(|e| SpoolError::disk("list", &folder, e))?;
        Ok(names.iter().filter_map(|name| crate::pause::destination_of(name)).collect())
    }

    fn ids(&self, folder: &Path) -> Result<Vec<EntryId>, SpoolError> {
        let names = self.disk.list(folder).map_err(|e| SpoolError::disk("list", folder, e))?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    fn summary(&self, id: EntryId, quarantined: bool) -> Option<Summary> {
        let path = if quarantined { self.layout.set_aside(id) } else { self.layout.entry(id) };
        for _ in 0..LOOKS {
            match skim(&*self.disk, &path) {
                Ok(skimmed) => {
                    let waiting = skimmed.waiting();
                    let header = skimmed.header;
                    return Some(Summary {
                        id,
                        list: header.list,
                        reverse_path: header.envelope.reverse_path,
                        forward_path: header.envelope.forward_path,
                        put: header.put,
                        stages: waiting.iter().map(|w| (w.stage, w.due)).collect(),
                        size: skimmed.size,
                        attempts: skimmed.tail.steps.iter().filter(|s| s.kind == Kind::Deferred).count(),
                        quarantined,
                    })
                    .filter(|summary| !summary.stages.is_empty());
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
    pub fn peek(root: &Path) -> Result<Peek, SpoolError> {
        let peek = Peek { layout: Layout::new(root), disk: Arc::new(RealDisk) };
        let entries = peek.layout.entries();
        peek.disk.list(&entries).map_err(|e| SpoolError::disk("look into the spool at", &entries, e))?;
        Ok(peek)
    }

    /// Every entry that waits for something, oldest first. Reads the files: for people, not for loops.
    pub async fn list(self: &Arc<Self>) -> Result<Vec<Summary>, SpoolError> {
        self.look_at(Peek::list).await
    }

    /// One whole entry, waiting or in quarantine.
    pub async fn show(self: &Arc<Self>, id: EntryId) -> Result<Entry, SpoolError> {
        self.look_at(move |peek| peek.show(id)).await
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
