use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use posthaste_model::{EntryId, Timestamp};
use tokio::sync::Mutex;

use super::folder::{about, of_list, on_disk, sync};
use super::{Archiver, Keeping, Kept, Piece};

/// One file for each list: `FOLDER/dev@lists.example.org.mbox`, in the form called mboxrd.
///
/// Beside it lies `….mbox.last`: which post was added last, and between which octets. So a post that a crash left half
/// written is taken out before the next is added, and one that is brought again is found.
pub struct Mbox {
    root: PathBuf,
    turn: Arc<Mutex<()>>,
}

impl Mbox {
    /// Below this folder.
    pub fn new(root: PathBuf) -> Self {
        Self { root, turn: Arc::default() }
    }
}

impl Archiver for Mbox {
    fn name(&self) -> &'static str {
        "mbox"
    }

    fn keep<'a>(&'a self, piece: Piece<'a>) -> Keeping<'a> {
        let (root, path) = (self.root.clone(), of_list(&self.root, piece.list));
        let (id, received, message) = (piece.id, piece.received, piece.message.clone());
        Box::pin(async move {
            let turn = self.turn.clone().lock_owned().await;
            on_disk(move || {
                let _turn = turn;
                append(&root, &path, id, &entry(&message, received))
            })
            .await?;
            Ok(Kept::There(None))
        })
    }
}

/// A message as it stands in an mbox: behind a line that begins with `From `, lines like it quoted, a blank line after.
fn entry(message: &Bytes, received: Timestamp) -> Vec<u8> {
    let sender = "MAILER-DAEMON";
    let date = received.to_jiff().strftime("%a %b %e %H:%M:%S %Y");
    let mut out = format!("From {sender} {date}\n").into_bytes();
    for line in message.split_inclusive(|b| *b == b'\n') {
        let quotes = line.iter().take_while(|b| **b == b'>').count();
        if line.get(quotes..).is_some_and(|rest| rest.starts_with(b"From ")) {
            out.push(b'>');
        }
        match line.strip_suffix(b"\r\n") {
            Some(line) => {
                out.extend_from_slice(line);
                out.push(b'\n');
            }
            None => out.extend_from_slice(line),
        }
    }
    if !out.ends_with(b"\n") {
        out.push(b'\n');
    }
    out.push(b'\n');
    out
}

fn append(root: &Path, list: &Path, id: EntryId, entry: &[u8]) -> io::Result<()> {
    fs::create_dir_all(root).map_err(about(root))?;
    let named = |suffix: &str| {
        let mut name = list.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let (path, last) = (named(".mbox"), named(".mbox.last"));
    let mut file = File::options().create(true).append(true).open(&path).map_err(about(&path))?;
    let mut length = file.metadata().map_err(about(&path))?.len();
    if let Some((before, begin, end)) = read(&last)? {
        if length > begin && length < end {
            file.set_len(begin).map_err(about(&path))?;
            length = begin;
        } else if before == id && length >= end {
            return Ok(());
        }
    }
    let note = format!("{id} {length} {}\n", length + entry.len() as u64);
    let tmp = named(".mbox.tmp");
    let mut noted = File::create(&tmp).map_err(about(&tmp))?;
    noted.write_all(note.as_bytes()).and_then(|()| noted.sync_all()).map_err(about(&tmp))?;
    fs::rename(&tmp, &last).map_err(about(&last))?;
    sync(root)?;
    file.write_all(entry).and_then(|()| file.sync_all()).map_err(about(&path))
}

/// Which post was added last, and between which octets.
fn read(last: &Path) -> io::Result<Option<(EntryId, u64, u64)>> {
    let text = match fs::read_to_string(last) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(about(last))?,
    };
    let mut words = text.split_whitespace();
    let mut next = || words.next();
    let (id, begin, end) = (next(), next(), next());
    Ok((|| Some((id?.parse().ok()?, begin?.parse().ok()?, end?.parse().ok()?)))())
}
