use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// No post is larger; what claims to be is damage.
const LARGEST: u64 = 1 << 30;

/// The name of a post's bytes: their SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BodyKey([u8; 32]);

impl BodyKey {
    /// The name of these.
    pub fn of(raw: &[u8]) -> Self {
        Self(Sha256::digest(raw).into())
    }
}

impl fmt::Display for BodyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl FromStr for BodyKey {
    type Err = BodyError;

    fn from_str(text: &str) -> Result<Self, BodyError> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| BodyError::Name(text.to_owned()))
    }
}

/// Why a body cannot be read.
#[derive(Debug, Error)]
pub enum BodyError {
    /// No body has this name.
    #[error("{0:?} is no name of a body: 64 hexadecimal digits are")]
    Name(String),
    /// It is not there.
    #[error("the archive's file {0} is missing: put it back from a backup")]
    Missing(PathBuf),
    /// It is not what was kept.
    #[error("the archive's file {0} is damaged: put it back from a backup")]
    Damaged(PathBuf),
    /// The disk.
    #[error("the archive's file {path} cannot be read: {source}")]
    Disk {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Where the bytes of posts are kept: each content once, compressed (RFC 1952), below one folder.
#[derive(Clone, Debug)]
pub struct Bodies {
    root: PathBuf,
}

impl Bodies {
    /// Below this folder, which need not be there yet.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Keeps these bytes; durable when this returns. What is there already stays, unless it is damaged.
    pub fn put(&self, raw: &[u8]) -> io::Result<BodyKey> {
        let key = BodyKey::of(raw);
        if self.get(key).is_err() {
            self.write(key, raw, true)?;
        }
        Ok(key)
    }

    /// The same, durable after the next [`sync`](Self::sync): for many at once.
    pub fn put_soon(&self, raw: &[u8]) -> io::Result<BodyKey> {
        let key = BodyKey::of(raw);
        if self.get(key).is_err() {
            self.write(key, raw, false)?;
        }
        Ok(key)
    }

    /// Makes durable whatever was put.
    pub fn sync(&self) -> io::Result<()> {
        fs::create_dir_all(&self.root)?;
        rustix::fs::syncfs(File::open(&self.root)?)?;
        Ok(())
    }

    /// The bytes of this name, proved to be those.
    pub fn get(&self, key: BodyKey) -> Result<Bytes, BodyError> {
        let path = self.path(key);
        let file = File::open(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => BodyError::Missing(path.clone()),
            _ => BodyError::Disk { path: path.clone(), source },
        })?;
        let mut raw = Vec::new();
        match GzDecoder::new(io::BufReader::new(file)).take(LARGEST).read_to_end(&mut raw) {
            Ok(_) if BodyKey::of(&raw) == key => Ok(Bytes::from(raw)),
            Err(error) if error.raw_os_error().is_some() => Err(BodyError::Disk { path, source: error }),
            Ok(_) | Err(_) => Err(BodyError::Damaged(path)),
        }
    }

    /// Octets that the file of this name takes on the disk; `None` if it is not there.
    pub fn weight(&self, key: BodyKey) -> Option<u64> {
        fs::metadata(self.path(key)).ok().map(|file| file.len())
    }

    fn path(&self, key: BodyKey) -> PathBuf {
        let name = key.to_string();
        let (folder, file) = name.split_at(2);
        self.root.join(folder).join(format!("{file}.gz"))
    }

    fn write(&self, key: BodyKey, raw: &[u8], durable: bool) -> io::Result<()> {
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.root);
        let new = !folder.is_dir();
        if new {
            fs::create_dir_all(folder)?;
        }
        let about = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        // What is not finished goes by itself.
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(about)?;
        let mut packed = GzEncoder::new(Vec::with_capacity(raw.len() / 2), Compression::default());
        packed.write_all(raw)?;
        file.write_all(&packed.finish()?).map_err(about)?;
        if durable {
            file.as_file().sync_all().map_err(about)?;
        }
        file.persist(&path).map_err(|error| about(error.error))?;
        if durable {
            File::open(folder)?.sync_all()?;
            if new {
                File::open(&self.root)?.sync_all()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_content_is_kept_once_byte_for_byte_and_mended() {
        let folder = tempfile::tempdir().unwrap();
        let bodies = Bodies::new(folder.path().join("archive"));
        let raw = b"Subject: \xff\r\n\r\nbytes \x00 of any kind\n".repeat(50);
        let key = bodies.put(&raw).unwrap();
        assert_eq!(bodies.put_soon(&raw).unwrap(), key);
        assert_eq!(bodies.get(key).unwrap(), raw);
        assert_eq!(key.to_string().parse::<BodyKey>().unwrap(), key);
        assert!(bodies.weight(key).unwrap() < raw.len() as u64 / 4, "compressed");
        let files = |at: &Path| fs::read_dir(at).unwrap().map(|f| f.unwrap().path()).collect::<Vec<_>>();
        let path = bodies.path(key);
        assert_eq!(files(path.parent().unwrap()), std::slice::from_ref(&path));
        for damage in [&b""[..], b"\x1f\x8b", &fs::read(&path).unwrap()[..40]] {
            fs::write(&path, damage).unwrap();
            assert!(matches!(bodies.get(key), Err(BodyError::Damaged(_))));
            bodies.put(&raw).unwrap();
            assert_eq!(bodies.get(key).unwrap(), raw, "put again, it is whole again");
        }
        // The right name over the bytes of another.
        let other = bodies.put_soon(b"other").unwrap();
        bodies.sync().unwrap();
        fs::copy(bodies.path(other), &path).unwrap();
        assert!(matches!(bodies.get(key), Err(BodyError::Damaged(_))));
        fs::remove_file(&path).unwrap();
        assert!(matches!(bodies.get(key), Err(BodyError::Missing(_))));
        for name in ["", "x", "../../etc/passwd", &"0".repeat(63), &"G".repeat(64)] {
            assert!(name.parse::<BodyKey>().is_err(), "{name}");
        }
    }
}
