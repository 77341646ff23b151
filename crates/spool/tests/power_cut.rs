//! Real power cuts: an ext4 file system in a file, shut down without its journal (the `EXT4_IOC_SHUTDOWN` ioctl), mounted
//! again and read. Needs root and loop devices; where there are none, `POSTHASTE_NO_LOOP=1` leaves it out.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "the helpers of a test fail as the test does"
)]

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use posthaste_model::{Clock, EntryId, Envelope, ForwardPath, ListId, ReversePath, Stage, Timestamp};
use posthaste_spool::{
    Disk, DiskFile, Event, Kind, NewEntry, Options, RealDisk, Space, Spool, SpoolError, Then,
};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Cuts of the spool as it is.
const CUTS: usize = 12;
/// Cuts within which a spool without its syncs must be caught.
const CHANCES: usize = 6;
/// Acknowledged entries before each cut.
const LOAD: u32 = 40;
/// Sessions that write at once.
const WRITERS: u32 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_real_power_cuts_lose_nothing_acknowledged() {
    let Some(machine) = Machine::new() else { return };
    for cut in 0..CUTS {
        let lost = machine.cut(Arc::new(RealDisk), cut).await;
        assert_eq!(lost, Vec::<String>::new(), "cut {cut}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_without_the_folder_sync_power_cuts_lose_entries() {
    let Some(machine) = Machine::new() else { return };
    let disk = Arc::new(Careless { folders: true, files: false });
    assert!(machine.is_caught(disk).await, "the test does not notice a missing folder sync");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_without_the_file_sync_power_cuts_lose_entries() {
    let Some(machine) = Machine::new() else { return };
    let disk = Arc::new(Careless { folders: false, files: true });
    assert!(machine.is_caught(disk).await, "the test does not notice a missing file sync");
}

/// A file system whose power can be cut.
struct Machine {
    folder: tempfile::TempDir,
    ids: AtomicU32,
}

impl Machine {
    fn new() -> Option<Self> {
        if std::env::var_os("POSTHASTE_NO_LOOP").is_some_and(|v| v == "1") {
            eprintln!("POSTHASTE_NO_LOOP=1: the power cuts are left out");
            return None;
        }
        let machine = Self { folder: tempfile::tempdir().unwrap(), ids: AtomicU32::new(1) };
        std::fs::create_dir(machine.mount_point()).unwrap();
        let image = machine.image();
        std::fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        run("mkfs.ext4", &["-q", "-F", path(&image)], "install e2fsprogs");
        Some(machine)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn mount_point(&self) -> PathBuf {
        self.folder.path().join("mnt")
    }

    fn mount(&self) -> Mounted {
        let (image, point) = (self.image(), self.mount_point());
        let fix = "run the tests as root where loop devices are allowed, or leave the power cuts out with POSTHASTE_NO_LOOP=1";
        run("mount", &["-o", "loop", path(&image), path(&point)], fix);
        Mounted { point }
    }

    /// Writes, cuts the power, and says what of the acknowledged is lost or damaged. Every other cut comes when the last
    /// entry has just been acknowledged and nothing follows, the rest in the middle of the load.
    async fn cut(&self, disk: Arc<dyn Disk>, cut: usize) -> Vec<String> {
        let told = {
            let mounted = self.mount();
            let spool = open(&mounted.point, disk).unwrap();
            spool.scan_complete().await;
            let power = Arc::new(Power::default());
            let first = self.ids.fetch_add(1_000_000, Ordering::Relaxed);
            let quiet = !cut.is_multiple_of(2);
            let share = if quiet { LOAD / WRITERS } else { u32::MAX };
            let mut writers = JoinSet::new();
            for w in 0..WRITERS {
                writers.spawn(write(Arc::clone(&spool), first + w * 100_000, share, Arc::clone(&power)));
            }
            if quiet {
                while writers.join_next().await.is_some() {}
            }
            let patience = Instant::now();
            while power.acknowledged() < LOAD as usize {
                assert!(patience.elapsed() < Duration::from_mins(2), "the disk is too slow for this test");
                tokio::task::yield_now().await;
            }
            let told = power.cut(&mounted.point);
            while writers.join_next().await.is_some() {}
            told
        };
        let mounted = self.mount();
        let spool = open(&mounted.point, Arc::new(RealDisk)).unwrap();
        spool.scan_complete().await;
        let mut lost: Vec<String> =
            spool.quarantined().iter().map(|(id, _)| format!("cut {cut}: {id} is damaged")).collect();
        for (id, steps) in told {
            match spool.show(id).await {
                Ok(entry) => {
                    assert_eq!(entry.message, message(id));
                    if entry.events.len() < steps {
                        lost.push(format!("cut {cut}: {id} has lost a step"));
                    }
                }
                Err(e) => lost.push(format!("cut {cut}: {e}")),
            }
        }
        // Room for the next cut.
        let ids: BTreeSet<EntryId> = spool.list().await.unwrap().into_iter().map(|s| s.id).collect();
        let aside = spool.quarantined().into_iter().map(|(id, _)| id);
        for id in aside.chain(ids).collect::<BTreeSet<_>>() {
            spool.remove(id).await.unwrap();
        }
        lost
    }

    async fn is_caught(&self, disk: Arc<Careless>) -> bool {
        for cut in 0..CHANCES {
            let lost = self.cut(Arc::clone(&disk) as Arc<dyn Disk>, cut).await;
            if !lost.is_empty() {
                println!("caught: {} lost, as in {:?}", lost.len(), lost.last());
                return true;
            }
        }
        false
    }
}

/// What was acknowledged while there was power: per entry, how many steps.
#[derive(Default)]
struct Power {
    told: Mutex<Option<BTreeMap<EntryId, usize>>>,
    off: AtomicBool,
}

impl Power {
    fn acknowledged(&self) -> usize {
        self.told.lock().unwrap().as_ref().map_or(0, BTreeMap::len)
    }

    fn note(&self, id: EntryId, steps: usize) {
        let mut told = self.told.lock().unwrap();
        if !self.off.load(Ordering::Relaxed) {
            *told.get_or_insert_default().entry(id).or_default() += steps;
        }
    }

    /// Shuts the file system down without its journal (`EXT4_GOING_FLAGS_NOLOGFLUSH`).
    ///
    /// Only what was acknowledged before counts: from here on a dead machine says nothing, while the kernel, whose journal
    /// is aborted under a sync already on its way, may call that sync done.
    fn cut(&self, point: &Path) -> BTreeMap<EntryId, usize> {
        let script = "import fcntl, os, struct, sys\n\
                      fd = os.open(sys.argv[1], os.O_RDONLY)\n\
                      print('ready', flush=True)\n\
                      sys.stdin.readline()\n\
                      fcntl.ioctl(fd, 0x8004587d, struct.pack('I', 2))";
        let mut python = Command::new("python3")
            .args(["-c", script, path(point)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the ioctl is called by python3: install it");
        let mut ready = String::new();
        BufReader::new(python.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
        let mut told = self.told.lock().unwrap();
        self.off.store(true, Ordering::Relaxed);
        python.stdin.take().unwrap().write_all(b"now\n").unwrap();
        assert!(python.wait().unwrap().success(), "the shutdown ioctl failed: the file system must be ext4");
        told.take().unwrap_or_default()
    }
}

/// Puts entries and takes a step with each, `count` times or until the disk is gone.
async fn write(spool: Arc<Spool>, first: u32, count: u32, power: Arc<Power>) {
    for n in (first..).take(count as usize) {
        let id = EntryId::new(Uuid::from_u128(u128::from(n)));
        if spool.put(entry(id)).await.is_err() {
            return;
        }
        power.note(id, 0);
        let Ok(leased) = spool.lease(Stage::Incoming).await else { return };
        let step = Event {
            kind: Kind::Planned,
            then: Then::Leave,
            also: vec![Stage::Out],
            data: Bytes::from_static(b"x"),
        };
        if spool.record(&leased, step).await.is_err() {
            return;
        }
        power.note(leased.id(), 1);
    }
    // And one more that nothing follows.
    let id = EntryId::new(Uuid::from_u128(u128::from(first + 99_999)));
    if spool.put(entry(id)).await.is_ok() {
        power.note(id, 0);
    }
}

fn message(id: EntryId) -> Bytes {
    Bytes::from(format!("Message-ID: <{id}@example.com>\r\n\r\n{}", "text\r\n".repeat(800)))
}

fn entry(id: EntryId) -> NewEntry {
    NewEntry {
        id,
        stage: Stage::Incoming,
        list: ListId::new("dev.example"),
        envelope: Envelope {
            reverse_path: ReversePath::Null,
            forward_path: ForwardPath::parse("dev@example").unwrap(),
            client: "test".to_owned(),
            received: Timestamp::default(),
        },
        notes: BTreeMap::new(),
        message: message(id),
        events: Vec::new(),
    }
}

fn open(point: &Path, disk: Arc<dyn Disk>) -> Result<Arc<Spool>, SpoolError> {
    let options = Options { reserve: Some(1), ..Options::default() };
    Spool::open(&point.join("spool"), options, Arc::new(SystemClock(Instant::now())), disk)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(program: &str, arguments: &[&str], fix: &str) {
    let Output { status, stderr, .. } = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|e| panic!("cannot run {program}: {e}; {fix}"));
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{program} {arguments:?} failed: {}; {fix}", stderr.trim());
}

struct Mounted {
    point: PathBuf,
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Not lazily: a file system that lives on would go on writing below the one that is mounted next.
        let patience = Instant::now();
        while !Command::new("umount").arg(path(&self.point)).output().unwrap().status.success() {
            if patience.elapsed() > Duration::from_secs(20) {
                let _ = Command::new("umount").args(["-l", path(&self.point)]).output();
                break;
            }
            std::thread::yield_now();
        }
    }
}

struct SystemClock(Instant);

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Timestamp::default().plus(since)
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, for_: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(for_))
    }
}

/// The real disk, but some of its syncs do nothing.
struct Careless {
    folders: bool,
    files: bool,
}

struct CarelessFile(Box<dyn DiskFile>);

impl Careless {
    fn wrap(&self, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        if self.files { Box::new(CarelessFile(file)) } else { file }
    }
}

impl Disk for Careless {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        RealDisk.create(path).map(|file| self.wrap(file))
    }
    fn open(&self, path: &Path, write: bool) -> io::Result<Box<dyn DiskFile>> {
        RealDisk.open(path, write).map(|file| self.wrap(file))
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        RealDisk.exists(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn unlink(&self, path: &Path) -> io::Result<()> {
        RealDisk.unlink(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        if self.folders { Ok(()) } else { RealDisk.sync_dir(path) }
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.create_dir(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        RealDisk.lock(path)
    }
    fn space(&self, path: &Path) -> io::Result<Space> {
        RealDisk.space(path)
    }
}

impl DiskFile for CarelessFile {
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
        Ok(())
    }
    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.truncate(length)
    }
}
