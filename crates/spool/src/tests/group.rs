use std::any::Any;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use posthaste_model::Stage;

use super::tools::{HandClock, entry, event, open};
use crate::fake::FakeDisk;
use crate::workers::lock;
use crate::{Disk, DiskFile, Kind, Space, Then};

/// A disk whose syncs wait until the gate is open.
#[derive(Clone)]
struct Gated {
    disk: FakeDisk,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    closed: Mutex<bool>,
    turned: Condvar,
}

impl Gate {
    fn set(&self, closed: bool) {
        *self.closed.lock().unwrap() = closed;
        self.turned.notify_all();
    }

    fn pass(&self) {
        // Not for ever: a test that fails leaves the gate closed behind it.
        let closed = self.closed.lock().unwrap();
        let _ = self.turned.wait_timeout_while(closed, Duration::from_secs(20), |closed| *closed).unwrap();
    }
}

struct GatedFile(Box<dyn DiskFile>, Arc<Gate>);

impl Gated {
    fn wrap(&self, file: io::Result<Box<dyn DiskFile>>) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(GatedFile(file?, Arc::clone(&self.gate))))
    }
}

impl Disk for Gated {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.wrap(self.disk.create(path))
    }
    fn open(&self, path: &Path, write: bool) -> io::Result<Box<dyn DiskFile>> {
        self.wrap(self.disk.open(path, write))
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.disk.exists(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.disk.unlink(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.disk.list(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        self.disk.lock(path)
    }
    fn space(&self, path: &Path) -> io::Result<Space> {
        self.disk.space(path)
    }
}

impl DiskFile for GatedFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.0.read(offset, length)
    }
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write(offset, bytes)
    }
    fn sync(&self) -> io::Result<()> {
        self.1.pass();
        self.0.sync()
    }
    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.truncate(length)
    }
}

async fn eventually(reached: impl Fn() -> bool) {
    let patience = Instant::now();
    while !reached() {
        assert!(patience.elapsed() < Duration::from_secs(20), "it never came to that");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_hundred_who_record_at_once_share_two_syncs() {
    let clock = HandClock::new();
    let disk = Gated { disk: FakeDisk::new(), gate: Arc::default() };
    let spool = open(Path::new("/spool"), &clock, Arc::new(disk.clone())).unwrap();
    spool.put(entry(1, "a", "m")).await.unwrap();
    let leased = Arc::new(spool.lease(Stage::Incoming).await.unwrap());
    let before = disk.disk.syncs();

    disk.gate.set(true);
    let record = |n: usize| {
        let (spool, leased) = (Arc::clone(&spool), Arc::clone(&leased));
        tokio::spawn(async move {
            spool.record(&leased, event(Kind::Sent, Then::Stay, &[], &n.to_string())).await
        })
    };
    let first = record(0);
    // Until the first is at the gate, its group taken.
    eventually(|| lock(&spool.journals).get(&leased.id()).is_some_and(Vec::is_empty)).await;
    let others: Vec<_> = (1..100).map(record).collect();
    eventually(|| lock(&spool.journals).get(&leased.id()).is_some_and(|waiting| waiting.len() == 99)).await;
    assert!(!first.is_finished(), "it was told before the sync");
    disk.gate.set(false);
    first.await.unwrap().unwrap();
    for other in others {
        other.await.unwrap().unwrap();
    }
    assert_eq!(disk.disk.syncs() - before, 2);
    assert_eq!(spool.load(&leased).await.unwrap().events.len(), 100);
}

#[tokio::test]
async fn a_record_is_finished_even_if_nobody_waits_for_it() {
    let clock = HandClock::new();
    let disk = Gated { disk: FakeDisk::new(), gate: Arc::default() };
    let spool = open(Path::new("/spool"), &clock, Arc::new(disk.clone())).unwrap();
    spool.put(entry(1, "a", "m")).await.unwrap();
    let leased = spool.lease(Stage::Incoming).await.unwrap();
    disk.gate.set(true);
    {
        let recording = spool.record(&leased, event(Kind::Sent, Then::Leave, &[Stage::Out], "x"));
        assert!(super::story::at_once(recording).await.is_none());
    }
    // The worker stopped, its lease let go; but the step is on its way and nobody else may do it again.
    drop(leased);
    assert!(super::story::at_once(spool.lease(Stage::Incoming)).await.is_none());
    disk.gate.set(false);
    let out = spool.lease(Stage::Out).await.unwrap();
    assert_eq!(spool.load(&out).await.unwrap().events.len(), 1);
    assert_eq!(spool.pulse(Stage::Incoming).depth, 0);
}
