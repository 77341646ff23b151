//! What alerts keep in the state folder: `alerts/state.json`, replaced whole, and `alerts/journal.jsonl`, which only
//! grows. Written by a thread of its own: a disk that hangs keeps nobody from being told.

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

/// Where it is kept.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
}

/// What is to be written.
pub(super) enum Page {
    State(Box<Saved>),
    Events(Vec<Event>),
}

impl Shelf {
    pub(super) fn new(state: &Path) -> Self {
        Self { folder: state.join("alerts") }
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
        for page in queue {
            let outcome = match page {
                Page::State(saved) => self.write(&saved),
                Page::Events(events) => self.append(&events),
            };
            if let Err(error) = outcome {
                tracing::error!(%error, "alerts cannot write to the state folder; they go on without");
            }
        }
    }

    fn write(&self, saved: &Saved) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let beside = self.folder.join("state.json.new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(&serde_json::to_vec(saved)?)?;
        file.sync_all()?;
        fs::rename(&beside, self.folder.join("state.json"))?;
        File::open(&self.folder)?.sync_all()
    }

    fn append(&self, events: &[Event]) -> io::Result<()> {
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
        file.sync_data()
    }
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
    Shelf::new(state).append(&[event])
}
