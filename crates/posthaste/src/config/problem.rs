use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// The server runs, but somebody should look.
    Warning,
    /// The configuration cannot be used.
    Error,
}

/// One thing that is wrong with a configuration: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Whether it stops the server.
    pub(crate) severity: Severity,
    /// The file; empty if the configuration came from none.
    pub(crate) file: PathBuf,
    /// The line, counted from 1.
    pub(crate) line: Option<usize>,
    /// `section.key`, or a section.
    pub(crate) key: Option<String>,
    /// What is wrong, with the rule that says so.
    pub(crate) what: String,
    /// What to write or to do instead.
    pub(crate) fix: String,
}

/// `posthaste.toml:7: relay.tls: "ssl" is not …; write …`
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.as_os_str().is_empty() {
            write!(f, "{}", self.file.display())?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
            write!(f, ": ")?;
        }
        if self.severity == Severity::Warning {
            write!(f, "warning: ")?;
        }
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        write!(f, "{}", self.what)?;
        if self.fix.is_empty() { Ok(()) } else { write!(f, "; {}", self.fix) }
    }
}

/// The problem of a file that could not be read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Problem {
    let (what, fix) = match error.kind() {
        io::ErrorKind::NotFound => (
            "there is no such file".to_owned(),
            format!(
                "write one with `posthaste config explain > {}` and set owner in its [site], \
                 or name another with --config FILE",
                path.display()
            ),
        ),
        io::ErrorKind::PermissionDenied => (
            "this user may not read it".to_owned(),
            "run as the user of the service, or let that user read the file".to_owned(),
        ),
        io::ErrorKind::IsADirectory => (
            "this is a folder, not a file".to_owned(),
            format!("name the file: {}", path.join("posthaste.toml").display()),
        ),
        _ => (format!("it cannot be read: {error}"), "see that the disk is well, then try again".to_owned()),
    };
    Problem { severity: Severity::Error, file: path.to_owned(), line: None, key: None, what, fix }
}

/// The problem of a file with bytes that are no text.
pub(super) fn not_utf8(path: &Path, bytes: &[u8], at: usize) -> Problem {
    let line = 1 + bytes.iter().take(at).filter(|b| **b == b'\n').count();
    Problem {
        severity: Severity::Error,
        file: path.to_owned(),
        line: Some(line),
        key: None,
        what: "a byte here is not UTF-8, which a configuration file must be".to_owned(),
        fix: "save the file as UTF-8".to_owned(),
    }
}
