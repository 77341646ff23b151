//! Which entries were being worked on when the process died, so that one that kills it is found (P14).
//!
//! While all is well nothing is written: a file says that the process runs, and an orderly end removes it. A process that
//! finds the file there comes after one that died, and is careful for a while: it notes each entry before it does
//! anything that the entry's content could break, and takes the note back after. Should it die too, whatever is noted is
//! suspect. A suspect is tried once more, alone and not at once, and set aside if it was being worked on at yet another
//! death. Nothing is synced: a file survives the death of a process without that.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthaste_model::{Clock, EntryId, Stage};

/// So long a process is careful that comes after one that died.
const CAREFUL: Duration = Duration::from_mins(10);
/// A suspect is left alone so long after the start, so that one kill after another from outside makes nobody guilty.
const LATER: Duration = Duration::from_secs(10);
/// An entry that was noted at so many deaths is set aside: with the first death, at which nothing was noted, the third.
const GUILTY: u32 = 2;
/// Octets of one note.
const NOTE: usize = 64;

/// The notes.
pub struct Working {
    clock: Arc<dyn Clock>,
    started: Duration,
    running: PathBuf,
    suspected: PathBuf,
    /// Notes are taken.
    careful: bool,
    file: File,
    state: Mutex<State>,
    alone: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// Which notes are taken.
    taken: Vec<bool>,
    /// At how many deaths each was noted.
    suspects: BTreeMap<(EntryId, Stage), u32>,
}

/// What to do with an entry.
#[derive(Debug)]
pub(crate) enum Caution<'a> {
    /// Go on.
    None,
    /// Go on; nobody else who is suspect is worked on meanwhile.
    Alone(#[expect(dead_code, reason = "held")] tokio::sync::MutexGuard<'a, ()>),
    /// Not yet.
    Later(Duration),
    /// Never again by itself.
    Guilty(String),
}

/// A note that an entry is being worked on; taken back when dropped.
pub(crate) struct Mark<'a> {
    working: &'a Working,
    slot: usize,
}

impl Working {
    /// Reads what a process that died left in `folder`, and begins anew.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let (running, suspected) = (folder.join("running"), folder.join("suspects"));
        let noted = match std::fs::read(&running) {
            Ok(notes) => Some(notes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut suspects = read(&std::fs::read_to_string(&suspected).unwrap_or_default());
        for (entry, _) in noted.iter().flat_map(|notes| read(&String::from_utf8_lossy(notes))) {
            tracing::warn!(id = %entry.0, stage = %entry.1, "this entry was being worked on when the process died");
            *suspects.entry(entry).or_default() += 1;
        }
        let working = Self {
            started: clock.monotonic(),
            clock,
            careful: noted.is_some(),
            file: File::create(&running)?,
            running,
            suspected,
            state: Mutex::new(State { taken: vec![], suspects }),
            alone: tokio::sync::Mutex::default(),
        };
        working.keep(&working.lock())?;
        Ok(working)
    }

    /// The end is an orderly one.
    pub fn close(&self) {
        let _ = std::fs::remove_file(&self.running);
    }

    /// Notes that an entry is worked on, if notes are taken now. Not to be held over a wait: what others do meanwhile
    /// is not the entry's fault.
    pub(crate) fn mark(&self, stage: Stage, id: EntryId) -> Option<Mark<'_>> {
        if !self.careful || self.uptime() > CAREFUL {
            return None;
        }
        let slot = {
            let taken = &mut self.lock().taken;
            let slot = taken.iter().position(|taken| !taken).unwrap_or(taken.len());
            let length = taken.len().max(slot + 1);
            taken.resize(length, false);
            *taken.get_mut(slot)? = true;
            slot
        };
        self.note(slot, &format!("{id} {stage} 1"));
        Some(Mark { working: self, slot })
    }

