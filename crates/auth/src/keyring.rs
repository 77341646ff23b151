use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::key::{Algorithm, SigningKey};

/// The keys that sign: a folder for each domain, in it one PEM for each selector.
///
/// ```text
/// FOLDER/lists.example.org/2026a.pem     signs
/// FOLDER/lists.example.org/2026b.waiting  does not sign yet
/// ```
#[derive(Debug, Default)]
pub struct Keyring {
    domains: BTreeMap<String, Vec<StoredKey>>,
}

/// A key with the place in the DNS where its public half is.
#[derive(Debug)]
pub struct StoredKey {
    /// Its domain, lower case.
    pub domain: String,
    /// Its selector.
    pub selector: String,
    /// True if it signs; else it waits until its record is in the DNS.
    pub active: bool,
    /// The key.
    pub key: SigningKey,
    /// Its file.
    pub file: PathBuf,
}

impl StoredKey {
    /// Where its record is: `SELECTOR._domainkey.DOMAIN`.
    pub fn dns_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }
}

impl Keyring {
    /// Reads the folder; one that is not there has no keys. Files that cannot be read are named in the second value, and do
    /// not keep the others from signing.
    pub fn open(folder: &Path) -> (Self, Vec<String>) {
        let (mut keyring, mut problems) = (Self::default(), vec![]);
        for domain in entries(folder, &mut problems) {
            for file in entries(&domain, &mut problems) {
                match read(&domain, &file) {
                    Ok(Some(key)) => keyring.add(key),
                    Ok(None) => {}
                    Err(why) => problems.push(format!("{}: {why}", file.display())),
                }
            }
        }
        (keyring, problems)
    }

    /// Adds a key.
    pub fn add(&mut self, key: StoredKey) {
        self.domains.entry(key.domain.clone()).or_default().push(key);
    }

    /// All keys, by domain.
    pub fn keys(&self) -> impl Iterator<Item = &StoredKey> {
        self.domains.values().flatten()
    }

    /// All keys, to keep.
    pub fn into_keys(self) -> impl Iterator<Item = StoredKey> {
        self.domains.into_values().flatten()
    }

    /// True if nothing signs.
    pub fn is_empty(&self) -> bool {
        !self.keys().any(|key| key.active)
    }

    /// The keys that sign for `domain`: its own, else those of the nearest domain above it. One of each algorithm, that
    /// whose selector sorts last.
    pub fn signing(&self, domain: &str) -> Vec<&StoredKey> {
        let mut domain = domain.to_ascii_lowercase();
        loop {
            let mut found: BTreeMap<Algorithm, &StoredKey> = BTreeMap::new();
            for key in self.domains.get(&domain).into_iter().flatten().filter(|key| key.active) {
                let best = found.entry(key.key.algorithm()).or_insert(key);
                if best.selector < key.selector {
                    *best = key;
                }
            }
            if !found.is_empty() {
                return found.into_values().collect();
            }
            match domain.split_once('.') {
                Some((_, above)) => domain = above.to_owned(),
                None => return vec![],
            }
        }
    }
}

fn entries(folder: &Path, problems: &mut Vec<String>) -> Vec<PathBuf> {
    match std::fs::read_dir(folder) {
        Ok(found) => {
            let mut paths: Vec<_> = found.filter_map(|e| Some(e.ok()?.path())).collect();
            paths.sort();
            paths
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            vec![]
        }
        Err(error) => {
            problems.push(format!("{}: {error}", folder.display()));
            vec![]
        }
    }
}

fn read(domain: &Path, file: &Path) -> Result<Option<StoredKey>, String> {
    let text = |path: Option<&std::ffi::OsStr>| path.and_then(|p| p.to_str()).map(str::to_owned);
    let active = match file.extension().and_then(|e| e.to_str()) {
        Some("pem") => true,
        Some("waiting") => false,
        _ => return Ok(None),
    };
    let (Some(domain), Some(selector)) = (text(domain.file_name()), text(file.file_stem())) else {
        return Ok(None);
    };
    let pem = std::fs::read(file).map_err(|e| e.to_string())?;
    let key = SigningKey::from_pem(&pem).map_err(|e| e.to_string())?;
    Ok(Some(StoredKey { domain: domain.to_ascii_lowercase(), selector, active, key, file: file.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::tests::{ED25519, RSA};

    #[test]
    fn the_nearest_domain_signs_with_its_newest_keys() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("example.org/a.pem", RSA);
        write("example.org/b.pem", RSA);
        write("example.org/c.waiting", RSA);
        write("example.org/e.pem", ED25519);
        write("example.org/notes.txt", "hello");
        write("lists.example.net/x.pem", RSA);
        write("lists.example.net/y.pem", "broken");
        let (keyring, problems) = Keyring::open(folder.path());
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("y.pem: it holds no private key"), "{problems:?}");
        let selectors =
            |domain: &str| keyring.signing(domain).iter().map(|k| k.dns_name()).collect::<Vec<_>>().join(" ");
        assert_eq!(selectors("example.org"), "b._domainkey.example.org e._domainkey.example.org");
        assert_eq!(selectors("Deep.Lists.Example.org"), selectors("example.org"));
        assert_eq!(selectors("lists.example.net"), "x._domainkey.lists.example.net");
        assert_eq!((selectors("example.net"), selectors("org")), (String::new(), String::new()));
        assert_eq!(keyring.keys().count(), 5);
        assert!(Keyring::open(&folder.path().join("nothing")).0.is_empty());
    }
}
