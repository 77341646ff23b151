use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use posthaste_model::Timestamp;

use super::MailboxError;
use super::caught::{Caught, Envelope};

/// The folder of a mailbox: for each message `<id>.eml`, the bytes, and `<id>.json`, the envelope.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens or makes it.
    pub(super) fn open(path: &Path) -> Result<Self, MailboxError> {
        fs::create_dir_all(path).map_err(disk("make", path))?;
        Ok(Self { path: path.to_owned() })
    }

    /// The ids of all messages, whole or not, oldest first. Half-written files of an earlier life are deleted.
    pub(super) fn ids(&self) -> Result<Vec<u64>, MailboxError> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(disk("read", &self.path))? {
            let path = entry.map_err(disk("read", &self.path))?.path();
            let Some(id) = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok())
            else {
                continue;
            };
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("eml" | "json") => ids.push(id),
                // What is left of a stop in the middle of a write; the sender was not told that it was taken.
                Some("new") => drop(fs::remove_file(&path)),
                _ => {}
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Writes a pair; the envelope last, so that a message that has one is whole.
    pub(super) fn write(&self, id: u64, envelope: &Envelope, message: &[u8]) -> Result<(), MailboxError> {
        let envelope =
            serde_json::to_vec(envelope).map_err(|error| disk("write", &self.path)(error.into()))?;
        for (kind, bytes) in [("eml", message), ("json", envelope.as_slice())] {
            let (new, path) = (self.file(id, "new"), self.file(id, kind));
            fs::write(&new, bytes).and_then(|()| fs::rename(&new, &path)).map_err(disk("write", &path))?;
        }
        Ok(())
    }

    /// Reads a pair; what cannot be read is said in [`Caught::damage`].
    pub(super) fn read(&self, id: u64) -> (Caught, Bytes) {
        let mut damage = Vec::new();
        let envelope = match fs::read(self.file(id, "json")) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| damage.push(format!("its envelope cannot be read ({error})")))
                .ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                damage.push(
                    "its envelope is missing: the catcher was stopped while it caught it, and the sender will send it again"
                        .to_owned(),
                );
                None
            }
            Err(error) => {
                damage.push(format!("its envelope cannot be read ({error})"));
                None
            }
        };
        let message = match fs::read(self.file(id, "eml")) {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                damage.push("the message is missing: somebody took its file away".to_owned());
                Bytes::new()
            }
            Err(error) => {
                damage.push(format!("the message cannot be read ({error})"));
                Bytes::new()
            }
        };
        let envelope = envelope.unwrap_or_else(|| unknown(id));
        let mut caught = Caught::new(id, envelope, &message);
        caught.damage = (!damage.is_empty()).then(|| damage.join("; "));
        (caught, message)
    }

    /// Removes a pair. What cannot be removed is found again at the next start, and removed then.
    pub(super) fn remove(&self, id: u64) {
        for kind in ["json", "eml"] {
            if let Err(error) = fs::remove_file(self.file(id, kind))
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, id, "cannot remove a caught message");
            }
        }
    }

    fn file(&self, id: u64, kind: &str) -> PathBuf {
        self.path.join(format!("{id:017}.{kind}"))
    }
}

/// What is known of a message whose envelope is lost: its id is the moment it was caught.
fn unknown(id: u64) -> Envelope {
    let at = Timestamp::from_micros(i64::try_from(id).unwrap_or(0));
    Envelope { at, from: String::new(), recipients: Vec::new() }
}

fn disk(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> MailboxError {
    let path = path.to_owned();
    move |source| MailboxError::Disk { doing, path, source }
}
