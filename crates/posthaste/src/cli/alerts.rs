//! `posthaste alerts …`

use clap::{Subcommand, ValueEnum};
use posthaste_watch::alerts::{Event, Happening, Overview, Proof, Report, Shown, journal, note};

use super::output::{Exit, Out};
use crate::config::Config;
use crate::control::{AlertRequest, Request, Response, ask};

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// What is wrong now, who was told, who has it
    Ls,
    /// Say that you look after an incident
    Ack {
        /// Its number
        id: u32,
        /// Who you are [default: the user of this shell]
        #[arg(long)]
        by: Option<String>,
        /// What you do about it, and when you say more
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Try every way to a contact, or to everybody, and say who was reached
    Test {
        /// Only this contact
        contact: Option<String>,
    },
    /// How good the alerts are: pages a month, how many were needed, how long until somebody had them
    Report {
        /// Over so many days
        #[arg(long, default_value_t = 30)]
        days: u64,
    },
    /// Say whether the page of an incident was needed
    Close {
        /// Its number
        id: u32,
        /// Was there anything to do?
        #[arg(long)]
        action_needed: Answer,
        /// Who you are [default: the user of this shell]
        #[arg(long)]
        by: Option<String>,
    },
    /// Withhold the canary from the alerts and time the way to an answer: people are paged
    FireDrill,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Answer {
    /// There was.
    Yes,
    /// There was not.
    No,
}

pub(crate) fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let state = &config.paths.state;
    match verb {
        Verb::Ls => with(config, out, AlertRequest::Overview, |told| {
            let overview: Overview = serde_json::from_value(told)?;
            out.value(&listing(&overview), &overview)?;
            Ok(Exit::Done)
        }),
        Verb::Ack { id, by, note } => said(config, out, AlertRequest::Ack { id, by: who(by), note }),
        Verb::Test { contact } => with(config, out, AlertRequest::Test { contact }, |told| {
            let proofs: Vec<Proof> = serde_json::from_value(told)?;
            let rows = proofs.iter().map(|p| {
                let said = match (&p.answer, &p.error) {
                    (_, Some(error)) => format!("NOT reached: {error}"),
                    (answer, None) => format!("reached: {}", answer.as_deref().unwrap_or_default()),
                };
                vec![p.contact.clone(), p.path.clone(), said]
            });
            out.table(&["contact", "way", ""], rows, &proofs)?;
            let well = !proofs.is_empty() && proofs.iter().all(|p| p.error.is_none());
            Ok(if well { Exit::Done } else { Exit::Failed })
        }),
        Verb::Report { days } => {
            let report = Report::of(&journal(state)?, super::now(), days);
            out.value(&text(&report), &report)?;
            Ok(Exit::Done)
        }
        Verb::Close { id, action_needed, by } => {
            let needed = matches!(action_needed, Answer::Yes);
            let request = Request::Alerts { ask: AlertRequest::Judge { id, needed, by: who(by.clone()) } };
            if let Some(response) = ask(state, &request)? {
                return finish(response, out);
            }
            // The journal is enough for this.
            let text = if needed { "action needed" } else { "no action needed" };
            note(state, Event::new(super::now(), Some(id), Happening::Judged, text).by(who(by)))?;
            out.done(&format!("Noted for incident {id}: {text}."), &text)?;
            Ok(Exit::Done)
        }
        Verb::FireDrill => said(config, out, AlertRequest::FireDrill { by: who(None) }),
    }
}

/// Asks the running server and shows its sentence.
pub(super) fn said(config: &Config, out: &Out, request: AlertRequest) -> anyhow::Result<Exit> {
    with(config, out, request, |told| finish(Response::Done(told), out))
}

/// Asks the running server.
fn with(
    config: &Config,
    out: &Out,
    request: AlertRequest,
    show: impl FnOnce(serde_json::Value) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    match ask(&config.paths.state, &Request::Alerts { ask: request })? {
        None => {
            out.problem(&format!("no server is running on {}", config.paths.state.display()))?;
            Ok(Exit::NotRunning)
        }
        Some(Response::Failed(why)) => anyhow::bail!(why),
        Some(Response::Done(told)) => show(told),
    }
}

fn finish(response: Response, out: &Out) -> anyhow::Result<Exit> {
    match response {
        Response::Done(told) => {
            out.done(told.as_str().unwrap_or("Done"), &told)?;
            Ok(Exit::Done)
        }
        Response::Failed(why) => anyhow::bail!(why),
    }
}

/// Who sits at this shell.
pub(super) fn who(named: Option<String>) -> String {
    named.unwrap_or_else(crate::control::user)
}

fn listing(overview: &Overview) -> String {
    let mut text = format!("{}\n", overview.state.word());
    for shown in &overview.incidents {
        text.push_str(&one(shown));
    }
    if let Some(window) = &overview.window {
        text.push_str(&format!("\nMaintenance until {} by {}: {}\n", window.until, window.who, window.why));
    }
    if overview.exit_check {
        text.push_str("\nMaintenance has ended; waiting for mail to flow\n");
    }
    for (path, health) in &overview.paths {
        let said = match (&health.broken, health.proved) {
            (Some(since), _) => {
                format!("broken since {since}: {}", health.error.as_deref().unwrap_or_default())
            }
            (None, Some(at)) => format!("worked at {at}"),
            (None, None) => "never tried; try it with: posthaste alerts test".to_owned(),
        };
        text.push_str(&format!("\n{path}: {said}"));
    }
    text.trim_end().to_owned()
}

fn one(shown: &Shown) -> String {
    let drill = if shown.drill { " (a drill)" } else { "" };
    let mut text = format!(
        "\n{} {}{drill}: {}\n  suspect: {}\n  look:    {}\n",
        shown.id,
        shown.state.word(),
        shown.text,
        shown.cause,
        shown.look
    );
    if let (Some(ack), Some(until)) = (&shown.ack, shown.ack_until) {
        let note = if ack.note.is_empty() { String::new() } else { format!(": {}", ack.note) };
        text.push_str(&format!("  has it:  {} until {until}{note}\n", ack.by));
    } else if let Some(next) = shown.next {
        text.push_str(&format!("  told on: {next}; take it with: posthaste alerts ack {}\n", shown.id));
    }
    if let Some(eta) = shown.eta_seconds {
        text.push_str(&format!("  drained: in {eta} s\n"));
    }
    text
}

fn text(report: &Report) -> String {
    let mut text = format!(
        "Over {} days: {} pages ({:.1} a month), {} told without a page, {} pages nobody answered\n",
        report.days, report.pages, report.pages_a_month, report.notices, report.unanswered
    );
    text.push_str(&match report.actionable_percent {
        Some(percent) if percent < 80 => format!(
            "Needed: {percent} % of {} judged. Below 80 % the rule must change; say so to its owner\n",
            report.judged
        ),
        Some(percent) => format!("Needed: {percent} % of {} judged\n", report.judged),
        None => {
            "Needed: not known; say it with: posthaste alerts close ID --action-needed yes|no\n".to_owned()
        }
    });
    if let Some(seconds) = report.median_seconds_to_ack {
        text.push_str(&format!("From page to answer: {seconds} s (median)\n"));
    }
    match report.last_test {
        Some(at) => text.push_str(&format!("Tried last at {at}:\n  {}\n", report.test.join("\n  "))),
        None => text.push_str("The ways to people were never tried: posthaste alerts test\n"),
    }
    if !report.drill.is_empty() {
        text.push_str(&format!("Last fire drill:\n  {}\n", report.drill.join("\n  ")));
    }
    text.trim_end().to_owned()
}
