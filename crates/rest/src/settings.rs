//! What the configuration says of the interface.

use std::fmt;

use sha2::{Digest, Sha256};

/// A section of the configuration as clients see it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Section {
    /// `mailman`, `archiver.hyperkitty` …
    pub name: String,
    /// Keys and values, all text.
    pub keys: Vec<(String, String)>,
}

/// What the configuration says; a reload replaces it.
#[derive(Clone)]
pub struct Settings {
    /// What stands before the version in links, without a slash at the end: `http://localhost:8001`.
    pub base: String,
    /// The user of the compatibility password.
    pub user: String,
    /// That password's SHA-256; `None` lets nobody in with a password.
    password: Option<[u8; 32]>,
    /// Requests a second that one caller may make; 0 is any number.
    pub rate: u32,
    /// The most octets of a body.
    pub largest_body: usize,
    /// Names of the archivers of the site that are on, as lists switch them.
    pub archivers: Vec<String>,
    /// What `system/configuration` shows.
    pub sections: Vec<Section>,
    /// The language of whoever has set none.
    pub default_language: String,
    /// Where queues are said to be.
    pub spool: String,
}

impl Settings {
    /// Nobody is let in, links lead to `base`.
    pub fn new(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            user: "restadmin".to_owned(),
            password: None,
            rate: 0,
            largest_body: 32 << 20,
            archivers: vec![],
            sections: vec![],
            default_language: "en".to_owned(),
            spool: "spool".to_owned(),
        }
    }

    /// The same with a password.
    #[must_use]
    pub fn with_login(mut self, user: &str, password: Option<&str>) -> Self {
        user.clone_into(&mut self.user);
        self.password = password.map(digest);
        self
    }

    /// True if these are user and password. Takes as long for every wrong one.
    pub(crate) fn lets_in(&self, user: &str, password: &str) -> bool {
        let Some(known) = self.password else { return false };
        let user = differs(&digest(user), &digest(&self.user));
        let password = differs(&digest(password), &known);
        user | password == 0
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("base", &self.base).finish_non_exhaustive()
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// 0 if they are the same; looks at every octet.
fn differs(one: &[u8; 32], other: &[u8; 32]) -> u8 {
    one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_words_must_be_right() {
        let settings = Settings::new("http://x").with_login("anne", Some("secret"));
        assert!(settings.lets_in("anne", "secret"));
        for (user, password) in [("anne", "Secret"), ("Anne", "secret"), ("", ""), ("anne", "")] {
            assert!(!settings.lets_in(user, password), "{user} {password}");
        }
        assert!(!Settings::new("http://x").lets_in("restadmin", ""), "no password is no password");
    }
}
