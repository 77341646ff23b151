//! The mailbox of the development server.

mod caught;
mod folder;
mod pages;
mod parts;
mod router;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use posthaste_model::Timestamp;
use thiserror::Error;

pub use self::caught::Caught;
use self::caught::Envelope;
use self::folder::Folder;
pub use self::router::mailbox_router;

/// So many messages are kept; the oldest go first.
const KEPT: usize = 10_000;

/// Why the mailbox cannot keep what it was given.
#[derive(Debug, Error)]
pub enum MailboxError {
    /// The disk says no.
    #[error("cannot {doing} {}: {source}", path.display())]
    Disk {
        /// What was tried: `make`, `read`, `write`.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Caught messages, newest first, in a folder that outlives the program.
pub struct Mailbox {
    folder: Folder,
    kept: usize,
    index: Mutex<Index>,
}

/// What is in the folder, so that lists and counts read no files.
#[derive(Default)]
struct Index {
    messages: BTreeMap<u64, Arc<Caught>>,
    /// How many messages each recipient has.
    recipients: BTreeMap<String, usize>,
    /// The newest id ever given.
    last: u64,
}

impl Mailbox {
    /// Opens the mailbox in `path`, which is made if it is missing. Reads every message once.
    pub fn open(path: &Path) -> Result<Self, MailboxError> {
        Self::open_with(path, KEPT)
    }

    fn open_with(path: &Path, kept: usize) -> Result<Self, MailboxError> {
        let folder = Folder::open(path)?;
        let mut index = Index::default();
        for id in folder.ids()? {
            index.insert(folder.read(id).0);
        }
        let mailbox = Self { folder, kept, index: Mutex::new(index) };
        mailbox.forget_oldest();
        Ok(mailbox)
    }

    /// Keeps a message caught at `at` and says which it became. When this returns, the message outlives the program;
    /// it is not forced to the disk, as nobody's only copy of a mail is caught here.
    pub fn add(
        &self,
        at: Timestamp,
        from: &str,
        recipients: &[String],
        message: &Bytes,
    ) -> Result<Arc<Caught>, MailboxError> {
        let id = self.lock().next_id(at);
        let envelope = Envelope { at, from: from.to_owned(), recipients: recipients.to_vec() };
        self.folder.write(id, &envelope, message)?;
        let caught = self.lock().insert(Caught::new(id, envelope, message));
        self.forget_oldest();
        Ok(caught)
    }

    /// How many messages are here.
    pub fn len(&self) -> usize {
        self.lock().messages.len()
    }

    /// True if nothing was caught yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Messages, newest first: those for `recipient` if one is named, those older than `before` if one is named.
    pub fn newest(&self, recipient: Option<&str>, before: Option<u64>, most: usize) -> Vec<Arc<Caught>> {
        let index = self.lock();
        let older = index.messages.range(..before.unwrap_or(u64::MAX)).rev();
        let wanted =
            older.map(|(_, caught)| caught).filter(|caught| recipient.is_none_or(|to| caught.is_for(to)));
        wanted.take(most).cloned().collect()
    }

    /// Everyone who has mail here, with the number of messages, in the order of their addresses.
    pub fn recipients(&self) -> Vec<(String, usize)> {
        self.lock().recipients.iter().map(|(address, count)| (address.clone(), *count)).collect()
    }

    /// The message `id`, if it is here.
    pub fn get(&self, id: u64) -> Option<Arc<Caught>> {
        self.lock().messages.get(&id).cloned()
    }

    /// The bytes of a message; empty if they are lost. Reads a file.
    pub fn read(&self, caught: &Caught) -> Bytes {
        self.folder.read(caught.id).1
    }

    /// The messages with the same Message-ID, oldest first: the copies of one post.
    pub fn copies(&self, of: &Caught) -> Vec<Arc<Caught>> {
        if of.message_id.is_empty() {
            return self.get(of.id).into_iter().collect();
        }
        self.lock().messages.values().filter(|caught| caught.message_id == of.message_id).cloned().collect()
    }

    fn forget_oldest(&self) {
        loop {
            let oldest = {
                let mut index = self.lock();
                if index.messages.len() <= self.kept { None } else { index.remove_oldest() }
            };
            match oldest {
                Some(id) => self.folder.remove(id),
                None => return,
            }
        }
    }

    /// A panic elsewhere leaves the index whole: each change to it is one call.
    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    /// Ids are the moment of catching, made to grow whatever the clock does.
    fn next_id(&mut self, at: Timestamp) -> u64 {
        self.last = u64::try_from(at.as_micros()).unwrap_or(0).max(self.last + 1);
        self.last
    }

    fn insert(&mut self, caught: Caught) -> Arc<Caught> {
        let caught = Arc::new(caught);
        self.last = self.last.max(caught.id);
        for recipient in &caught.recipients {
            *self.recipients.entry(recipient.clone()).or_default() += 1;
        }
        self.messages.insert(caught.id, caught.clone());
        caught
    }

    fn remove_oldest(&mut self) -> Option<u64> {
        let (id, caught) = self.messages.pop_first()?;
        for recipient in &caught.recipients {
            if let Some(count) = self.recipients.get_mut(recipient) {
                *count -= 1;
                if *count == 0 {
                    self.recipients.remove(recipient);
                }
            }
        }
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn add(mailbox: &Mailbox, seconds: i64, to: &[&str], subject: &str) -> u64 {
        let to: Vec<String> = to.iter().map(|to| (*to).to_owned()).collect();
        let message = format!("From: Anne <anne@example.org>\r\nSubject: {subject}\r\n\r\nHi\r\n");
        mailbox.add(at(seconds), "list-bounces@example.org", &to, &message.into()).unwrap().id
    }

    fn subjects(mailbox: &Mailbox, to: Option<&str>) -> Vec<String> {
        mailbox.newest(to, None, 100).iter().map(|caught| caught.subject.clone()).collect()
    }

    #[test]
    fn newest_first_and_for_each_recipient() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(folder.path()).unwrap();
        add(&mailbox, 1, &["bart@example.org", "cate@example.org"], "one");
        let two = add(&mailbox, 2, &["cate@example.org"], "two");
        assert_eq!(subjects(&mailbox, None), ["two", "one"]);
        assert_eq!(subjects(&mailbox, Some("BART@example.org")), ["one"]);
        assert_eq!(mailbox.newest(None, Some(two), 9).len(), 1);
        let counts = [("bart@example.org".to_owned(), 1), ("cate@example.org".to_owned(), 2)];
        assert_eq!(mailbox.recipients(), counts);
    }

    #[test]
    fn a_restart_forgets_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(&folder.path().join("deep/mailbox")).unwrap();
        let id = add(&mailbox, 1, &["bart@example.org"], "=?utf-8?q?Caf=C3=A9?=");
        let before = mailbox.get(id).unwrap();
        drop(mailbox);
        let mailbox = Mailbox::open(&folder.path().join("deep/mailbox")).unwrap();
        assert_eq!(mailbox.get(id).unwrap(), before);
        assert_eq!(before.subject, "Café");
        assert!(mailbox.read(&before).ends_with(b"\r\n\r\nHi\r\n"));
    }

    #[test]
    fn one_moment_or_a_clock_set_back_still_gives_each_its_own_id() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(folder.path()).unwrap();
        let ids = [5, 5, 1].map(|second| add(&mailbox, second, &["bart@example.org"], "x"));
        assert!(ids[0] < ids[1] && ids[1] < ids[2], "{ids:?}");
        drop(mailbox);
        let mailbox = Mailbox::open(folder.path()).unwrap();
        assert!(add(&mailbox, 2, &["bart@example.org"], "x") > ids[2], "also after a restart");
    }

