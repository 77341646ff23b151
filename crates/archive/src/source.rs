use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use posthaste_mime::Message;
use posthaste_model::Timestamp;
use thiserror::Error;

use crate::when;

/// A mail of more octets is refused.
const LARGEST: usize = 64 << 20;
/// Folders within folders are looked into so deep.
const DEEPEST: usize = 8;

/// A post that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its bytes.
    pub raw: Bytes,
    /// When it was received, if the file says so.
    pub received: Option<Timestamp>,
    /// Where it was found, for reports.
    pub place: String,
}

/// Why something that was found is no post.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The disk, or what claims to be compressed and is not.
    #[error("{path}: {source}")]
    Disk {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is too large.
    #[error("{place}: it has more than {} MiB, which no mail has", LARGEST >> 20)]
    Large {
        /// Where.
        place: String,
    },
    /// It is something else.
    #[error("{place}: it is no mail, it has none of From, Date, Subject, Message-ID")]
    NoMail {
        /// Where.
        place: String,
    },
}

/// Posts in files: mbox files (RFC 4155, any kind, also compressed with gzip), maildirs, folders of either, single mails.
pub struct Source {
    files: VecDeque<PathBuf>,
    open: Option<Open>,
    done: Arc<AtomicU64>,
    total: u64,
}

impl Source {
    /// What this file or folder holds.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let mut files = vec![];
        gather(path, 0, &mut files).map_err(|source| SourceError::Disk { path: path.to_owned(), source })?;
        files.sort();
        let size = |file: &PathBuf| fs::metadata(file).map_or(0, |data| data.len());
        let total = files.iter().map(size).sum();
        Ok(Self { files: files.into(), open: None, done: Arc::default(), total })
    }

    /// Octets of all files.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Octets of them that were read.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed).min(self.total)
    }

    fn next_in(&mut self, path: &Path) -> Result<Option<Found>, SourceError> {
        let disk = |source| SourceError::Disk { path: path.to_owned(), source };
        let file = File::open(path).map_err(disk)?;
        let mut lines = Lines::of(Counted { file, done: self.done.clone() }).map_err(disk)?;
        let first = lines.next().map_err(disk)?;
        let mbox = first.as_deref().is_some_and(|line| separator(line).is_some());
        let open = Open { path: path.to_owned(), lines, waiting: first.into_iter().collect(), number: 0 };
        if mbox {
            self.open = Some(open);
            return Ok(None);
        }
        open.single().map(Some)
    }
}

impl Iterator for Source {
    type Item = Result<Found, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(open) = &mut self.open {
                if let Some(found) = open.next() {
                    return Some(found);
                }
                self.open = None;
            }
            let path = self.files.pop_front()?;
            match self.next_in(&path) {
                Ok(Some(found)) => return Some(Ok(found)),
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The files of a folder; of a maildir those that were delivered.
fn gather(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let maildir = path.join("cur").is_dir() || path.join("new").is_dir();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let skip = name.starts_with('.') || (maildir && !matches!(name.as_str(), "cur" | "new"));
        if !skip && depth < DEEPEST {
            gather(&path, depth + 1, files)?;
        }
    }
    Ok(())
}

struct Counted {
    file: File,
    done: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.done.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

struct Lines(Box<dyn BufRead + Send>);

impl Lines {
    fn of(file: Counted) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(128 * 1024, file);
        let packed = file.fill_buf()?.starts_with(b"\x1f\x8b");
        Ok(Self(if packed { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) }))
    }

    /// A line with its end; of one without end, as much as a mail may have.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = vec![];
        let count = self.0.by_ref().take(LARGEST as u64).read_until(b'\n', &mut line)?;
        Ok((count > 0).then_some(line))
    }
}

struct Open {
    path: PathBuf,
    lines: Lines,
    /// Lines that were read and not used.
    waiting: VecDeque<Vec<u8>>,
    number: usize,
}

impl Open {
    fn place(&self) -> String {
        match self.number {
            0 => self.path.display().to_string(),
            number => format!("{}, mail {number}", self.path.display()),
        }
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        if let Some(line) = self.waiting.pop_front() {
            return Ok(Some(line));
        }
        self.lines.next().map_err(|source| SourceError::Disk { path: self.path.clone(), source })
    }

