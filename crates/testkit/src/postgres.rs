//! A private `PostgreSQL` server.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Signal, geteuid};
use tempfile::TempDir;

use crate::ports::Port;
use crate::process::{Process, run, tail, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);

/// A server with its data in a temporary folder, reachable on a loopback port that stays the same when it is stopped and
/// started again. It does not sync its files: it is meant to survive signals, not power cuts.
#[derive(Debug)]
pub struct Postgres {
    // Dropped before the folder it works in.
    process: Option<Process>,
    programs: PathBuf,
    folder: TempDir,
    port: Port,
    /// The server refuses to run as root; then it is another user's.
    user: Option<(u32, u32)>,
}

impl Postgres {
    /// Makes an empty server and starts it.
    pub fn new() -> Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("posthaste-postgres-").tempdir()?;
        let user = if geteuid().is_root() { Some(unprivileged()?) } else { None };
        let mut server = Self { process: None, programs, folder, port: Port::reserve()?, user };
        if let Some((uid, gid)) = server.user {
            chown(server.folder.path(), Some(uid), Some(gid))?;
        }
        let data = server.data();
        run(server
            .program("initdb")
            .args(["-U", "posthaste", "-A", "trust", "-E", "UTF8", "--locale=C", "-N", "-D"])
            .arg(&data))?;
        server.start()?;
        Ok(server)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://posthaste@127.0.0.1:{}/{database}", self.port.number())
    }

    /// Makes an empty database; gives its URL.
    pub fn create_database(&self, name: &str) -> Result<String> {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\""))?;
        Ok(self.url(name))
    }

    /// Runs SQL with the server's own client; gives what it prints.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let port = self.port.number().to_string();
        run(self.program("psql").args([
            "-XAtq",
            "-h",
            "127.0.0.1",
            "-U",
            "posthaste",
            "-p",
            &port,
            "-c",
            sql,
            database,
        ]))
    }

    /// Starts it, if it is not running, and waits until it answers.
    pub fn start(&mut self) -> Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        command.args(["-h", "127.0.0.1", "-p", &self.port.number().to_string()]);
        for option in ["fsync=off", "full_page_writes=off", "max_connections=60"] {
            command.args(["-c", option]);
        }
        let log = self.folder.path().join("log");
        let mut process = Process::spawn("PostgreSQL", command, &log)?;
        let port = self.port.number().to_string();
        wait_until(PATIENCE, "PostgreSQL to answer", || {
            if let Some(status) = process.ended()? {
                bail!("PostgreSQL ended ({status}):\n{}", tail(&log));
            }
            Ok(run(self.program("pg_isready").args(["-q", "-h", "127.0.0.1", "-p", &port])).is_ok())
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Stops it in good order; connections are cut.
    pub fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |process| process.stop(Signal::INT, PATIENCE))
    }

    /// Kills it, as a crash would.
    pub fn kill(&mut self) {
        drop(self.process.take());
    }

    /// Makes it silent without closing anything.
    pub fn freeze(&self) {
        self.process.iter().for_each(Process::freeze);
    }

    /// Lets a frozen one go on.
    pub fn thaw(&self) {
        self.process.iter().for_each(Process::thaw);
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(self.folder.path()).env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin");
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

/// The folder of the newest installed server's programs: Debian keeps each version in one of its own.
fn programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|e| Some((e.file_name().to_str()?.parse::<u32>().ok()?, e.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists())
        .max();
    if let Some((_, bin)) = newest {
        return Ok(bin);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists()).ok_or_else(
        || anyhow!("PostgreSQL is not installed and this test needs it: install the package postgresql (cargo xtask test does)"),
    )
}

/// The user and group ids of `postgres`, or else of `nobody`.
fn unprivileged() -> Result<(u32, u32)> {
    let passwd = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let ids = |name: &str| {
        let mut fields =
            passwd.lines().map(|l| l.split(':')).find(|f| f.clone().next() == Some(name))?.skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).context("neither postgres nor nobody is a user of this machine")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_data_and_port_through_stop_kill_and_freeze() {
        let mut server = Postgres::new().unwrap();
        let port = server.port();
        let url = server.create_database("a").unwrap();
        assert_eq!(url, format!("postgres://posthaste@127.0.0.1:{port}/a"));
        server.sql("a", "CREATE TABLE t AS SELECT 7 AS n").unwrap();
        server.stop().unwrap();
        assert!(server.sql("a", "SELECT 1").is_err());
        server.start().unwrap();
        server.kill();
        server.start().unwrap();
        server.freeze();
        server.thaw();
        assert_eq!(server.sql("a", "SELECT n FROM t").unwrap(), "7\n");
        assert_eq!(server.port(), port);
    }
}
