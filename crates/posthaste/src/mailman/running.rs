//! `mailman stop`, `restart`, `reopen`

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::house::House;
use super::status::{State, state};
use super::{tell, warn};
use crate::cli::output::Exit;

/// A server finishes what is under way before it ends; it takes half a minute at most.
const LONGEST: Duration = Duration::from_secs(45);

#[derive(clap::Args, Debug)]
pub(super) struct Quiet {
    /// Say nothing
    #[arg(short, long)]
    quiet: bool,
}

/// Asks the server to end, and waits until it has.
pub(super) fn stop(options: &Quiet, house: &House) -> anyhow::Result<Exit> {
    if !options.quiet {
        tell("Shutting down Mailman's master runner")?;
    }
    let Some(pid) = running(house)? else { return Ok(Exit::Done) };
    kill_process(pid, Signal::TERM)?;
    let began = Instant::now();
    while test_kill_process(pid).is_ok() && !is_zombie(pid) {
        anyhow::ensure!(
            began.elapsed() < LONGEST,
            "the server, process {pid}, has not ended within {LONGEST:?}",
            pid = pid.as_raw_nonzero()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(Exit::Done)
}

/// Has the server read everything again; it has no runners of their own that could be started again.
pub(super) fn reload(options: &Quiet, house: &House, text: &str) -> anyhow::Result<Exit> {
    if !options.quiet {
        tell(text)?;
    }
    if let Some(pid) = running(house)? {
        kill_process(pid, Signal::HUP)?;
    }
    Ok(Exit::Done)
}

/// The server's process; says on standard error that there is none.
fn running(house: &House) -> anyhow::Result<Option<Pid>> {
    match state(house) {
        State::Running(pid) => Ok(i32::try_from(pid).ok().and_then(Pid::from_raw)),
        State::NotRunning | State::Stale(_) => {
            warn(&format!("No server is running on {}", house.config.paths.state.display()))?;
            Ok(None)
        }
        State::Strange(why) => anyhow::bail!("the server gives no answer: {why}"),
    }
}

/// True if it has ended, and only whoever started it has not asked how.
fn is_zombie(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}