    fn single(mut self) -> Result<Found, SourceError> {
        let mut raw = vec![];
        while let Some(line) = self.line()? {
            raw.extend_from_slice(&line);
            if raw.len() > LARGEST {
                return Err(SourceError::Large { place: self.place() });
            }
        }
        found(raw, None, self.place())
    }

    /// The next mail of an mbox.
    fn next(&mut self) -> Option<Result<Found, SourceError>> {
        self.read().transpose()
    }

    fn read(&mut self) -> Result<Option<Found>, SourceError> {
        let Some(first) = self.line()? else { return Ok(None) };
        self.number += 1;
        let received = separator(&first).and_then(|line| line.at);
        let (mut raw, mut large, mut blank) = (vec![], false, false);
        while let Some(line) = self.line()? {
            if blank && separator(&line).is_some() {
                // In a text such a line may stand too; a mail goes on with its header.
                let next = self.line()?;
                let begins = next.as_deref().is_none_or(is_field);
                self.waiting.extend(next);
                if begins {
                    self.waiting.push_front(line);
                    break;
                }
            }
            blank = line.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
            large |= raw.len() + line.len() > LARGEST;
            if !large {
                raw.extend_from_slice(unmarked(&line));
            }
        }
        if large {
            return Err(SourceError::Large { place: self.place() });
        }
        // The empty line before the next one is no part of this one.
        for end in [&b"\n\r\n"[..], b"\n\n"] {
            if raw.ends_with(end) {
                raw.truncate(raw.len() - end.len() + 1);
                break;
            }
        }
        found(raw, received, self.place()).map(Some)
    }
}

fn found(raw: Vec<u8>, received: Option<Timestamp>, place: String) -> Result<Found, SourceError> {
    let raw = Bytes::from(raw);
    let head = Message::parse(raw.clone()).head;
    if !["From", "Date", "Subject", "Message-ID"].iter().any(|name| head.has(name)) {
        return Err(SourceError::NoMail { place });
    }
    Ok(Found { raw, received, place })
}

/// A line between mails.
struct Separator {
    /// The moment it names, if that can be read.
    at: Option<Timestamp>,
}

/// Reads a line between mails (RFC 4155): `From anne@example.org Tue Mar  7 14:35:31 2023`; `None` if it is none.
fn separator(line: &[u8]) -> Option<Separator> {
    let rest = line.strip_prefix(b"From ")?;
    let text = String::from_utf8_lossy(rest.get(..rest.len().min(300))?);
    let time = text
        .as_bytes()
        .windows(5)
        .any(|w| matches!(w, [a, b, b':', c, d] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit())));
    let words: Vec<&str> = text.split_whitespace().collect();
    let year = words.iter().any(|w| w.len() == 4 && w.bytes().all(|b| b.is_ascii_digit()));
    // The sender, which some programs wrote with blanks in it, stands before the day.
    let date = (1..words.len().min(8)).find_map(|skip| when::read(&words.get(skip..)?.join(" ")));
    (time && year).then_some(Separator { at: date })
}

/// True if a mail may begin with this line.
fn is_field(line: &[u8]) -> bool {
    let name = line.iter().take_while(|byte| byte.is_ascii_graphic() && **byte != b':').count();
    name > 0 && line.get(name) == Some(&b':') || line.starts_with(b">From ") || line.starts_with(b"From ")
}

