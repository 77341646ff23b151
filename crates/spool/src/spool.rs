use std::any::Any;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use posthaste_model::{Clock, EntryId, Stage, Timestamp};
use tokio::sync::{Notify, watch};

use crate::disk::{Disk, Space};
use crate::error::SpoolError;
use crate::health::{Health, SpoolTrouble};
use crate::index::{Index, Pulse};
use crate::layout::Layout;
use crate::options::Options;
use crate::record::Pending;
use crate::workers::{Workers, lock};

/// The durable queue: files below one folder, and an index of them in memory.
pub struct Spool {
    pub(crate) layout: Layout,
    pub(crate) options: Options,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) workers: Workers,
    pub(crate) health: Health,
    pub(crate) index: Mutex<Index>,
    /// Rung when something may have become due at a stage.
    bells: [Notify; Stage::ALL.len()],
    /// Ids being written, so that two writers of one id meet.
    pub(crate) putting: Mutex<HashSet<EntryId>>,
    pub(crate) put_over: Notify,
    /// Records that wait for the sync of the one before; an entry is here while someone writes to its file.
    pub(crate) journals: Mutex<HashMap<EntryId, Vec<Pending>>>,
    /// Domains of recipients that an administrator lets rest. Kept for those who deliver; entries go on.
    pub(crate) destinations: Mutex<Arc<BTreeSet<String>>>,
    /// How many parts of the start-up scan still run.
    pub(crate) scanning: Arc<watch::Sender<usize>>,
    _lock: Box<dyn Any + Send + Sync>,
}

impl Spool {
    /// Opens the spool below `root`, making what is missing, and starts to read what is there in the background.
    ///
    /// The folder is locked until the last handle and lease are gone. `put` works at once; entries of an earlier run
    /// are leased as they are found, oldest first.
    pub fn open(
        root: &Path,
        options: Options,
        clock: Arc<dyn Clock>,
        disk: Arc<dyn Disk>,
    ) -> Result<Arc<Self>, SpoolError> {
        let layout = Layout::new(root);
        make_folder(&*disk, layout.root())?;
        let lock_path = layout.lock();
        let guard = disk.lock(&lock_path).map_err(|e| SpoolError::disk("lock", &lock_path, e))?;
        let guard = guard.ok_or_else(|| SpoolError::Locked(root.to_owned()))?;
        make_folders(&*disk, &layout)?;
        clear(&*disk, &layout.tmp())?;

        let spool = Arc::new(Self {
            layout,
            options,
            clock,
            disk,
            workers: Workers::new(options.parallel),
            health: Health::default(),
            index: Mutex::default(),
            bells: [const { Notify::const_new() }; Stage::ALL.len()],
            putting: Mutex::default(),
            put_over: Notify::new(),
            journals: Mutex::default(),
            destinations: Mutex::default(),
            scanning: Arc::new(watch::Sender::new(0)),
            _lock: guard,
        });
        spool.measure();
        spool.read_pauses()?;
        spool.read_quarantine()?;
        spool.start_scan()?;
        Ok(spool)
    }

    /// How a stage is doing. Cheap: no I/O.
    pub fn pulse(&self, stage: Stage) -> Pulse {
        lock(&self.index).pulse(stage, self.monotonic(), self.clock.now())
    }

    /// The entries that wait for a stage: those that are due or being worked on, the oldest first, and those that sleep.
    /// Cheap: no I/O.
    pub fn at_stage(&self, stage: Stage) -> (Vec<EntryId>, Vec<EntryId>) {
        lock(&self.index).at_stage(stage)
    }

    /// Why intake should refuse mail now, if it should. Cheap: no I/O.
    pub fn unhealthy(&self) -> Option<SpoolTrouble> {
        self.health.trouble()
    }

    /// What was free on the disk when it was last measured (about each second while [`Spool::guard`] runs), and how
    /// many octets are kept in reserve; `None` if it could not be asked. Cheap: no I/O.
    pub fn space(&self) -> Option<(Space, u64)> {
        self.health.space()
    }

    /// True once everything an earlier run left has been read.
    pub fn scanned(&self) -> bool {
        *self.scanning.borrow() == 0
    }

