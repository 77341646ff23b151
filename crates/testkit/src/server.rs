//! The program under test as a process of its own, with a folder and ports of its own.

mod options;

use std::fs::{File, OpenOptions};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};

pub use self::options::ServerOptions;

use crate::ports::Port;
use crate::source::{Protocol, Source};
use crate::wait;

/// How long a start, a stop or a command may take. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// Hands standard input over as the socket `lmtp`.
const HAND_OVER: &str =
    "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=lmtp exec \"$0\" \"$@\"";

/// A `posthaste serve` of one test. Killed when dropped; its log then goes to standard error.
#[derive(Debug)]
pub struct Server {
    options: ServerOptions,
    folder: TempDir,
    lmtp: Port,
    child: Option<Child>,
    /// The port, if we hold it for the server.
    held: Option<TcpListener>,
}

impl Server {
    /// Writes the configuration into a temporary folder; starts nothing.
    pub fn prepare(options: ServerOptions) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("posthaste-test-").tempdir()?;
        Self::prepare_in(folder, options)
    }

    /// Like [`Server::prepare`] in a folder of the caller's choice, on another file system perhaps.
    pub fn prepare_in(folder: TempDir, options: ServerOptions) -> Result<Self> {
        let lmtp = Port::reserve()?;
        let held = if options.activated { Some(TcpListener::bind(lmtp.addr())?) } else { None };
        let server = Self { options, folder, lmtp, child: None, held };
        std::fs::create_dir_all(server.state())?;
        server.write_config(&server.options)?;
        Ok(server)
    }

    /// [`Server::prepare`] and [`Server::start`].
    pub async fn started(options: ServerOptions) -> Result<Self> {
        let mut server = Self::prepare(options)?;
        server.start().await?;
        Ok(server)
    }

    /// Changes the configuration file; a running server learns of it by SIGHUP or a restart.
    pub fn configure(&mut self, options: ServerOptions) -> Result<()> {
        self.write_config(&options)?;
        self.options = options;
        Ok(())
    }

    /// Where it takes mail by LMTP.
    pub fn lmtp(&self) -> SocketAddr {
        self.lmtp.addr()
    }

    /// `[paths] state`.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The temporary folder that holds the state, the configuration and the log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("posthaste.toml")
    }

    /// What the server wrote to standard output and standard error since its first start.
    pub fn log(&self) -> String {
        std::fs::read(self.log_file())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// The process id while it runs. With a wrapper, the wrapper's.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Starts `serve` and waits until LMTP answers with 220.
    pub async fn start(&mut self) -> Result<()> {
        self.spawn()?;
        let began = std::time::Instant::now();
        while !greets(self.lmtp()).await {
            if let Some(status) = self.exited()? {
                bail!(
                    "the server ended with {status} instead of answering on {}\n{}",
                    self.lmtp(),
                    self.log()
                );
            }
            ensure!(began.elapsed() < PATIENCE, "no LMTP greeting within {PATIENCE:?}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// Starts `serve` and does not wait for anything.
    pub fn spawn(&mut self) -> Result<()> {
        ensure!(self.child.is_none(), "the server runs already");
        let log = self.log_handle()?;
        let mut command = self.serve_command();
        command.args(["serve", "--config"]).arg(self.config()).args(&self.options.arguments);
        let stdin = match &self.held {
            Some(held) => Stdio::from(OwnedFd::from(held.try_clone()?)),
            None => Stdio::null(),
        };
        command.stdin(stdin).stdout(log.try_clone()?).stderr(log);
        command.envs(self.options.environment.iter().map(|(name, value)| (name, value)));
        let child =
            command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
        self.child = Some(child);
        Ok(())
    }

    /// SIGTERM, and waits for the end.
    pub async fn sigterm(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.wait_for_end(PATIENCE).await
    }

    /// SIGKILL: no time to say anything.
    pub async fn sigkill(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::KILL)?;
        self.wait_for_end(PATIENCE).await
    }

    /// SIGKILL and a start.
    pub async fn crash(&mut self) -> Result<()> {
        self.sigkill().await?;
        self.start().await
    }

    /// SIGTERM and a start.
    pub async fn restart(&mut self) -> Result<()> {
        let status = self.sigterm().await?;
        ensure!(status.success(), "the server ended with {status} on SIGTERM\n{}", self.log());
        self.start().await
    }

    /// Sends any signal (HUP, STOP, CONT …).
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let child = self.child.as_ref().context("the server does not run")?;
        let pid = Pid::from_child(child);
        if self.options.wrapper.is_empty() {
            kill_process(pid, signal)?;
        } else {
            kill_process_group(pid, signal)?;
        }
        Ok(())
    }

    /// Waits until the process has ended by itself or by a signal.
    pub async fn wait_for_end(&mut self, within: Duration) -> Result<ExitStatus> {
        let began = std::time::Instant::now();
        loop {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            ensure!(began.elapsed() < within, "the server did not end within {within:?}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Runs a command of the program with this server's configuration; whatever its exit code.
    pub async fn cli(&self, words: &[&str]) -> Result<Output> {
        self.cli_with(words, b"").await
    }

    /// Like [`Server::cli`] with something on standard input.
    pub async fn cli_with(&self, words: &[&str], input: &[u8]) -> Result<Output> {
        let mut child = tokio::process::Command::new(&self.options.binary)
            .arg("--config")
            .arg(self.config())
            .args(words)
            .envs(self.options.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", self.options.binary.display()))?;
        let stdin = child.stdin.take();
        let feed = async {
            if let Some(mut stdin) = stdin {
                // A command that does not read its input is no fault.
                let _ = stdin.write_all(input).await;
            }
        };
        let ended =
            tokio::time::timeout(2 * PATIENCE, async { tokio::join!(feed, child.wait_with_output()).1 });
        Ok(ended.await.with_context(|| format!("`posthaste {}` did not end", words.join(" ")))??)
    }

    /// Runs a command that must succeed; gives its standard output.
    pub async fn run(&self, words: &[&str]) -> Result<String> {
        succeeded(words, &self.cli(words).await?)
    }

    /// Like [`Server::run`] with something on standard input.
    pub async fn run_with(&self, words: &[&str], input: &[u8]) -> Result<String> {
        succeeded(words, &self.cli_with(words, input).await?)
    }

    /// Domain, list with an owner, and members `m0@rcpt.example`, `m1@…`: what most tests begin with. Names like
    /// `test@example.org`. Gives the members.
    pub async fn list_with_members(&self, list: &str, members: usize) -> Result<Vec<String>> {
        let (_, domain) = list.split_once('@').context("a list's name has an @")?;
        if !self.run(&["domain", "ls"]).await?.contains(domain) {
            self.run(&["domain", "add", domain]).await?;
        }
        self.run(&["list", "create", list, "--owner", &format!("owner@{domain}")]).await?;
        self.add_members(list, members).await
    }

    /// Members `m0@rcpt.example`, `m1@…` for a list, in one command. Gives them.
    pub async fn add_members(&self, list: &str, members: usize) -> Result<Vec<String>> {
        let members: Vec<_> = (0..members).map(|number| format!("m{number}@rcpt.example")).collect();
        if !members.is_empty() {
            self.run_with(&["member", "add", list, "-"], (members.join("\n") + "\n").as_bytes()).await?;
        }
        Ok(members)
    }

    /// What `status --json` tells.
    pub async fn status(&self) -> Result<serde_json::Value> {
        let told = self.run(&["--json", "status"]).await?;
        serde_json::from_str(&told)
            .with_context(|| format!("`posthaste status --json` told no JSON:\n{told}"))
    }

    /// Asks the ledger (P8) for a check, and wants every post accounted for.
    pub async fn ledger_adds_up(&self) -> Result<()> {
        let told = self.cli(&["--json", "ledger", "--check"]).await?;
        let text = String::from_utf8_lossy(&told.stdout);
        let report: serde_json::Value = serde_json::from_str(&text)
            .with_context(|| format!("`posthaste ledger` told no JSON:\n{text}"))?;
        let drift = report.pointer("/sum/drift").and_then(serde_json::Value::as_i64);
        ensure!(drift == Some(0), "the ledger does not add up:\n{text}");
        Ok(())
    }

    /// Asks on the control socket, in the server's own JSON; gives the answer as it comes.
    pub async fn control(&self, request: &serde_json::Value) -> Result<serde_json::Value> {
        let mut stream = UnixStream::connect(self.state().join("control.sock")).await?;
        stream.write_all(format!("{request}\n").as_bytes()).await?;
        let mut told = String::new();
        tokio::time::timeout(PATIENCE, BufReader::new(stream).read_line(&mut told)).await??;
        Ok(serde_json::from_str(&told)?)
    }

    /// How many entries wait for this stage.
    pub async fn depth(&self, stage: &str) -> Result<u64> {
        let status = self.status().await?;
        let depth = status.pointer(&format!("/stages/{stage}/depth")).and_then(serde_json::Value::as_u64);
        depth.with_context(|| format!("the status tells no depth of `{stage}`"))
    }

    /// Waits until exactly `depth` entries wait for this stage.
    pub async fn wait_for_depth(&self, stage: &str, depth: u64, within: Duration) -> Result<()> {
        let what = format!("{depth} entries at stage {stage}");
        wait::until(&what, within, async || Ok(self.depth(stage).await? == depth)).await
    }

    /// A source that posts to this server by LMTP.
    pub fn source(&self) -> Source {
        Source::new(Protocol::Lmtp, self.lmtp())
    }

    /// Waits until the log holds `text`.
    pub async fn wait_for_log(&self, text: &str, within: Duration) -> Result<()> {
        wait::until(&format!("{text:?} in the server's log"), within, async || Ok(self.log().contains(text)))
            .await
    }

    fn serve_command(&self) -> Command {
        match self.options.wrapper.split_first() {
            None if self.held.is_some() => {
                let mut command = Command::new("sh");
                command.args(["-c", HAND_OVER]).arg(&self.options.binary);
                command
            }
            None => Command::new(&self.options.binary),
            Some((program, words)) => {
                let mut command = Command::new(program);
                // A signal must reach the wrapped program too.
                command.args(words).arg(&self.options.binary).process_group(0);
                command
            }
        }
    }

    fn write_config(&self, options: &ServerOptions) -> Result<()> {
        let toml = options.toml(&self.state(), self.lmtp());
        std::fs::write(self.config(), toml)
            .with_context(|| format!("cannot write {}", self.config().display()))
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("posthaste.log")
    }

    fn log_handle(&self) -> Result<File> {
        let path = self.log_file();
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))
    }

    fn exited(&mut self) -> Result<Option<ExitStatus>> {
        let Some(child) = &mut self.child else { bail!("the server does not run") };
        let status = child.try_wait()?;
        if status.is_some() {
            self.child = None;
        }
        Ok(status)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.signal(Signal::KILL);
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
        if self.options.show_log {
            // The test harness captures this and shows it when the test fails, by panic or by `Err`.
            eprintln!("---- log of the server ({}) ----\n{}", self.config().display(), self.log());
        }
    }
}

pub(crate) async fn greets(addr: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(addr).await else { return false };
    let mut code = [0; 4];
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut code)).await;
    // 220: SMTP; 200: NNTP.
    matches!(read, Ok(Ok(_))) && (&code == b"220 " || &code == b"200 ")
}

fn succeeded(words: &[&str], output: &Output) -> Result<String> {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`posthaste {}`: {}\n{stdout}{stderr}", words.join(" "), output.status);
    Ok(stdout)
}
