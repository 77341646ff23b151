//! The root secret of this site, and the keys made from it: one for each purpose, so that what one of them signs means
//! nothing to another.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use rand::TryRngCore;
use sha2::Sha256;

/// Octets of the root secret and of every key and tag made from it.
const LENGTH: usize = 32;
/// The fewest octets of a tag that prove anything: 128 bits (P35).
const LEAST_TAG: usize = 16;

/// The root secret, kept in `STATE/keys/root`.
pub struct Keys {
    root: [u8; LENGTH],
}

/// The key of one purpose. Signs and checks; never printed.
#[derive(Clone)]
pub struct Key {
    key: [u8; LENGTH],
}

/// Why the root secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file or its folder.
    #[error("the root secret {path} cannot be {what}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// `read` or `made`.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It is there, but is no secret of ours.
    #[error(
        "the root secret {path} has {found} octets where {LENGTH} are wanted; put the right file back from a backup, or \
         remove it to get a new one (links and tokens given out before then end)"
    )]
    Length {
        /// Which.
        path: PathBuf,
        /// Its size.
        found: usize,
    },
}

impl Keys {
    /// Reads the secret of the site whose state folder this is, or makes one: mode 0400, durable before it is used.
    pub fn open(state: &Path) -> Result<Self, KeysError> {
        let path = state.join("keys/root");
        let fail = |what| {
            let path = path.clone();
            move |source| KeysError::File { path, what, source }
        };
        if !path.exists() {
            make(&path).map_err(fail("made"))?;
        }
        let mut secret = Vec::with_capacity(LENGTH);
        let file = File::open(&path).map_err(fail("read"))?;
        file.take(1024).read_to_end(&mut secret).map_err(fail("read"))?;
        let root = secret
            .as_slice()
            .try_into()
            .map_err(|_| KeysError::Length { path: path.clone(), found: secret.len() })?;
        Ok(Self { root })
    }

    /// Keys from a secret that is in no file: for tests and rehearsals.
    pub fn from_secret(root: [u8; LENGTH]) -> Self {
        Self { root }
    }

    /// The key for `purpose`, a name that is never used for anything else (`canary`, `alert ack`): HKDF-Expand of
    /// RFC 5869 §2.3 with one block, the root secret being uniformly random already.
    pub fn key(&self, purpose: &str) -> Key {
        let mut mac = mac(&self.root);
        mac.update(b"posthaste ");
        mac.update(purpose.as_bytes());
        mac.update(&[1]);
        Key { key: mac.finalize().into_bytes().into() }
    }
}

impl Key {
    /// HMAC-SHA-256 over the parts, each with its length before it, so that no two rows of parts have the same tag.
    /// May be cut to its first 16 octets where space is dear.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; LENGTH] {
        self.over(parts).finalize().into_bytes().into()
    }

    /// True if `tag` is the tag of the parts, or at least its first 16 octets. Takes the same time for every wrong tag.
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        (LEAST_TAG..=LENGTH).contains(&tag.len()) && self.over(parts).verify_truncated_left(tag).is_ok()
    }

    fn over(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = mac(&self.key);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104 §2)")]
fn mac(key: &[u8; LENGTH]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("any length will do")
}

/// Writes beside the name and links: of two programs that make it at once, both end up with the same secret.
fn make(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    let mut secret = [0; LENGTH];
    rand::rngs::OsRng.try_fill_bytes(&mut secret).map_err(io::Error::other)?;
    let beside = folder.join(format!("root.{}", std::process::id()));
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(&beside)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    let linked = match fs::hard_link(&beside, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    };
    fs::remove_file(&beside)?;
    File::open(folder)?.sync_all()?;
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_made_once_and_for_our_eyes_only() {
        let state = tempfile::tempdir().unwrap();
        let first = Keys::open(state.path()).unwrap();
        let again = Keys::open(state.path()).unwrap();
        assert_eq!(first.root, again.root);
        assert_ne!(first.root, [0; LENGTH]);
        let mode = fs::metadata(state.path().join("keys/root")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o400);
        assert_eq!(fs::read_dir(state.path().join("keys")).unwrap().count(), 1, "nothing left beside");
    }

    #[test]
    fn a_torn_secret_is_named_and_not_used() {
        let state = tempfile::tempdir().unwrap();
        fs::create_dir(state.path().join("keys")).unwrap();
        fs::write(state.path().join("keys/root"), b"short").unwrap();
        let error = Keys::open(state.path()).unwrap_err().to_string();
        assert!(error.contains("keys/root has 5 octets where 32 are wanted"), "{error}");
    }

    #[test]
    fn tags_hold_for_one_purpose_and_one_row_of_parts() {
        let keys = Keys::from_secret([7; LENGTH]);
        let key = keys.key("canary");
        let tag = key.tag(&[b"12", b"3"]);
        assert!(key.verify(&[b"12", b"3"], &tag));
        assert!(key.verify(&[b"12", b"3"], &tag[..16]), "the first half is enough");
        assert!(!key.verify(&[b"12", b"3"], &tag[..15]), "less is not");
        assert!(!key.verify(&[b"12", b"3"], &[]), "nothing proves nothing");
        assert!(!key.verify(&[b"1", b"23"], &tag), "parts cannot be shifted");
        assert!(!keys.key("alert ack").verify(&[b"12", b"3"], &tag), "nor purposes");
        let mut wrong = tag;
        wrong[0] ^= 1;
        assert!(!key.verify(&[b"12", b"3"], &wrong));
    }

    #[test]
    fn secrets_are_not_printed() {
        let keys = Keys::from_secret([7; LENGTH]);
        assert_eq!(format!("{keys:?} {:?}", keys.key("x")), "Keys { .. } Key { .. }");
    }
}
