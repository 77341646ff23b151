//! A server and a sink, ready to be measured.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::options::Options;
use super::{CONNECTIONS, PATIENCE, RECIPIENTS, SIZE, cpu};
use crate::message::message;
use crate::server::{Server, ServerOptions};
use crate::sink::Sink;
use crate::source::Job;

/// The author of every post is a member, so that nothing is held.
const AUTHOR: &str = "m0@rcpt.example";
static NEXT: AtomicU64 = AtomicU64::new(0);

pub(super) struct Stand {
    pub(super) server: Server,
    pub(super) sink: Sink,
}

/// One post that reached everybody.
pub(super) struct Delivered {
    /// From the reply to the final dot to the last recipient at the sink, in seconds.
    pub(super) seconds: f64,
    /// The part of these that came after the first recipient had it: sending, without planning.
    pub(super) sending: f64,
    /// Seconds of CPU, of the program and of the sink.
    pub(super) cpu: f64,
    /// The mean size of a message as the sink got it.
    pub(super) size: usize,
}

impl Stand {
    pub(super) async fn new(options: &Options) -> Result<Self> {
        Self::with(options, "").await
    }

    /// The same with more sections of the configuration, as TOML.
    pub(super) async fn with(options: &Options, extra: &str) -> Result<Self> {
        let sink = Sink::start().await?;
        let base = base(options);
        let folder = tempfile::Builder::new().prefix("posthaste-bench-").tempdir_in(&base)?;
        let settings = ServerOptions::new(&options.server)
            .relay(sink.addr())
            .relay_setting("max_connections", CONNECTIONS)
            .relay_setting("max_recipients", RECIPIENTS)
            .extra(extra)
            .quiet();
        let mut server = Server::prepare_in(folder, settings)?;
        server.start().await?;
        Ok(Self { server, sink })
    }

    /// Makes a list and its members; seconds that adding the members took.
    pub(super) async fn list(&self, list: &str, members: usize) -> Result<f64> {
        self.server.list_with_members(list, 0).await?;
        let began = Instant::now();
        self.server.add_members(list, members).await?;
        Ok(began.elapsed().as_secs_f64())
    }

    /// From now on each member gets a transaction of their own.
    pub(super) async fn personalize(&self, list: &str, yes: bool) -> Result<()> {
        let value = if yes { "individual" } else { "none" };
        self.server.run(&["list", "set", list, "personalize", value]).await.map(drop)
    }

    /// Posts to the list and waits until `members` have it, each once.
    pub(super) async fn deliver(&self, list: &str, members: usize) -> Result<Delivered> {
        self.sink.forget();
        let job = post(list);
        let id = job.id.clone();
        let worked = self.cpu()?;
        let outcome = self.server.source().send(job).await?;
        ensure!(outcome.accepted == 1, "the post was refused: {:?}", outcome.refusals);
        let what = format!("post at {members} members");
        self.sink.wait_until(&what, PATIENCE, |tally| tally.reached(&id) >= members).await?;
        let cpu = self.cpu()? - worked;
        self.sink.read(|tally| {
            ensure!(tally.duplicates() == 0, "{} duplicates", tally.duplicates());
            let seconds = tally.latency(&id, outcome.ended).context("the post has not come")?.as_secs_f64();
            let first = tally.first_seen(&id).context("the post has not come")?;
            let sending = tally.latency(&id, first).unwrap_or_default().as_secs_f64();
            let size = (tally.bytes() / tally.transactions().max(1)) as usize;
            Ok(Delivered { seconds, sending, cpu, size })
        })
    }

    /// Seconds of CPU so far, of the program and of this process with the sink in it.
    pub(super) fn cpu(&self) -> Result<f64> {
        let pid = self.server.pid().context("the server does not run")?;
        Ok(cpu::seconds(pid)? + cpu::own()?)
    }

    /// A line of `/proc/PID/status`, in megabytes (10^6 bytes).
    pub(super) fn memory(&self, line: &str) -> Result<f64> {
        let status = std::fs::read_to_string(self.proc("status")?)?;
        let found = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':'));
        let kib: f64 = found
            .and_then(|value| value.trim().strip_suffix("kB"))
            .and_then(|number| number.trim().parse().ok())
            .with_context(|| format!("no {line} in /proc/PID/status"))?;
        Ok(kib * 1024.0 / 1e6)
    }

    /// Forgets the peak that `VmHWM` tells.
    pub(super) fn forget_peak(&self) -> Result<()> {
        Ok(std::fs::write(self.proc("clear_refs")?, "5")?)
    }

    fn proc(&self, file: &str) -> Result<PathBuf> {
        let pid = self.server.pid().context("the server does not run")?;
        Ok(Path::new("/proc").join(pid.to_string()).join(file))
    }
}

/// A new post to the list, of the usual size.
pub(super) fn post(list: &str) -> Job {
    let id = format!("<{}.{}@bench.example>", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    Job::new(&id, AUTHOR, vec![list.to_owned()], &message(&id, AUTHOR, list, "a post of the benchmark", SIZE))
}

/// Where the files of a run go.
pub(super) fn base(options: &Options) -> PathBuf {
    options.folder.clone().unwrap_or_else(std::env::temp_dir)
}
