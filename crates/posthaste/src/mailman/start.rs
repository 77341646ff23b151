//! `mailman start`

use std::fs::OpenOptions;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::aliases;
use super::house::House;
use super::refusal::refuse;
use super::status::{State, state};
use super::{tell, warn};
use crate::cli::output::Exit;

/// How long a start may take before its way is left to itself.
const LONGEST: Duration = Duration::from_mins(1);
/// So much of the log is shown if the server ends at once, lines.
const SHOWN: usize = 8;

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// Has no effect: a server that died is simply started again
    #[arg(short, long)]
    force: bool,
    /// Write the tables of the mail server first; always done
    #[arg(short, long)]
    generate_alias_file: bool,
    /// Has no effect: the server runs as who starts it
    #[arg(short = 'u', long)]
    run_as_user: bool,
    /// Say nothing
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    match state(house) {
        State::NotRunning | State::Stale(_) => {}
        State::Running(_) => return refuse("GNU Mailman is already running"),
        State::Strange(why) => {
            return refuse(format!("GNU Mailman is already running, and gives no answer: {why}"));
        }
    }
    let say = |text: &str| if options.quiet { Ok(()) } else { tell(text) };
    say("Starting Mailman's master runner")?;
    let folder = &house.config.paths.state;
    crate::serve::prepare_state(folder)?;
    let log = folder.join("posthaste.log");
    let to = OpenOptions::new().create(true).append(true).open(&log)?;
    let began = to.metadata()?.len();
    let mut child = Command::new(std::env::current_exe()?)
        .args(["mailman", "--run-as-root", "-C"])
        .arg(&house.file)
        .args(["master", "--detached"])
        .stdin(Stdio::null())
        .stdout(to.try_clone()?)
        .stderr(to)
        .spawn()?;
    if !answers(house, &mut child)? {
        let text = std::fs::read(&log).unwrap_or_default();
        let text = String::from_utf8_lossy(text.get(began as usize..).unwrap_or_default()).into_owned();
        let lines: Vec<_> = text.lines().collect();
        let last = lines.get(lines.len().saturating_sub(SHOWN)..).unwrap_or_default().join("\n");
        return refuse(format!("The server ended at once ({}):\n{last}", log.display()));
    }
    say("Generating MTA alias maps")?;
    let written = crate::serve::runtime()?.block_on(aliases::run(&aliases::Options::default(), house));
    if let Err(error) = written {
        // The server, which runs, tries it again by itself.
        warn(&format!("{error:#}"))?;
    }
    Ok(Exit::Done)
}

/// Waits until the server answers; false if it ends instead.
fn answers(house: &House, child: &mut Child) -> anyhow::Result<bool> {
    let began = Instant::now();
    loop {
        if matches!(state(house), State::Running(pid) if pid == child.id()) {
            return Ok(true);
        }
        if child.try_wait()?.is_some() {
            return Ok(false);
        }
        anyhow::ensure!(began.elapsed() < LONGEST, "the server gives no answer within {LONGEST:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
