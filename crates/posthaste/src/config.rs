//! The configuration: one `posthaste.toml`, every key declared once in the file of its section.
//!
//! [`Config::parse`] is pure and reports every problem of a file at once; [`check`](Config::check) looks at the
//! machine too; [`explain`] prints the reference from the declarations themselves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod check;
pub(crate) mod explain;
mod key;
mod listen;
#[cfg(test)]
mod page;
mod problem;
mod read;
mod reload;
mod size;
mod value;

mod alerts;
mod archive;
mod archivers;
mod audit;
mod authentication;
mod bounces;
mod canary;
mod commands;
mod contact;
mod content;
mod database;
mod depends;
mod digests;
mod dkim;
mod dns;
mod limits;
mod lmtp;
mod log;
mod metrics;
mod mta;
mod news;
mod paths;
mod relay;
mod rest;
mod rules;
mod site;
mod smtp;
mod spool;
mod web;

pub(crate) use archivers::Clobber;
pub(crate) use contact::{Contact, Template};
pub(crate) use database::Engine;
pub(crate) use listen::Listen;
pub(crate) use log::{Format, Level};
pub(crate) use mta::Maps;
pub(crate) use problem::{Problem, Severity};
pub(crate) use relay::Tls;
pub(crate) use reload::{Setting, reloadable_diff, settings, settings_in_force};
pub(crate) use rest::Secret;
pub(crate) use size::Size;

/// Makes [`Config`] from its sections, so that a section is added by one line.
macro_rules! sections {
    ($($name:ident: $section:ty,)+) => {
        /// Everything an operator decides.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub(crate) struct Config {
            $(#[doc = concat!("The section `[", stringify!($name), "]`.")] pub(crate) $name: $section,)+
            /// The people who are told of trouble: every `[[contact]]`.
            pub(crate) contacts: Vec<contact::Contact>,
            /// Where it was read from; empty for a configuration made by the program itself.
            pub(crate) origin: Origin,
        }

        impl Config {
            /// The sections in the order of the reference.
            fn sections(&self) -> Vec<&dyn key::Section> {
                vec![$(&self.$name),+]
            }

            /// The same, to be read into.
            fn sections_mut(&mut self) -> Vec<&mut dyn key::Section> {
                vec![$(&mut self.$name),+]
            }
        }
    };
}

sections! {
    site: site::Site,
    paths: paths::Paths,
    database: database::Database,
    lmtp: lmtp::Lmtp,
    smtp: smtp::Smtp,
    relay: relay::Relay,
    dns: dns::Dns,
    authentication: authentication::Authentication,
    dkim: dkim::Dkim,
    mta: mta::Mta,
    depends: depends::Depends,
    limits: limits::Limits,
    content: content::Content,
    rules: rules::Rules,
    bounces: bounces::Bounces,
    commands: commands::Commands,
    audit: audit::Audit,
    canary: canary::Canary,
    spool: spool::Spool,
    log: log::Log,
    rest: rest::Rest,
    web: web::Web,
    metrics: metrics::Metrics,
    alerts: alerts::Alerts,
    digests: digests::Digests,
    archive: archive::Archive,
    archivers: archivers::Archivers,
    news: news::News,
}

/// The file a configuration was read from, and the line each key stands on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The file; empty if there is none.
    pub(crate) file: PathBuf,
    lines: BTreeMap<String, usize>,
}

/// What stands in a header to repeat it: the one section that a file may have many times.
const REPEATED: &str = "contact";

/// A section's header, as it stands in a file.
fn header(section: &dyn key::Section) -> String {
    if section.name() == REPEATED {
        format!("[[{}]]", section.name())
    } else {
        format!("[{}]", section.name())
    }
}

impl Config {
    /// The sections of the reference: those that a file has once, and `repeated`, which it may have many times.
    fn documented<'a>(&'a self, repeated: &'a contact::Contact) -> Vec<&'a dyn key::Section> {
        self.sections().into_iter().chain([repeated as &dyn key::Section]).collect()
    }

    /// Reads the text of a configuration file. All problems come back together, in the order of their lines.
    ///
    /// `file` is named in the problems, and relative paths in the text begin at its folder.
    pub(crate) fn parse(text: &str, file: &Path) -> Result<Self, Vec<Problem>> {
        read::read(text, file)
    }

    /// Reads the file at `path`.
    pub(crate) fn load(path: &Path) -> Result<Self, Vec<Problem>> {
        let bytes = std::fs::read(path).map_err(|error| vec![problem::unreadable(path, &error)])?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Self::parse(text, path),
            Err(error) => Err(vec![problem::not_utf8(path, &bytes, error.valid_up_to())]),
        }
    }

    /// A problem of `key` (`section.key`), with the line it stands on if the file has it.
    fn problem(
        &self,
        severity: Severity,
        key: &str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Problem {
        Problem {
            severity,
            file: self.origin.file.clone(),
            line: self.origin.lines.get(key).copied(),
            key: Some(key.to_owned()),
            what: what.into(),
            fix: fix.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_says_which_and_how_to_write_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("posthaste.toml");
        let problems = Config::load(&path).unwrap_err();
        let text = problems[0].to_string();
        assert!(text.starts_with(path.to_str().unwrap()), "{text}");
        assert!(text.contains("there is no such file"), "{text}");
        assert!(text.contains("posthaste config explain >"), "{text}");
    }

    #[test]
    fn a_folder_or_bytes_that_are_not_utf8_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Config::load(folder.path()).unwrap_err()[0].to_string().contains("is a folder"));
        let path = folder.path().join("latin1.toml");
        std::fs::write(&path, b"[site]\ndefault_language = \"\xe9\"\n").unwrap();
        let problem = &Config::load(&path).unwrap_err()[0];
        assert_eq!(problem.line, Some(2), "{problem}");
        assert!(problem.to_string().contains("UTF-8"), "{problem}");
    }
}