/// Without the mark that was put before `From `.
fn unmarked(line: &[u8]) -> &[u8] {
    let marks = line.iter().take_while(|byte| **byte == b'>').count();
    let marked = marks > 0 && line.get(marks..).is_some_and(|rest| rest.starts_with(b"From "));
    if marked { line.get(1..).unwrap_or_default() } else { line }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;
    use crate::{Export, mbox_piece};

    fn read(path: &Path) -> (Vec<String>, Vec<String>) {
        let (mut posts, mut errors) = (vec![], vec![]);
        for found in Source::open(path).unwrap() {
            match found {
                Ok(found) => posts.push(String::from_utf8(found.raw.to_vec()).unwrap()),
                Err(error) => errors.push(error.to_string()),
            }
        }
        (posts, errors)
    }

    fn of(text: &str) -> Vec<String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        read(file.path()).0
    }

    const LINE: &str = "From anne@example.org Tue Mar  7 14:35:31 2023\n";

    #[test]
    fn mboxes_as_they_are() {
        let two = format!("{LINE}Subject: a\n\nx\n>From y\n\n{LINE}Subject: b\n\nz\n");
        assert_eq!(of(&two), ["Subject: a\n\nx\nFrom y\n", "Subject: b\n\nz\n"]);
        // Not marked, as old programs left it.
        let bad = format!(
            "{LINE}Subject: a\n\nx\n\nFrom what I heard at 10:30 in 2019\nhe said:\n\n{LINE}Subject: b\n\n"
        );
        assert_eq!(of(&bad).len(), 2, "{:?}", of(&bad));
        assert!(of(&bad)[0].contains("\n\nFrom what I heard"));
        let pipermail =
            "From anne at example.org  Tue Mar  7 14:35:31 2023\nFrom: anne at example.org (Anne)\n\nx\n";
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(pipermail.as_bytes()).unwrap();
        let found: Vec<_> = Source::open(file.path()).unwrap().map(Result::unwrap).collect();
        assert_eq!(found[0].received, Timestamp::parse_rfc3339("2023-03-07T14:35:31Z"));
        assert_eq!(of("Subject: single\n\nx"), ["Subject: single\n\nx"]);
        assert_eq!(of(&format!("{LINE}Subject: a\r\n\r\nx\r\n\r\n{LINE}Subject: b\n\n")).len(), 2);
    }

    #[test]
    fn folders_and_compressed_files() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        put("maildir/cur/1:2,S", b"Subject: one\n\n");
        put("maildir/new/2", b"Subject: two\n\n");
        put("maildir/tmp/3", b"Subject: half");
        put("maildir/dovecot.index", b"nothing");
        let mut export = Export::default();
        let at = Timestamp::from_micros(0);
        let mut packed = export.push(b"Subject: three\r\n\r\nFrom me\r\n>From you", at);
        packed.extend(export.push(b"Subject: four\n\n", at));
        packed.extend(export.finish());
        put("old/2023.mbox.gz", &packed);
        put("old/index.html", b"<html>no mail</html>");
        put("broken.mbox.gz", &packed[..packed.len() / 2]);
        let (posts, errors) = read(folder.path());
        for wanted in [
            "Subject: one\n\n",
            "Subject: two\n\n",
            "Subject: three\n\nFrom me\n>From you\n",
            "Subject: four\n\n",
        ] {
            assert!(posts.iter().any(|post| post == wanted), "{wanted:?} is not among {posts:?}");
        }
        assert!(
            errors.iter().any(|e| e.contains("index.html")) && errors.iter().any(|e| e.contains("broken")),
            "{errors:?}"
        );
        assert!(!posts.iter().any(|post| post.contains("half")));
    }

    proptest! {
        #[test]
        fn what_is_exported_comes_back(bodies in proptest::collection::vec("(>{0,2}(From )?[a-z :]{0,8}\n){0,6}", 1..5)) {
            let posts: Vec<String> = bodies.iter().map(|body| format!("Subject: x\n\n{body}")).collect();
            let at = Timestamp::from_micros(1_678_199_731_000_000);
            let mbox: Vec<u8> = posts.iter().flat_map(|post| mbox_piece(post.as_bytes(), at)).collect();
            let back = of(&String::from_utf8(mbox).unwrap());
            prop_assert_eq!(back, posts);
        }

        #[test]
        fn any_bytes_are_read(raw in proptest::collection::vec(prop_oneof![
            Just(LINE.to_owned()), Just("\n".to_owned()), Just("Subject: x\n".to_owned()), "[ -~]{0,9}\n"], 0..20)) {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(raw.concat().as_bytes()).unwrap();
            let _ = read(file.path());
        }
    }
}