    #[test]
    fn only_the_newest_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open_with(folder.path(), 3).unwrap();
        for n in 0..5 {
            add(&mailbox, n, &[&format!("m{n}@example.org")], &n.to_string());
        }
        assert_eq!(subjects(&mailbox, None), ["4", "3", "2"]);
        assert_eq!(mailbox.recipients().len(), 3);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 6, "the files of the others are gone");
        let mailbox = Mailbox::open_with(folder.path(), 2).unwrap();
        assert_eq!(subjects(&mailbox, None), ["4", "3"]);
    }

    #[test]
    fn copies_of_a_post_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(folder.path()).unwrap();
        let post = |id: &str| Bytes::from(format!("Message-ID: <{id}@x>\r\nSubject: s\r\n\r\n"));
        let to = |name: &str| [format!("{name}@example.org")];
        let first = mailbox.add(at(1), "", &to("a"), &post("1")).unwrap();
        mailbox.add(at(2), "", &to("b"), &post("2")).unwrap();
        mailbox.add(at(3), "", &to("c"), &post("1")).unwrap();
        let of: Vec<_> = mailbox.copies(&first).iter().map(|copy| copy.recipients[0].clone()).collect();
        assert_eq!(of, ["a@example.org", "c@example.org"]);
    }

    #[test]
    fn damaged_pairs_are_shown_and_harm_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(folder.path()).unwrap();
        let ids: Vec<_> = (1..=4).map(|n| add(&mailbox, n, &["bart@example.org"], &n.to_string())).collect();
        drop(mailbox);
        let file = |index: usize, kind: &str| folder.path().join(format!("{:017}.{kind}", ids[index]));
        std::fs::write(file(0, "json"), b"{\"at\":1,\"fr\xff").unwrap();
        std::fs::remove_file(file(1, "json")).unwrap();
        std::fs::remove_file(file(2, "eml")).unwrap();
        std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        let mailbox = Mailbox::open(folder.path()).unwrap();
        let damage: Vec<_> = ids.iter().map(|id| mailbox.get(*id).unwrap().damage.clone()).collect();
        assert!(damage[0].as_ref().unwrap().contains("envelope cannot be read"), "{damage:?}");
        assert!(damage[1].as_ref().unwrap().contains("envelope is missing"), "{damage:?}");
        assert!(damage[2].as_ref().unwrap().contains("message is missing"), "{damage:?}");
        assert_eq!(damage[3], None);
        assert_eq!(mailbox.get(ids[0]).unwrap().subject, "1", "what can be read is shown");
        assert!(folder.path().join("notes.txt").exists(), "foreign files are left alone");
    }
}
