//! `master`: the server in the foreground.

use std::path::PathBuf;

use super::refusal::refuse;
use super::{version, warn};
use crate::cli::output::Exit;

#[derive(clap::Args, Debug)]
#[command(disable_version_flag = true)]
pub(super) struct Options {
    /// The configuration
    #[arg(short = 'C', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Has no effect: a task that dies is started again within the process
    #[arg(short, long)]
    no_restart: bool,
    /// Has no effect: nothing is left behind that would have to be broken
    #[arg(short, long)]
    force: bool,
    /// Has no effect: all stages run in one process
    #[arg(short, long, value_name = "RUNNER[:SLICE:RANGE]")]
    runners: Vec<String>,
    /// Has no effect: log.level says how much is told
    #[arg(short, long)]
    verbose: bool,
    /// Print the version
    #[arg(long)]
    version: bool,
    /// Leave the terminal
    #[arg(long, hide = true)]
    detached: bool,
}

pub(super) fn run(options: Options, file: Option<PathBuf>) -> anyhow::Result<Exit> {
    if options.version {
        return version::run();
    }
    if !options.runners.is_empty() {
        warn("--runners has no effect: all stages run in one process")?;
    }
    if options.detached && rustix::process::setsid().is_err() {
        return refuse("--detached is for processes that lead no group");
    }
    let file = crate::cli::config_file(options.config.or(file))?;
    crate::serve::run(&crate::serve::Options::default(), &file)
}
