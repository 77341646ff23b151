//! A disk in memory that forgets what was not synced, tears what was being written, and fails when told to.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::disk::{Disk, DiskFile, Space};
use crate::workers::lock;

/// What is left of unsynced data after a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// Nothing.
    Forgotten,
    /// All of it.
    Kept,
    /// Some of it: of each file a few writes, the last of them in part, its rest missing or zeros. The number chooses.
    Torn(u64),
}

/// What is left after a power cut. A file system may do any of these; only what was synced is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survives {
    /// Names given or taken in a folder that was not synced since.
    pub names: bool,
    /// Octets written to a file that was not synced since.
    pub data: Data,
}

/// What happens at the chosen call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call fails with this errno; later ones work. A write leaves half of itself behind, and a sync that failed
    /// is never made good by a later one, as on Linux.
    Error(i32),
    /// The call fails with EIO, and if it is the sync of a file, all later syncs of that file fail too.
    BadBlock,
    /// The power goes: this call and all later ones fail.
    PowerCut,
}

/// The disk. Clones are the same disk.
#[derive(Clone, Default)]
pub struct FakeDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Default)]
struct State {
    nodes: Vec<Node>,
    folders: BTreeMap<PathBuf, Folder>,
    locks: BTreeSet<PathBuf>,
    calls: u64,
    syncs: u64,
    plan: Option<(u64, Fault)>,
    dead: bool,
    space: Option<Space>,
}

#[derive(Clone, Default)]
struct Node {
    content: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Op>,
    bad: bool,
}

#[derive(Clone)]
enum Op {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Clone, Default)]
struct Folder {
    names: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    kept: bool,
}

impl FakeDisk {
    /// An empty disk with an empty root folder.
    pub fn new() -> Self {
        let disk = Self::default();
        let root = Folder { kept: true, ..Folder::default() };
        lock(&disk.state).folders.insert(PathBuf::from("/"), root);
        disk
    }

    /// Lets the `nth` call from now on (counted from 1) fail.
    pub fn plan(&self, nth: u64, fault: Fault) {
        let mut state = lock(&self.state);
        state.plan = Some((state.calls + nth, fault));
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        lock(&self.state).calls
    }

    /// Syncs of files so far.
    pub fn syncs(&self) -> u64 {
        lock(&self.state).syncs
    }

    /// True if the planned fault has happened.
    pub fn struck(&self) -> bool {
        let state = lock(&self.state);
        state.plan.is_some_and(|(at, _)| state.calls >= at)
    }

    /// What [`Disk::space`] answers from now on.
    pub fn set_space(&self, space: Space) {
        lock(&self.state).space = Some(space);
    }

    /// Changes a file behind everyone's back, as decay does.
    pub fn corrupt(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = lock(&self.state);
        if let Ok(node) = state.find(path)
            && let Some(node) = state.nodes.get_mut(node)
        {
            change(&mut node.content);
            node.durable.clone_from(&node.content);
            node.pending.clear();
        }
    }

    /// Takes the power away and gives it back: this disk is dead, the new one holds what survived.
    #[must_use]
    pub fn power_cut(&self, survives: Survives) -> Self {
        let mut old = lock(&self.state);
        old.dead = true;
        let mut new = State { space: old.space, ..State::default() };
        new.nodes = old.nodes.iter().enumerate().map(|(n, node)| node.after(survives.data, n)).collect();
        for (path, folder) in &old.folders {
            if folder.kept || survives.names {
                let names = if survives.names { &folder.names } else { &folder.durable };
                let folder = Folder { names: names.clone(), durable: names.clone(), kept: true };
                new.folders.insert(path.clone(), folder);
            }
        }
        Self { state: Arc::new(Mutex::new(new)) }
    }

    fn call(&self) -> io::Result<std::sync::MutexGuard<'_, State>> {
        let mut state = lock(&self.state);
        match state.strike() {
            None => Ok(state),
            Some(error) => Err(error),
        }
    }
}

impl State {
    fn strike(&mut self) -> Option<io::Error> {
        if self.dead {
            return Some(io::Error::other("the power is off"));
        }
        self.calls += 1;
        match self.plan {
            Some((at, Fault::PowerCut)) if at == self.calls => {
                self.dead = true;
                Some(io::Error::other("the power is off"))
            }
            Some((at, Fault::BadBlock)) if at == self.calls => Some(io::Error::from_raw_os_error(5)),
            Some((at, Fault::Error(errno))) if at == self.calls => Some(io::Error::from_raw_os_error(errno)),
            _ => None,
        }
    }

    fn folder(&mut self, path: &Path) -> io::Result<(&mut Folder, String)> {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        let parent = path.parent().unwrap_or(Path::new("/"));
        let folder = self.folders.get_mut(parent).ok_or(io::ErrorKind::NotFound)?;
        Ok((folder, name))
    }

