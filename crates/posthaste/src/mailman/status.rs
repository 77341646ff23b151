//! `mailman status`

use serde_json::Value;

use super::house::House;
use super::tell;
use crate::cli::output::Exit;
use crate::control::{Request, Response, ask, pid_file};

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// `mailman`: 0 not running, 1 running, 2 ended without a word, 3 strange. `lsb`: 0 running, 3 not running, 1 ended
    /// without a word, 4 strange
    #[arg(long, value_enum, default_value = "mailman", value_name = "WHOSE")]
    exit_code: Codes,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum, Debug)]
enum Codes {
    Mailman,
    Lsb,
}

/// How a server is.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum State {
    /// There is none.
    NotRunning,
    /// It answers; its process.
    Running(u32),
    /// There is none, and the last one ended without taking its leave.
    Stale(String),
    /// Something is there and gives no answer that can be used.
    Strange(String),
}

/// How the server of this installation is.
pub(super) fn state(house: &House) -> State {
    let state = &house.config.paths.state;
    match ask(state, &Request::Status) {
        Ok(Some(Response::Done(told))) => {
            match told.get("pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok()) {
                Some(pid) => State::Running(pid),
                None => State::Strange("it tells no process id".to_owned()),
            }
        }
        Ok(Some(Response::Failed(why))) => State::Strange(why),
        Ok(None) => match std::fs::read_to_string(pid_file(state)) {
            Ok(pid) => State::Stale(pid.trim().to_owned()),
            Err(_) => State::NotRunning,
        },
        Err(error) => State::Strange(error.to_string()),
    }
}

pub(super) fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    let (text, mailman, lsb) = match state(house) {
        State::NotRunning => ("GNU Mailman is not running".to_owned(), Exit::Done, Exit::NotRunning),
        State::Running(pid) => {
            (format!("GNU Mailman is running (master pid: {pid})"), Exit::Failed, Exit::Done)
        }
        State::Stale(pid) => {
            (format!("GNU Mailman is stopped (stale pid: {pid})"), Exit::BadInput, Exit::Failed)
        }
        State::Strange(why) => {
            (format!("GNU Mailman is in an unexpected state ({why})"), Exit::NotRunning, Exit::Away)
        }
    };
    tell(&text)?;
    Ok(if options.exit_code == Codes::Lsb { lsb } else { mailman })
}
