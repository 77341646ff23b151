use std::path::PathBuf;
use std::time::Duration;

use super::alerts::Url;
use super::database::first_line;
use super::key::section;
use super::value::choice;
use super::{Config, Problem, Severity};

section! {
    /// Archives that others keep. Each gets every post of every list that lets posts be archived (`archive_policy`) and does
    /// not name it in `disabled_archivers`. One that is away gets its posts later.
    Archivers in "archivers" {
        /// Where the API of a `HyperKitty` is reached, up to the folder it is mounted at. Unset: there is none.
        restart hyperkitty_url: Option<Url> = None, example "\"http://localhost/hyperkitty/\"";
        /// Where people read it, for links. Unset: as `hyperkitty_url`.
        restart hyperkitty_public_url: Option<Url> = None, example "\"https://lists.example.org/hyperkitty/\"";
        /// A file whose first line is the key it shares with us (`MAILMAN_ARCHIVER_KEY` there). Unset: it takes nothing from us.
        restart hyperkitty_key_file: Option<PathBuf> = None, example "\"/etc/posthaste/hyperkitty.key\"";
        /// The archiver `prototype`: a maildir for each list below this folder. Unset: there is none.
        restart maildir: Option<PathBuf> = None, example "\"/var/lib/posthaste/archives\"";
        /// The archiver `mbox`: a file for each list below this folder. Unset: there is none.
        restart mbox: Option<PathBuf> = None, example "\"/var/lib/posthaste/mbox\"";
        /// The archiver `mail-archive`: public lists go to www.mail-archive.com.
        restart mail_archive: bool = false;
        /// When a post's Date is replaced by the time it came, so that archives sort it well.
        restart clobber_date: Clobber = Clobber::Maybe;
        /// How far from the time a post came its Date may lie to be believed.
        restart clobber_skew: Duration = Duration::from_hours(24);
    }
}

choice! {
    /// When dates are replaced.
    Clobber {
        /// If there is none.
        Never = "never",
        /// If there is none, or it cannot be true.
        Maybe = "maybe",
        /// Always.
        Always = "always",
    }
}

impl Config {
    /// What is wrong with `[archivers]` and `[news]` beyond their text.
    pub(super) fn check_outlets(&self, problems: &mut Vec<Problem>) {
        for (key, file) in [
            ("archivers.hyperkitty_key_file", &self.archivers.hyperkitty_key_file),
            ("news.password_file", &self.news.password_file),
        ] {
            if let Some(Err((what, fix))) = file.as_deref().map(first_line) {
                problems.push(self.problem(Severity::Error, key, what, &*fix));
            }
        }
        if self.archivers.hyperkitty_url.is_some() && self.archivers.hyperkitty_key_file.is_none() {
            problems.push(self.problem(
                Severity::Error,
                "archivers.hyperkitty_url",
                "a HyperKitty takes nothing without the key it shares with us",
                "write MAILMAN_ARCHIVER_KEY of its settings into a file and name that in archivers.hyperkitty_key_file",
            ));
        }
    }

    /// The first line of a file with a secret; checked before.
    pub(crate) fn first_line_of(file: Option<&std::path::Path>) -> Option<String> {
        file.and_then(|file| first_line(file).ok())
    }
}
