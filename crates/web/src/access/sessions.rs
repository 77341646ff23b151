use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthaste_model::Timestamp;
use posthaste_watch::Key;
use serde::{Deserialize, Serialize};

use super::login::{LIFE, Link};
use super::{encode, random};

/// A session that nobody used for so long is over; and an older one in any case.
const IDLE: Duration = Duration::from_hours(14 * 24);
const HARD: Duration = Duration::from_hours(60 * 24);
/// How old the file may be about the last use of a session.
const NOTED: Duration = Duration::from_hours(1);
/// So many sessions at once; the one that was used longest ago goes first.
const MOST: usize = 100;

/// An operator who is let in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Session {
    /// Names the session; made from the cookie's secret, which cannot be made from it.
    pub(crate) id: String,
    /// Who.
    pub(crate) name: String,
}

/// The sessions that are open and the links that are used up.
pub(super) struct Sessions {
    key: Key,
    file: Option<PathBuf>,
    book: Mutex<Book>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Book {
    sessions: BTreeMap<String, Kept>,
    /// Links that were used, until they would end.
    used: BTreeMap<String, Timestamp>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    name: String,
    made: Timestamp,
    seen: Timestamp,
}

impl Kept {
    fn holds(&self, now: Timestamp) -> bool {
        now.since(self.seen) <= IDLE && now.since(self.made) <= HARD
    }
}

impl Sessions {
    pub(super) fn open(key: Key, file: Option<PathBuf>) -> Self {
        let book = file.as_deref().map(read).unwrap_or_default();
        Self { key, file, book: Mutex::new(book) }
    }

    pub(super) fn is_used(&self, nonce: &str) -> bool {
        self.lock().used.contains_key(nonce)
    }

    pub(super) fn open_by(&self, link: &Link, now: Timestamp) -> Option<String> {
        let secret = random::<32>()?;
        let mut book = self.lock();
        book.used.retain(|_, ends| now <= ends.plus(LIFE));
        if book.used.insert(link.nonce.clone(), link.ends).is_some() {
            return None;
        }
        book.sessions.retain(|_, kept| kept.holds(now));
        while book.sessions.len() >= MOST {
            let oldest = book.sessions.iter().min_by_key(|(_, kept)| kept.seen).map(|(id, _)| id.clone());
            oldest.and_then(|id| book.sessions.remove(&id));
        }
        let kept = Kept { name: link.name.clone(), made: now, seen: now };
        book.sessions.insert(self.id(&secret), kept);
        self.save(&book);
        Some(secret)
    }

    pub(super) fn get(&self, secret: &str, now: Timestamp) -> Option<Session> {
        let id = self.id(secret);
        let mut book = self.lock();
        let kept = book.sessions.get_mut(&id)?;
        if !kept.holds(now) {
            book.sessions.remove(&id);
            return None;
        }
        let name = kept.name.clone();
        if now.since(kept.seen) > NOTED {
            kept.seen = now;
            self.save(&book);
        }
        Some(Session { id, name })
    }

    pub(super) fn remove(&self, session: &Session) {
        let mut book = self.lock();
        book.sessions.remove(&session.id);
        self.save(&book);
    }

    #[cfg(test)]
    pub(super) fn has(&self, session: &Session) -> bool {
        self.lock().sessions.contains_key(&session.id)
    }

    /// Found by the tag of the secret: comparing tags tells nothing about secrets.
    fn id(&self, secret: &str) -> String {
        encode(&self.key.tag(&[secret.as_bytes()]))
    }

    /// A session that cannot be written down still holds until the next start.
    fn save(&self, book: &Book) {
        let Some(file) = &self.file else { return };
        if let Err(error) = write(file, book) {
            tracing::warn!(%error, file = %file.display(), "operators must log in again after a restart");
        }
    }

    /// A panic elsewhere leaves the book whole: each change to it is one call.
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the file says; nothing if it is not there or torn, and then everybody logs in again.
fn read(file: &Path) -> Book {
    let Ok(text) = std::fs::read(file) else { return Book::default() };
    serde_json::from_slice(&text).unwrap_or_else(|error| {
        tracing::warn!(%error, file = %file.display(), "operators must log in again");
        Book::default()
    })
}

fn write(file: &Path, book: &Book) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    let _ = std::fs::remove_file(&beside);
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    out.write_all(&serde_json::to_vec(book)?)?;
    std::fs::rename(&beside, file)
}
