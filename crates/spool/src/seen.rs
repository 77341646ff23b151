use std::collections::hash_map::Entry as MapEntry;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use posthaste_model::{Clock, Timestamp};
use sha2::{Digest, Sha256};

use crate::disk::{Disk, DiskFile, RealDisk};
use crate::error::SpoolError;
use crate::put::missing;
use crate::spool::micros;
use crate::workers::lock;

/// What makes two submissions the same.
pub type SeenKey = [u8; 32];

/// How long a submission is remembered (P6).
const WINDOW: Duration = Duration::from_hours(1);
/// The most that is remembered; beyond it the oldest is forgotten early. About 60 MB at worst, and only when more than
/// 270 posts a second come in for a whole hour.
const MOST: usize = 1_000_000;
/// Octets of one record: key, wall time, CRC-32C of both.
const RECORD: usize = 44;
/// The file is written anew when it is this long and twice as long as it need be.
const REWRITE_AT: u64 = 1 << 20;

/// The key of a submission: the same recipient, Message-ID and body. A different body under the same Message-ID is
/// another submission.
pub fn seen_key(to: &str, message_id: &str, body: &[u8]) -> SeenKey {
    let mut hash = Sha256::new();
    for part in [to.as_bytes(), message_id.as_bytes()] {
        // With its length, so that no two pairs of parts run together to the same octets.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(body);
    hash.finalize().into()
}

/// What was accepted within the last hour, so that a sender who lost our reply and tries again is told 250 without a
/// second delivery (P6).
///
/// It is a file beside the spool's and is not synced: it survives the death of the program, not of the machine, and
/// forgetting costs one repeated post, never a lost one.
pub struct SeenLog {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    disk: Arc<dyn Disk>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: HashMap<u128, Known>,
    /// The accepted ones, oldest first, with the microsecond of the monotonic clock that forgets them and their wall
    /// time, which the file keeps.
    order: VecDeque<(i64, Timestamp, SeenKey)>,
    file: Option<Box<dyn DiskFile>>,
    length: u64,
    sick: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    InFlight,
    Accepted,
}

/// Whether a submission is new.
pub enum Begin {
    /// It is: accept it, then [`Reservation::commit`].
    New(Reservation),
    /// It was accepted before: say 250 and do nothing.
    Duplicate,
    /// Another session is accepting it right now: say 451, the sender tries again.
    InFlight,
}

/// The right to accept one submission. Dropped without commit, the submission is as new as before.
pub struct Reservation {
    log: Arc<SeenLog>,
    key: SeenKey,
    committed: bool,
}

impl SeenLog {
    /// Reads the file at `path` and writes it anew without what is forgotten. Damaged records are passed over.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, SpoolError> {
        Self::open_on(path, clock, Arc::new(RealDisk))
    }

    fn open_on(path: &Path, clock: Arc<dyn Clock>, disk: Arc<dyn Disk>) -> Result<Self, SpoolError> {
        let log = Self { path: path.to_owned(), clock, disk, state: Mutex::default() };
        let read = log.disk.open(path, false).and_then(|file| {
            let length = usize::try_from(file.len()?).unwrap_or(usize::MAX);
            file.read(0, length)
        });
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(e) if missing(&e) => Vec::new(),
            Err(e) => return Err(SpoolError::disk("read", path, e)),
        };
        {
            let mut state = lock(&log.state);
            log.remember(&mut state, &bytes);
            log.rewrite(&mut state).map_err(|e| SpoolError::disk("write", path, e))?;
        }
        Ok(log)
    }

    /// Asks whether a submission is new, and reserves it if it is.
    pub fn begin(self: &Arc<Self>, key: SeenKey) -> Begin {
        let mut state = lock(&self.state);
        self.forget(&mut state);
        match state.known.entry(short(&key)) {
            MapEntry::Occupied(known) if *known.get() == Known::Accepted => Begin::Duplicate,
            MapEntry::Occupied(_) => Begin::InFlight,
            MapEntry::Vacant(place) => {
                place.insert(Known::InFlight);
                Begin::New(Reservation { log: Arc::clone(self), key, committed: false })
            }
        }
    }

    /// How many submissions are remembered.
    pub fn len(&self) -> usize {
        lock(&self.state).order.len()
    }

    /// True if none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn accept(&self, key: SeenKey) {
        let mut state = lock(&self.state);
        let wall = self.clock.now();
        let until = self.monotonic().saturating_add(micros(WINDOW));
        state.known.insert(short(&key), Known::Accepted);
        state.order.push_back((until, wall, key));
        self.forget(&mut state);
        let at = state.length;
        let written = match &state.file {
            Some(file) => file.write(at, &encode(&key, wall)),
            None => Ok(()),
        };
        state.length += RECORD as u64;
        let needed = (state.order.len() * RECORD) as u64;
        let written = if state.length > REWRITE_AT && state.length > 2 * needed {
            written.and_then(|()| self.rewrite(&mut state))
        } else {
            written
        };
        if let Err(error) = written {
            if !state.sick {
                tracing::warn!(path = %self.path.display(), %error, "cannot write down what was accepted; a restart may repeat a post");
            }
            // The place may hold half a record: go back to it.
            state.length = at;
            state.sick = true;
        } else {
            state.sick = false;
        }
    }

    fn remember(&self, state: &mut State, bytes: &[u8]) {
        let (now, wall) = (self.monotonic(), self.clock.now());
        let mut found: Vec<(Timestamp, SeenKey)> = bytes.chunks_exact(RECORD).filter_map(decode).collect();
        found.sort_unstable_by_key(|(at, _)| *at);
        for (at, key) in found {
            // A time to come is a clock that was set back: remember for the whole window, not for years.
            let left = WINDOW.saturating_sub(wall.since(at));
            if !left.is_zero() && state.known.insert(short(&key), Known::Accepted).is_none() {
                state.order.push_back((now.saturating_add(micros(left)), at, key));
            }
        }
        self.forget(state);
    }

    /// Writes the file anew, with what is remembered only.
    fn rewrite(&self, state: &mut State) -> std::io::Result<()> {
        let fresh = self.path.with_extension("new");
        let bytes: Vec<u8> = state.order.iter().flat_map(|(_, wall, key)| encode(key, *wall)).collect();
        let file = self.disk.create(&fresh)?;
        file.write(0, &bytes)?;
        self.disk.rename(&fresh, &self.path)?;
        state.length = bytes.len() as u64;
        state.file = Some(file);
        Ok(())
    }

    fn forget(&self, state: &mut State) {
        let now = self.monotonic();
        while let Some((until, _, key)) = state.order.front() {
            if *until > now && state.order.len() <= MOST {
                break;
            }
            let key = short(key);
            state.order.pop_front();
            state.known.remove(&key);
        }
    }

    fn monotonic(&self) -> i64 {
        micros(self.clock.monotonic())
    }
}