    /// Completes once everything an earlier run left has been read.
    pub async fn scan_complete(&self) {
        let mut scanning = self.scanning.subscribe();
        let _ = scanning.wait_for(|parts| *parts == 0).await;
    }

    /// How many entries there are, those in quarantine and those left alone not counted.
    pub fn depth(&self) -> usize {
        lock(&self.index).len()
    }

    pub(crate) fn bell(&self, stage: Stage) -> &Notify {
        #[expect(clippy::indexing_slicing, reason = "there is one bell per stage")]
        &self.bells[stage.index()]
    }

    pub(crate) fn ring(&self, stage: Stage) {
        self.bell(stage).notify_waiters();
    }

    /// Microseconds of the monotonic clock.
    pub(crate) fn monotonic(&self) -> i64 {
        micros(self.clock.monotonic())
    }

    /// When, on the monotonic clock, a wait ends that began at `since` and is due at `due`. The wall clock may have
    /// jumped in between: nothing sleeps longer than it was meant to, nor longer than the longest delay (P19).
    pub(crate) fn due(&self, since: Timestamp, due: Timestamp) -> i64 {
        let left = due.since(self.clock.now()).min(due.since(since)).min(self.options.max_delay);
        self.monotonic().saturating_add(micros(left))
    }

    /// Marks the spool unhealthy because of a failed call, and wraps its error.
    pub(crate) fn failed(&self, doing: &'static str, path: &Path, error: std::io::Error) -> SpoolError {
        let error = SpoolError::disk(doing, path, error);
        self.health.fail(&error.to_string(), self.clock.now());
        error
    }

    /// Runs work on the disk to its end, whether or not the future is kept.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, SpoolError> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let spool = Arc::clone(self);
        let done = self.workers.run(move || work(&spool)).await;
        done.unwrap_or_else(|| Err(self.panicked()))
    }

    /// The error of those whose work ended in a panic.
    pub(crate) fn panicked(&self) -> SpoolError {
        SpoolError::disk("work in", self.layout.root(), std::io::Error::other("the worker panicked"))
    }

    /// Asks how much is free.
    pub(crate) fn measure(&self) {
        match self.disk.space(self.layout.root()) {
            Ok(space) => self.health.measured(space, &self.options),
            Err(e) => tracing::warn!(error = %e, "cannot ask how much is free on the spool's disk"),
        }
    }
}

pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn make_folder(disk: &dyn Disk, path: &Path) -> Result<(), SpoolError> {
    if disk.exists(path).map_err(|e| SpoolError::disk("look at", path, e))? {
        return Ok(());
    }
    disk.create_dir(path).map_err(|e| SpoolError::disk("make the folder", path, e))?;
    let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) else { return Ok(()) };
    disk.sync_dir(parent).map_err(|e| SpoolError::disk("sync", parent, e))
}

fn make_folders(disk: &dyn Disk, layout: &Layout) -> Result<(), SpoolError> {
    for path in [layout.tmp(), layout.entries(), layout.quarantine(), layout.paused()] {
        disk.create_dir(&path).map_err(|e| SpoolError::disk("make the folder", &path, e))?;
    }
    let entries = layout.entries();
    let there = disk.list(&entries).map_err(|e| SpoolError::disk("list", &entries, e))?.len();
    if there < 256 {
        for path in layout.folders() {
            disk.create_dir(&path).map_err(|e| SpoolError::disk("make the folder", &path, e))?;
        }
    }
    // Always: an earlier start may have made them and died before this.
    for path in [entries.as_path(), layout.root()] {
        disk.sync_dir(path).map_err(|e| SpoolError::disk("sync", path, e))?;
    }
    Ok(())
}

/// Deletes what an earlier run had not finished writing.
fn clear(disk: &dyn Disk, tmp: &Path) -> Result<(), SpoolError> {
    for name in disk.list(tmp).map_err(|e| SpoolError::disk("list", tmp, e))? {
        let path = tmp.join(name);
        disk.unlink(&path).map_err(|e| SpoolError::disk("delete", &path, e))?;
    }
    Ok(())
}
