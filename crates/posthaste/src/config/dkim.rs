use std::path::PathBuf;

use posthaste_auth::Keyring;

use super::key::section;
use super::{Config, Problem, Severity};

section! {
    /// What we put on mail we send, with keys of our own: `posthaste dkim generate` makes them.
    Dkim in "dkim" {
        /// The folder of the keys, in it one for each domain. Unset: `dkim` in the state folder.
        live keys: Option<PathBuf> = None, example "\"/etc/posthaste/dkim\"";
        /// Sign everything sent for a domain that has a key, notices too (DKIM, RFC 6376).
        live sign: bool = true;
        /// Seal what lists pass on (ARC, RFC 8617), for domains that have an RSA key. Every post is then checked, whatever
        /// `authentication.check` says.
        live seal: bool = false;
    }
}

impl Config {
    /// Keys that cannot be used, and seals without a key.
    pub(super) fn check_dkim(&self, problems: &mut Vec<Problem>) {
        let folder = self.dkim.keys.clone().unwrap_or_else(|| self.paths.state.join("dkim"));
        let (keyring, unusable) = Keyring::open(&folder);
        for what in unusable {
            let fix = "take the file away, or make it readable to the user that runs Posthaste";
            problems.push(self.problem(Severity::Warning, "dkim.keys", what, fix));
        }
        if self.dkim.seal && keyring.is_empty() {
            let what = format!("no key in {} signs, so nothing is sealed", folder.display());
            problems.push(self.problem(
                Severity::Warning,
                "dkim.seal",
                what,
                "posthaste dkim generate DOMAIN",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_sign_is_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.dkim.keys = Some(folder.path().to_owned());
        let told = |config: &Config| {
            let mut problems = vec![];
            config.check_dkim(&mut problems);
            problems.into_iter().map(|p| p.to_string()).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(told(&config), "");
        config.dkim.seal = true;
        assert!(told(&config).contains("nothing is sealed"), "{}", told(&config));
        std::fs::create_dir(folder.path().join("example.org")).unwrap();
        std::fs::write(folder.path().join("example.org/s.pem"), "x").unwrap();
        assert!(told(&config).contains("s.pem: it holds no private key"), "{}", told(&config));
    }
}