    fn find(&mut self, path: &Path) -> io::Result<usize> {
        let (folder, name) = self.folder(path)?;
        folder.names.get(&name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Op {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Truncate(length) => bytes.resize(*length, 0),
            Self::Write(at, data) => {
                let end = at + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                if let Some(place) = bytes.get_mut(*at..end) {
                    place.copy_from_slice(data);
                }
            }
        }
    }

    /// The first part of a write; with `zeros`, the file has its full length already.
    fn torn(&self, choice: u64, zeros: bool) -> Option<Self> {
        let Self::Write(at, data) = self else { return None };
        let keep = usize::try_from(choice).unwrap_or(0) % (data.len() + 1);
        let mut part = data.get(..keep)?.to_vec();
        if zeros {
            part.resize(data.len(), 0);
        }
        Some(Self::Write(*at, part))
    }
}

impl Node {
    fn after(&self, data: Data, number: usize) -> Self {
        let mut bytes = self.durable.clone();
        match data {
            Data::Forgotten => {}
            Data::Kept => self.pending.iter().for_each(|op| op.apply(&mut bytes)),
            Data::Torn(seed) => {
                let choice = mix(seed ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let whole = usize::try_from(choice).unwrap_or(0) % (self.pending.len() + 1);
                self.pending.iter().take(whole).for_each(|op| op.apply(&mut bytes));
                if let Some(op) = self.pending.get(whole).and_then(|op| op.torn(mix(choice), choice & 1 == 0))
                {
                    op.apply(&mut bytes);
                }
            }
        }
        Self { content: bytes.clone(), durable: bytes, pending: Vec::new(), bad: self.bad }
    }
}

/// A number that looks random (the finaliser of splitmix64), halved so that it fits everywhere.
fn mix(mut n: u64) -> u64 {
    n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (n ^ (n >> 31)) >> 1
}

impl Disk for FakeDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.call()?;
        let node = state.nodes.len();
        let (folder, name) = state.folder(path)?;
        folder.names.insert(name, node);
        state.nodes.push(Node::default());
        Ok(Box::new(FakeFile { disk: self.clone(), node }))
    }

    fn open(&self, path: &Path, _write: bool) -> io::Result<Box<dyn DiskFile>> {
        let node = self.call()?.find(path)?;
        Ok(Box::new(FakeFile { disk: self.clone(), node }))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        let mut state = self.call()?;
        Ok(state.folders.contains_key(path) || state.find(path).is_ok())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        let node = state.find(from)?;
        let (folder, name) = state.folder(to)?;
        folder.names.insert(name, node);
        let (folder, name) = state.folder(from)?;
        folder.names.remove(&name);
        Ok(())
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        let (folder, name) = state.folder(path)?;
        folder.names.remove(&name).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        let folder = state.folders.get_mut(path).ok_or(io::ErrorKind::NotFound)?;
        folder.durable = folder.names.clone();
        let below = state.folders.range_mut(path.to_owned()..).take_while(|(p, _)| p.starts_with(path));
        for (child, folder) in below {
            folder.kept |= child.parent() == Some(path);
        }
        Ok(())
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        state.folder(path)?;
        state.folders.entry(path.to_owned()).or_default();
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let state = self.call()?;
        let folder = state.folders.get(path).ok_or(io::ErrorKind::NotFound)?;
        let below = state.folders.range(path.to_owned()..).take_while(|(p, _)| p.starts_with(path));
        let folders = below.filter(|(p, _)| p.parent() == Some(path));
        let folders = folders.filter_map(|(p, _)| p.file_name()?.to_str().map(str::to_owned));
        Ok(folder.names.keys().cloned().chain(folders).collect())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        let mut state = self.call()?;
        if !state.locks.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(Held(self.clone(), path.to_owned()))))
    }

    fn space(&self, _path: &Path) -> io::Result<Space> {
        let plenty = Space { total: 1 << 40, free: 1 << 39, inodes: 1 << 30, free_inodes: 1 << 29 };
        Ok(self.call()?.space.unwrap_or(plenty))
    }
}

struct Held(FakeDisk, PathBuf);

impl Drop for Held {
    fn drop(&mut self) {
        lock(&self.0.state).locks.remove(&self.1);
    }
}

struct FakeFile {
    disk: FakeDisk,
    node: usize,
}

impl FakeFile {
    /// Runs `work` on the file, or `on_error` if the call is to fail.
    fn call<T>(
        &self,
        work: impl FnOnce(&mut Node) -> T,
        on_error: impl FnOnce(&mut Node, Fault),
    ) -> io::Result<T> {
        let mut state = lock(&self.disk.state);
        let was_dead = state.dead;
        let struck = state.strike();
        let fault = state.plan.map_or(Fault::PowerCut, |(_, fault)| fault);
        let node = state.nodes.get_mut(self.node).ok_or(io::ErrorKind::NotFound)?;
        match struck {
            None => Ok(work(node)),
            Some(error) => {
                if !was_dead {
                    on_error(node, fault);
                }
                Err(error)
            }
        }
    }
}

impl DiskFile for FakeFile {
    fn len(&self) -> io::Result<u64> {
        self.call(|node| node.content.len() as u64, |_, _| {})
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        self.call(|node| node.content.iter().skip(offset).take(length).copied().collect(), |_, _| {})
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let write = |node: &mut Node, bytes: &[u8]| {
            let op = Op::Write(offset, bytes.to_vec());
            op.apply(&mut node.content);
            node.pending.push(op);
        };
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
        self.call(|node| write(node, bytes), |node, _| write(node, half))
    }

    fn sync(&self) -> io::Result<()> {
        lock(&self.disk.state).syncs += 1;
        // After a failure the pages are called clean, and never reach the disk.
        self.call(
            |node| {
                let pending = std::mem::take(&mut node.pending);
                if node.bad {
                    return Err(io::Error::from_raw_os_error(5));
                }
                for op in pending {
                    op.apply(&mut node.durable);
                }
                Ok(())
            },
            |node, fault| {
                node.bad |= fault == Fault::BadBlock;
                if fault != Fault::PowerCut {
                    node.pending.clear();
                }
            },
        )?
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.call(
            |node| {
                let op = Op::Truncate(length);
                op.apply(&mut node.content);
                node.pending.push(op);
            },
            |_, _| {},
        )
    }
}
