//! A private MariaDB server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use rustix::process::{Signal, geteuid};
use tempfile::TempDir;

use crate::ports::Port;
use crate::process::{Process, run, tail, wait_until};

const PATIENCE: Duration = Duration::from_secs(90);

/// A server with its data in a temporary folder, reachable on a loopback port that stays the same when it is stopped and
/// started again. It does not sync its files: it is meant to survive signals, not power cuts.
#[derive(Debug)]
pub struct Mariadb {
    // Dropped before the folder it works in.
    process: Option<Process>,
    folder: TempDir,
    port: Port,
}

impl Mariadb {
    /// Makes an empty server and starts it.
    pub fn new() -> Result<Self> {
        let install = program(&["mariadb-install-db", "mysql_install_db"])?;
        let folder = tempfile::Builder::new().prefix("posthaste-mariadb-").tempdir()?;
        let mut server = Self { process: None, folder, port: Port::reserve()? };
        let mut command = Command::new(install);
        // Whoever starts in the same folder for temporary files removes the tables of the others.
        command.env("TMPDIR", server.folder.path());
        command.arg("--no-defaults").arg(server.option("datadir", "data"));
        command.args([
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--innodb-fast-shutdown=1",
        ]);
        if geteuid().is_root() {
            command.arg("--user=root");
        }
        run(&mut command)?;
        server.start()?;
        server.sql("", "CREATE USER posthaste@'127.0.0.1'; GRANT ALL ON *.* TO posthaste@'127.0.0.1'")?;
        Ok(server)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("mysql://posthaste@127.0.0.1:{}/{database}", self.port.number())
    }

    /// Makes an empty database; gives its URL.
    pub fn create_database(&self, name: &str) -> Result<String> {
        self.sql("", &format!("CREATE DATABASE `{name}`"))?;
        Ok(self.url(name))
    }

    /// Runs SQL as root with the server's own client; gives what it prints.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let mut command = Command::new(program(&["mariadb", "mysql"])?);
        command.arg("--no-defaults").arg(self.option("socket", "socket"));
        run(command.args(["--user=root", "--batch", "--skip-column-names", "-e", sql, database]))
    }

    /// Starts it, if it is not running, and waits until it answers.
    pub fn start(&mut self) -> Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let mut command = Command::new(program(&["mariadbd", "mysqld"])?);
        command.arg("--no-defaults").current_dir(self.folder.path());
        for (option, file) in [
            ("datadir", "data"),
            ("socket", "socket"),
            ("pid-file", "pid"),
            ("tmpdir", "."),
            ("log-error", "log"),
        ] {
            command.arg(self.option(option, file));
        }
        command.arg(format!("--port={}", self.port.number()));
        command.args(["--bind-address=127.0.0.1", "--skip-networking=0", "--skip-name-resolve"]);
        command.args([
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-flush-method=nosync",
            "--sync-binlog=0",
        ]);
        command.args(["--innodb-buffer-pool-size=128M", "--innodb-log-file-size=128M", "--skip-log-bin"]);
        if geteuid().is_root() {
            command.arg("--user=root");
        }
        let log = self.folder.path().join("log");
        let mut process = Process::spawn("MariaDB", command, &log)?;
        wait_until(PATIENCE, "MariaDB to answer", || {
            if let Some(status) = process.ended()? {
                bail!("MariaDB ended ({status}):\n{}", tail(&log));
            }
            Ok(self.sql("", "SELECT 1").is_ok())
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Stops it in good order; connections are cut.
    pub fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |process| process.stop(Signal::TERM, PATIENCE))
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

    fn option(&self, name: &str, file: &str) -> String {
        format!("--{name}={}", self.folder.path().join(file).display())
    }
}

/// The first of these programs that is installed.
fn program(names: &[&str]) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin", "/usr/bin", "/usr/libexec"].map(PathBuf::from));
    let folders: Vec<_> = folders.collect();
    let candidates = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.into_iter().find(|file: &PathBuf| Path::exists(file)).ok_or_else(|| {
        anyhow!(
            "{} is not installed and this test needs it: install the package mariadb-server (cargo xtask test does)",
            names.first().unwrap_or(&"MariaDB")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_data_and_port_through_stop_kill_and_freeze() {
        let mut server = Mariadb::new().unwrap();
        let port = server.port();
        let url = server.create_database("a").unwrap();
        assert_eq!(url, format!("mysql://posthaste@127.0.0.1:{port}/a"));
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
