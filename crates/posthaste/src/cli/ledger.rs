//! `posthaste ledger`

use clap::Args;
use posthaste_watch::{LedgerLine, LedgerReport};

use super::output::{BadInput, Exit, Out};
use crate::config::Config;
use crate::control::{Request, Response, ask};

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Only this list, by its name or list-id
    list: Option<String>,
    /// Check now, do not show the check of the last minute
    #[arg(long)]
    check: bool,
}

/// Shows the ledger; exit code 1 if it does not add up.
pub(crate) fn run(options: &Options, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let mut report: LedgerReport = match ask(&config.paths.state, &Request::Ledger { check: options.check })?
    {
        None => {
            let told = format!("No server is running on {}", config.paths.state.display());
            out.done(&told, &serde_json::json!({ "running": false }))?;
            return Ok(Exit::NotRunning);
        }
        Some(Response::Failed(why)) => anyhow::bail!(why),
        Some(Response::Done(report)) => serde_json::from_value(report)?,
    };
    if let Some(list) = &options.list {
        let wanted = list.replace('@', ".");
        report.lines.retain(|line| line.list.as_str().eq_ignore_ascii_case(&wanted));
        if report.lines.is_empty() {
            let why = format!("the ledger knows no mail for {list:?}; without a name it shows all lists");
            return Err(BadInput::new(why).into());
        }
    }
    out.table(&HEAD, report.lines.iter().map(row), &report)?;
    let well = report.sum.drift == 0;
    if !out.is_json() {
        out.done(&summary(&report), &())?;
    }
    Ok(if well { Exit::Done } else { Exit::Failed })
}

const HEAD: [&str; 11] = [
    "list",
    "found",
    "accepted",
    "born",
    "delivered",
    "held",
    "rejected",
    "discarded",
    "removed",
    "waiting",
    "drift",
];

/// A line of the table: this run, and in brackets all runs where they differ.
fn row(line: &LedgerLine) -> Vec<String> {
    let (row, ever) = (line.row, line.ever);
    let both = |now: u64, ever: u64| if now == ever { now.to_string() } else { format!("{now} ({ever})") };
    let quarantined =
        if row.quarantined > 0 { format!(" + {} set aside", row.quarantined) } else { String::new() };
    vec![
        if line.list.as_str().is_empty() { "(unknown)".into() } else { line.list.to_string() },
        row.opening.to_string(),
        both(row.accepted, ever.accepted),
        both(row.born, ever.born),
        both(row.delivered, ever.delivered),
        both(row.held, ever.held),
        both(row.rejected, ever.rejected),
        both(row.discarded, ever.discarded),
        both(row.removed, ever.removed),
        format!("{}{quarantined}", row.queued),
        line.drift.to_string(),
    ]
}

fn summary(report: &LedgerReport) -> String {
    let since = format!("Since the start of the server; in brackets since {}.", report.since);
    match report.sum.checked {
        None => format!("{since} Not checked yet; check now with: posthaste ledger --check"),
        Some(at) if report.sum.drift == 0 => format!("{since} Checked at {at}: every post is accounted for."),
        Some(at) => format!(
            "{since} Checked at {at}: OFF BY {}.\n{}",
            report.sum.drift,
            report.sum.findings.iter().map(|f| format!("  {f}")).collect::<Vec<_>>().join("\n")
        ),
    }
}