    /// Whether an entry may be worked on now.
    pub(crate) async fn caution(&self, stage: Stage, id: EntryId) -> Caution<'_> {
        let deaths = self.lock().suspects.get(&(id, stage)).copied().unwrap_or(0);
        let left = LATER.saturating_sub(self.uptime());
        match deaths {
            0 => Caution::None,
            GUILTY.. => Caution::Guilty(format!(
                "stage {stage}: Posthaste died {} times while it worked on this entry. Retry with: posthaste queue retry {id}",
                deaths + 1
            )),
            _ if !left.is_zero() => Caution::Later(left),
            _ => Caution::Alone(self.alone.lock().await),
        }
    }

    /// It went well, or was set aside: it begins anew if it ever comes back.
    pub(crate) fn acquit(&self, stage: Stage, id: EntryId) {
        let mut known = self.lock();
        if known.suspects.remove(&(id, stage)).is_some()
            && let Err(error) = self.keep(&known)
        {
            tracing::warn!(%error, "cannot write {}", self.suspected.display());
        }
    }

    fn keep(&self, state: &State) -> io::Result<()> {
        let lines: String =
            state.suspects.iter().map(|((id, stage), deaths)| format!("{id} {stage} {deaths}\n")).collect();
        let new = self.suspected.with_extension("new");
        std::fs::write(&new, lines)?;
        std::fs::rename(new, &self.suspected)
    }

    fn note(&self, slot: usize, text: &str) {
        let line = format!("{text:<width$}\n", width = NOTE - 1);
        // It helps to find a culprit; without it, the culprit is found later.
        let _ = self.file.write_all_at(line.as_bytes(), (slot * NOTE) as u64);
    }

    fn uptime(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.started)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        self.working.note(self.slot, "");
        if let Some(taken) = self.working.lock().taken.get_mut(self.slot) {
            *taken = false;
        }
    }
}

/// Lines of id, stage and number; what is not one is passed over.
fn read(text: &str) -> BTreeMap<(EntryId, Stage), u32> {
    let entry = |line: &str| {
        let mut words = line.trim_matches('\0').split_ascii_whitespace();
        let id = words.next()?.parse().ok()?;
        let stage = words.next()?.parse().ok()?;
        Some(((id, stage), words.next()?.parse().ok()?))
    };
    text.lines().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Still(Duration);
    impl Clock for Still {
        fn now(&self) -> posthaste_model::Timestamp {
            posthaste_model::Timestamp::default()
        }
        fn monotonic(&self) -> Duration {
            self.0
        }
        fn sleep(&self, _: Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(std::future::pending())
        }
    }

    fn open(folder: &Path) -> Working {
        let mut working = Working::open(folder, Arc::new(Still(LATER))).unwrap();
        working.started = Duration::ZERO;
        working
    }

    fn id(n: u128) -> EntryId {
        EntryId::new(uuid::Uuid::from_u128(n))
    }

    #[tokio::test]
    async fn p14_who_is_worked_on_at_the_third_death_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let out = Stage::Out;
        let first = open(folder.path());
        assert!(first.mark(out, id(1)).is_none(), "while all is well nothing is written");
        drop(first);

        let second = open(folder.path());
        drop(second.mark(out, id(3)));
        std::mem::forget((second.mark(out, id(1)), second.mark(out, id(2))));
        assert!(matches!(second.caution(out, id(1)).await, Caution::None));
        drop(second);

        let third = open(folder.path());
        assert!(matches!(third.caution(out, id(3)).await, Caution::None));
        assert!(matches!(third.caution(Stage::Incoming, id(1)).await, Caution::None));
        assert!(matches!(third.caution(out, id(2)).await, Caution::Alone(_)));
        third.acquit(out, id(2));
        std::mem::forget(third.mark(out, id(1)));
        drop(third);

        let fourth = open(folder.path());
        assert!(matches!(fourth.caution(out, id(2)).await, Caution::None));
        let Caution::Guilty(why) = fourth.caution(out, id(1)).await else { unreachable!() };
        assert!(why.contains("stage out: Posthaste died 3 times") && why.contains("queue retry"), "{why}");
        fourth.acquit(out, id(1));
        fourth.close();
        drop(fourth);

        let fifth = open(folder.path());
        assert!(matches!(fifth.caution(out, id(1)).await, Caution::None));
        assert!(fifth.mark(out, id(1)).is_none(), "after an orderly end nothing is written");
    }

    #[tokio::test]
    async fn p14_a_suspect_waits_so_that_kills_from_outside_make_nobody_guilty() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()));
        let second = open(folder.path());
        std::mem::forget(second.mark(Stage::Out, id(1)));
        drop(second);
        let third = Working::open(folder.path(), Arc::new(Still(Duration::ZERO))).unwrap();
        assert!(matches!(third.caution(Stage::Out, id(1)).await, Caution::Later(LATER)));
    }
}
