//! What alerts keep in the state folder: `alerts/state.json`, replaced whole, and `alerts/journal.jsonl`, which grows, and
//! loses its oldest incidents when it has grown long. Written by a thread of its own: a disk that hangs keeps nobody from being told.

mod shorten;

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use posthaste_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::outbox::Outbox;
use super::{Event, State};

/// Everything that survives the process.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Saved {
    /// Incidents and what else is known.
    pub(super) state: State,
    /// What is still to be sent.
    pub(super) outbox: Outbox,
    /// The steady time of saving.
    pub(super) steady: Timestamp,
}

/// The journal is shortened to the half when it is longer than this: years of a quiet server.
const LONG: u64 = 8 << 20;

/// Where it is kept.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
    /// So long may the journal be.
    long: u64,
}

/// What is to be written.
pub(super) enum Page {
    State(Box<Saved>),
    /// What happened, and the incidents that are open after it.
    Events(Vec<Event>, BTreeSet<u32>),
}

impl Shelf {
    pub(super) fn new(state: &Path) -> Self {
        Self { folder: state.join("alerts"), long: LONG }
    }

    /// What was saved last. A file that cannot be understood is put aside, and said so.
    pub(super) fn read(&self) -> Saved {
        let file = self.folder.join("state.json");
        let Ok(text) = fs::read(&file) else { return Saved::default() };
        serde_json::from_slice(&text).unwrap_or_else(|error| {
            tracing::error!(%error, file = %file.display(), "what alerts remembered is not readable, and put aside");
            let _ = fs::rename(&file, self.folder.join("state.json.unreadable"));
            Saved::default()
        })
    }

    /// A thread that writes until the sender is gone.
    pub(super) fn writer(&self) -> Sender<Page> {
        let (sender, pages) = channel();
        let this = self.clone();
        drop(tokio::task::spawn_blocking(move || this.write_all(&pages)));
        sender
    }

    fn write_all(&self, queue: &Receiver<Page>) {
        let mut long = self.long;
        for page in queue {
            let outcome = match page {
                Page::State(saved) => self.write(&saved),
                Page::Events(events, open) => self.append(&events).and_then(|length| {
                    if length > long {
                        // What is open may be long by itself: it is not looked at again for every line.
                        long = self.long.max(2 * self.shorten(&open)?);
                    }
                    Ok(())
                }),
            };
            if let Err(error) = outcome {
                tracing::error!(%error, "alerts cannot write to the state folder; they go on without");
            }
        }
    }

    fn write(&self, saved: &Saved) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        replace(&self.folder, "state.json", &serde_json::to_vec(saved)?)
    }

    /// Adds to the journal; says how long it is.
    fn append(&self, events: &[Event]) -> io::Result<u64> {
        fs::create_dir_all(&self.folder)?;
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(self.folder.join("journal.jsonl"))?;
        let mut lines = Vec::new();
        for event in events {
            serde_json::to_writer(&mut lines, event)?;
            lines.push(b'\n');
        }
        file.write_all(&lines)?;
        file.sync_data()?;
        Ok(file.metadata()?.len())
    }

    /// Leaves out the oldest incidents of the journal, open ones never; says how long it is then.
    fn shorten(&self, open: &BTreeSet<u32>) -> io::Result<u64> {
        let path = self.folder.join("journal.jsonl");
        let most = usize::try_from(self.long / 2).unwrap_or(usize::MAX);
        let kept = shorten::shortened(&String::from_utf8_lossy(&fs::read(&path)?), most, open);
        replace(&self.folder, "journal.jsonl", kept.as_bytes())?;
        Ok(kept.len() as u64)
    }
}

/// Puts a whole file in place of one, so that whoever reads sees the one or the other.
fn replace(folder: &Path, name: &str, octets: &[u8]) -> io::Result<()> {
    let beside = folder.join(format!("{name}.new"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(octets)?;
    file.sync_all()?;
    fs::rename(&beside, folder.join(name))?;
    File::open(folder)?.sync_all()
}

/// The journal of the server with this state folder, the oldest first; a torn last line is left out.
pub fn journal(state: &Path) -> io::Result<Vec<Event>> {
    match fs::read_to_string(state.join("alerts/journal.jsonl")) {
        Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(vec![]),
        Err(error) => Err(error),
    }
}

/// Writes an event when no server runs that would.
pub fn note(state: &Path, event: Event) -> io::Result<()> {
    Shelf::new(state).append(&[event]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::Happening;

    fn event(incident: u32, text: &str) -> Event {
        Event::new(Timestamp::default(), Some(incident), Happening::Noticed, text)
    }

    #[test]
    fn a_journal_that_grows_for_ever_stays_short_and_keeps_what_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf { folder: folder.path().join("alerts"), long: 4_096 };
        let (sender, pages) = channel();
        for id in 1..500 {
            let open = BTreeSet::from([7, id]);
            sender.send(Page::Events(vec![event(id, "one more of many")], open)).unwrap();
        }
        drop(sender);
        shelf.write_all(&pages);
        let length = fs::metadata(folder.path().join("alerts/journal.jsonl")).unwrap().len();
        assert!(length <= 4_096, "{length}");
        let kept: Vec<u32> = journal(folder.path()).unwrap().iter().filter_map(|e| e.incident).collect();
        assert_eq!((kept.first(), kept.last()), (Some(&7), Some(&499)), "{kept:?}");
        assert!(kept.len() > 10 && kept.is_sorted(), "{kept:?}");
    }

    #[test]
    fn what_is_open_and_long_is_kept_whole() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf { folder: folder.path().join("alerts"), long: 2_048 };
        let (sender, pages) = channel();
        for number in 0..300 {
            sender.send(Page::Events(vec![event(3, &number.to_string())], BTreeSet::from([3]))).unwrap();
        }
        drop(sender);
        shelf.write_all(&pages);
        assert_eq!(journal(folder.path()).unwrap().len(), 300);
    }
}
