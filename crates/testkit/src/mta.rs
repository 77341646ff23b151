//! What private mail servers have in common: where their programs are, and the process.

use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::ports::Port;
use crate::server::greets;

const PATIENCE: Duration = Duration::from_secs(30);

/// The root below which `binary` is found: `/`, or a folder where `cargo xtask test` unpacked a package.
pub(crate) fn root_of(name: &str, binary: &str) -> Result<PathBuf> {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools").join(name);
    for root in [PathBuf::from("/"), unpacked] {
        if root.join(binary).exists() {
            return root.canonicalize().with_context(|| format!("cannot resolve {}", root.display()));
        }
    }
    bail!("no /{binary} here; `cargo xtask test` installs what the tests need")
}

/// The numbers of a user and of its group, or of a group alone.
pub(crate) fn id_of(file: &str, name: &str) -> Result<u32> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
    let line = text.lines().find(|line| line.split(':').next() == Some(name));
    line.and_then(|line| line.split(':').nth(2))
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("no `{name}` in {file}; `cargo xtask test` makes it"))
}

/// A temporary folder that the server's own user may enter.
pub(crate) fn folder(prefix: &str) -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix(prefix).tempdir()?;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}

/// Only root can start a mail server that changes to another user.
pub(crate) fn need_root(what: &str) -> Result<()> {
    ensure!(
        rustix::process::geteuid().is_root(),
        "{what} runs only if root starts it; run the tests as root"
    );
    Ok(())
}

/// A daemon that listens on a port: its whole process group ends with this.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
}

impl Daemon {
    /// Starts it and waits for its greeting.
    pub(crate) async fn start(
        program: &Path,
        words: &[&str],
        env: &[(&str, &str)],
        port: &Port,
        log: &Path,
    ) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        let mut command = tethered(program);
        command.args(words).envs(env.iter().copied()).process_group(0);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let mut daemon = Self { child };
        daemon.wait_for_greeting(port.addr(), log).await?;
        Ok(daemon)
    }

    async fn wait_for_greeting(&mut self, addr: SocketAddr, log: &Path) -> Result<()> {
        let began = std::time::Instant::now();
        while !greets(addr).await {
            let said = || std::fs::read_to_string(log).unwrap_or_default();
            if let Some(status) = self.child.try_wait()? {
                bail!("the mail server ended with {status} instead of answering on {addr}\n{}", said());
            }
            ensure!(began.elapsed() < PATIENCE, "no greeting on {addr} within {PATIENCE:?}\n{}", said());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Sends a signal to every process of the daemon: STOP and CONT make it hang and go on.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process_group(Pid::from_child(&self.child), signal)?)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// A command that also ends if the tests themselves are killed, where the system has the tool for it.
fn tethered(program: &Path) -> Command {
    let tether = Path::new("/usr/bin/setpriv");
    if !tether.exists() {
        return Command::new(program);
    }
    let mut command = Command::new(tether);
    command.args(["--pdeathsig", "TERM", "--"]).arg(program);
    command
}
