//! `posthaste check …`: a plugin for Nagios, Icinga and their kin.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use posthaste_watch::check::{Limits, State, Verdict, What, check};

use super::ask::{Told, vitals};
use super::output::{Exit, Out};

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// runners, queues, oldest, drain, canary, database, relay, disk, ledger or all
    what: What,
    /// Where WARNING begins, in the unit of the check [default: each check's own]
    #[arg(short, long, value_name = "N")]
    warning: Option<f64>,
    /// Where CRITICAL begins
    #[arg(short, long, value_name = "N")]
    critical: Option<f64>,
    /// Give up after so many seconds, with UNKNOWN
    #[arg(short, long, value_name = "SECONDS", default_value_t = 10.0)]
    timeout: f64,
}

/// Checks; whatever goes wrong on the way is UNKNOWN.
pub(crate) fn run(options: &Options, file: Option<PathBuf>, out: &Out) -> anyhow::Result<Exit> {
    let timeout = Duration::try_from_secs_f64(options.timeout).unwrap_or(Duration::from_secs(10));
    let limits = Limits { warning: options.warning, critical: options.critical };
    let verdict = match super::load(file) {
        Err(error) => Verdict::unknown(format!("the configuration cannot be read: {error:#}")),
        Ok(config) => match vitals(&config.paths.state, timeout) {
            Told::Vitals(vitals) => check(options.what, &vitals, super::now(), limits),
            Told::NotRunning => {
                Verdict::unknown(format!("no server is running on {}", config.paths.state.display()))
            }
            Told::Silent(why) => Verdict::unknown(format!("the server does not answer: {why}")),
        },
    };
    tell(options.what.name(), &verdict, out)
}

/// Says what is wrong with the words of a `check`, by the contract of plugins; `None` if they are no `check`.
pub(crate) fn usage(words: &[OsString], error: &clap::Error) -> Option<Exit> {
    let check = words.iter().any(|word| word == "check")
        && !words.iter().any(|word| word == "config" || word == "db");
    if !check || !error.use_stderr() {
        return None;
    }
    let text = error.to_string();
    let first = text.lines().next().unwrap_or("the command line cannot be read");
    tell("check", &Verdict::unknown(first), &Out::new(false)).ok()
}

fn tell(what: &str, verdict: &Verdict, out: &Out) -> anyhow::Result<Exit> {
    let figures: serde_json::Map<_, _> =
        verdict.perf.iter().map(|perf| (perf.label.clone(), serde_json::json!(perf.value))).collect();
    let json = serde_json::json!({
        "check": what, "state": verdict.state.name(), "text": verdict.text, "figures": figures,
    });
    out.done(&verdict.line(what), &json)?;
    // The numbers are the contract's; what they mean elsewhere on this command line does not matter here.
    Ok(match verdict.state {
        State::Ok => Exit::Done,
        State::Warning => Exit::Failed,
        State::Critical => Exit::BadInput,
        State::Unknown => Exit::NotRunning,
    })
}