impl Reservation {
    /// The submission was accepted, durably: remember it.
    pub fn commit(mut self) {
        self.committed = true;
        self.log.accept(self.key);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.committed {
            lock(&self.log.state).known.remove(&short(&self.key));
        }
    }
}

/// Half the key is enough in memory: 128 bits do not meet by chance.
fn short(key: &SeenKey) -> u128 {
    key.first_chunk().map_or(0, |half| u128::from_le_bytes(*half))
}

fn encode(key: &SeenKey, wall: Timestamp) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    let time = wall.as_micros().to_le_bytes();
    let (body, crc) = record.split_at_mut(RECORD - 4);
    for (place, byte) in body.iter_mut().zip(key.iter().chain(&time)) {
        *place = *byte;
    }
    crc.copy_from_slice(&crc32c::crc32c(body).to_le_bytes());
    record
}

fn decode(record: &[u8]) -> Option<(Timestamp, SeenKey)> {
    let (body, crc) = record.split_last_chunk::<4>()?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
        return None;
    }
    let (key, time) = body.split_first_chunk::<32>()?;
    Some((Timestamp::from_micros(i64::from_le_bytes(*time.first_chunk()?)), *key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Data, FakeDisk, Survives};
    use crate::tests::tools::HandClock;

    const HOUR: Duration = Duration::from_hours(1);

    fn open(disk: &FakeDisk, clock: &Arc<HandClock>) -> Arc<SeenLog> {
        let clock = Arc::clone(clock) as Arc<dyn Clock>;
        Arc::new(SeenLog::open_on(Path::new("/seen"), clock, Arc::new(disk.clone())).unwrap())
    }

    fn key(body: &str) -> SeenKey {
        seen_key("dev@lists.example", "<1@example.com>", body.as_bytes())
    }

    fn accept(log: &Arc<SeenLog>, key: SeenKey) {
        match log.begin(key) {
            Begin::New(reservation) => reservation.commit(),
            _ => panic!("it should be new"),
        }
    }

    #[test]
    fn p6_the_same_submission_is_new_once() {
        let (disk, clock) = (FakeDisk::new(), HandClock::new());
        let log = open(&disk, &clock);
        let Begin::New(first) = log.begin(key("a")) else { panic!() };
        assert!(matches!(log.begin(key("a")), Begin::InFlight));
        drop(first);
        accept(&log, key("a"));
        assert!(matches!(log.begin(key("a")), Begin::Duplicate));
        assert!(matches!(log.begin(key("another body")), Begin::New(_)));
        assert_ne!(seen_key("a@b", "c", b""), seen_key("a@bc", "", b""));
    }

    #[test]
    fn p6_the_window_is_an_hour_and_survives_a_restart() {
        let (disk, clock) = (FakeDisk::new(), HandClock::new());
        let log = open(&disk, &clock);
        accept(&log, key("a"));
        clock.advance(HOUR / 2);
        accept(&log, key("b"));
        drop(log);
        let log = open(&disk, &clock);
        assert_eq!(log.len(), 2);
        clock.advance(HOUR / 2);
        assert!(matches!(log.begin(key("a")), Begin::New(_)));
        assert!(matches!(log.begin(key("b")), Begin::Duplicate));
        drop(log);
        let log = open(&disk, &clock);
        assert_eq!(log.len(), 1);
        // Decay of one record costs that record.
        disk.corrupt(Path::new("/seen"), |bytes| bytes[3] ^= 4);
        drop(log);
        assert!(open(&disk, &clock).is_empty());
    }

    #[test]
    fn p19_a_jump_of_the_wall_clock_forgets_nothing_and_keeps_nothing_for_ever() {
        let (disk, clock) = (FakeDisk::new(), HandClock::new());
        let log = open(&disk, &clock);
        let year = HOUR * 24 * 365;
        accept(&log, key("a"));
        clock.jump(clock.now().plus(year * 10));
        assert!(matches!(log.begin(key("a")), Begin::Duplicate));
        accept(&log, key("b"));
        clock.jump(clock.now().minus(year * 20));
        drop(log);
        let log = open(&disk, &clock);
        assert!(matches!(log.begin(key("b")), Begin::Duplicate));
        clock.advance(HOUR);
        assert!(log.begin(key("b")).is_new());
    }

    #[test]
    fn a_torn_file_is_read_as_far_as_it_goes_and_a_failing_disk_stops_nobody() {
        let (disk, clock) = (FakeDisk::new(), HandClock::new());
        let log = open(&disk, &clock);
        accept(&log, key("a"));
        disk.plan(1, crate::fake::Fault::Error(28));
        accept(&log, key("b"));
        accept(&log, key("c"));
        assert!(matches!(log.begin(key("b")), Begin::Duplicate));
        for seed in 0..20 {
            let disk = disk.power_cut(Survives { names: true, data: Data::Torn(seed) });
            assert!(open(&disk, &clock).len() <= 2);
            drop(disk);
        }
    }

    #[test]
    fn the_file_is_written_anew_before_it_grows_for_ever() {
        let (disk, clock) = (FakeDisk::new(), HandClock::new());
        let log = open(&disk, &clock);
        for n in 0..60_000u32 {
            accept(&log, key(&n.to_string()));
            clock.advance(HOUR / 1000);
        }
        assert!(log.len() <= 1000);
        assert!(disk.open(Path::new("/seen"), false).unwrap().len().unwrap() < REWRITE_AT + 44);
    }

    impl Begin {
        fn is_new(&self) -> bool {
            matches!(self, Self::New(_))
        }
    }
}
