//! What a test wants of its server.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// A configuration in the making.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    pub(super) binary: PathBuf,
    pub(super) database: Option<String>,
    relay: Option<SocketAddr>,
    relay_settings: String,
    smtp: Option<SocketAddr>,
    extra: String,
    pub(super) environment: Vec<(String, String)>,
    pub(super) wrapper: Vec<String>,
    pub(super) show_log: bool,
    pub(super) activated: bool,
    pub(super) arguments: Vec<String>,
}

impl ServerOptions {
    /// A server on SQLite with no relay yet. Tests of the program pass `env!("CARGO_BIN_EXE_posthaste")`.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self {
            binary: binary.into(),
            database: None,
            relay: None,
            relay_settings: String::new(),
            smtp: None,
            extra: String::new(),
            environment: Vec::new(),
            wrapper: Vec::new(),
            show_log: true,
            activated: false,
            arguments: Vec::new(),
        }
    }

    /// Outgoing mail goes here.
    #[must_use]
    pub fn relay(mut self, addr: SocketAddr) -> Self {
        self.relay = Some(addr);
        self
    }

    /// One more line of `[relay]`: `relay_setting("max_connections", 4)`. Text values need their own quotes.
    #[must_use]
    pub fn relay_setting(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        let _ = writeln!(self.relay_settings, "{key} = {value}");
        self
    }

    /// `[database] url`; a SQLite file in the state folder unless told.
    #[must_use]
    pub fn database(mut self, url: &str) -> Self {
        self.database = Some(url.to_owned());
        self
    }

    /// `[smtp] listen`; none unless told.
    #[must_use]
    pub fn smtp(mut self, addr: SocketAddr) -> Self {
        self.smtp = Some(addr);
        self
    }

    /// TOML put at the end of the file as it is; begins with a `[section]` of its own.
    #[must_use]
    pub fn extra(mut self, toml: &str) -> Self {
        self.extra.push_str(toml);
        self.extra.push('\n');
        self
    }

    /// A variable in the environment of the server and of its commands.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Shows the server the wall time that `file` holds: `+3600`, `-1d`, `+10y`, or `@2030-01-01 00:00:00`. The file may
    /// change while the server runs; monotonic time goes on undisturbed.
    pub fn wall_clock(self, file: &Path) -> Result<Self> {
        let library = crate::power::faketime()?;
        Ok(self
            .environment("LD_PRELOAD", &library.display().to_string())
            .environment("FAKETIME_TIMESTAMP_FILE", &file.display().to_string())
            .environment("FAKETIME_NO_CACHE", "1")
            .environment("FAKETIME_DONT_FAKE_MONOTONIC", "1"))
    }

    /// Runs `serve` under another program: `wrapper(["strace", "-f", "-o", "trace"])`.
    #[must_use]
    pub fn wrapper<S: Into<String>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.wrapper = words.into_iter().map(Into::into).collect();
        self
    }

    /// The LMTP port is held by the test and handed to `serve`, as an init system does (`sd_listen_fds(3)`).
    #[must_use]
    pub fn activated(mut self) -> Self {
        self.activated = true;
        self
    }

    /// One more word after `serve`.
    #[must_use]
    pub fn argument(mut self, word: &str) -> Self {
        self.arguments.push(word.to_owned());
        self
    }

    /// Keeps the log to itself when the server is dropped.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.show_log = false;
        self
    }

    /// The text of `posthaste.toml`.
    pub(super) fn toml(&self, state: &Path, lmtp: SocketAddr) -> String {
        let state = state.display();
        let database = self.database.clone().unwrap_or_else(|| format!("sqlite:{state}/posthaste.db"));
        let mut toml = format!(
            "[site]\nowner = \"postmaster@example.org\"\n\n[paths]\nstate = \"{state}\"\n\n\
             [database]\nurl = \"{database}\"\n\n[lmtp]\nlisten = \"{lmtp}\"\n\n"
        );
        if let Some(smtp) = self.smtp {
            let _ = writeln!(toml, "[smtp]\nlisten = \"{smtp}\"\n");
        }
        if self.relay.is_some() || !self.relay_settings.is_empty() {
            toml.push_str("[relay]\n");
            if let Some(relay) = self.relay {
                let _ = writeln!(toml, "host = \"{}\"\nport = {}", relay.ip(), relay.port());
            }
            let _ = writeln!(toml, "{}", self.relay_settings);
        }
        toml.push_str(&self.extra);
        toml
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_what_was_asked_for() {
        let toml = ServerOptions::new("posthaste")
            .relay("127.0.0.1:2525".parse().unwrap())
            .relay_setting("max_connections", 3)
            .extra("[dns]\nservers = []")
            .toml(Path::new("/s"), "127.0.0.1:2400".parse().unwrap());
        for line in
            ["state = \"/s\"", "listen = \"127.0.0.1:2400\"", "port = 2525", "max_connections = 3", "[dns]"]
        {
            assert!(toml.lines().any(|found| found == line), "{line} is missing from\n{toml}");
        }
        assert!(!toml.contains("[smtp]"));
    }
}
