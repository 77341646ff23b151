//! `posthaste queue …`

use clap::Subcommand;
use posthaste_lists::Trace;
use posthaste_model::{EntryId, Stage};
use posthaste_spool::Spool;

use super::output::{BadInput, Exit, Out};
use crate::config::Config;
use crate::control::{Request, Response, ask};

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Show what waits, and what was set aside
    Ls {
        /// Only this stage
        #[arg(long)]
        stage: Option<String>,
    },
    /// Show one entry: its envelope, its states, its message
    Show {
        /// The entry's id
        id: String,
    },
    /// Make an entry due now, or take it back from quarantine
    Retry {
        /// The entry's id
        id: String,
    },
    /// Drop an entry for good
    Rm {
        /// The entry's id
        id: String,
    },
    /// Let a stage rest; mail for it is still accepted
    Pause {
        /// incoming, command, bounce, out …
        stage: String,
    },
    /// Let a stage go on
    Resume {
        /// incoming, command, bounce, out …
        stage: String,
    },
}

pub(crate) fn run(verb: &Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let folder = config.paths.state.join("spool");
    match verb {
        Verb::Ls { stage } => {
            let stage = stage.as_deref().map(parse_stage).transpose()?;
            let mut waiting = Spool::peek(&folder)?.list()?;
            waiting.retain(|s| stage.is_none_or(|wanted| s.stages.iter().any(|(stage, _)| *stage == wanted)));
            out.table(
                &["entry", "list", "waits for", "due", "size", "to"],
                waiting.iter().map(|s| {
                    let stages: Vec<_> = s.stages.iter().map(|(stage, _)| stage.name()).collect();
                    let due = s.stages.iter().filter_map(|(_, due)| *due).min();
                    vec![
                        s.id.to_string(),
                        s.list.to_string(),
                        if s.quarantined { "a person (quarantine)".into() } else { stages.join(", ") },
                        due.map_or("now".into(), |d| d.to_string()),
                        s.size.to_string(),
                        s.forward_path.as_str().to_owned(),
                    ]
                }),
                &waiting,
            )?;
            Ok(Exit::Done)
        }
        Verb::Show { id } => {
            let entry = Spool::peek(&folder)?.show(parse_id(id)?)?;
            let trace = Trace::of(&entry);
            let told = format!(
                "{}\n\n{}",
                serde_json::to_string_pretty(&trace)?,
                String::from_utf8_lossy(&entry.message)
            );
            out.value(&told, &trace)?;
            Ok(Exit::Done)
        }
        Verb::Retry { id } => told(config, out, &Request::Retry { id: parse_id(id)? }),
        Verb::Rm { id } => told(config, out, &Request::Remove { id: parse_id(id)? }),
        Verb::Pause { stage } => told(config, out, &Request::Pause { stage: parse_stage(stage)? }),
        Verb::Resume { stage } => told(config, out, &Request::Resume { stage: parse_stage(stage)? }),
    }
}

/// Lets the running server do it; without one, does it here with the spool locked.
fn told(config: &Config, out: &Out, request: &Request) -> anyhow::Result<Exit> {
    let response = match ask(&config.paths.state, request)? {
        Some(response) => response,
        None => crate::serve::offline(config, request)?,
    };
    match response {
        Response::Done(value) => {
            out.done(value.as_str().unwrap_or("Done"), &value)?;
            Ok(Exit::Done)
        }
        Response::Failed(why) => anyhow::bail!(why),
    }
}

fn parse_stage(text: &str) -> anyhow::Result<Stage> {
    text.parse().map_err(|e: String| BadInput::new(e).into())
}

fn parse_id(text: &str) -> anyhow::Result<EntryId> {
    text.parse().map_err(|_| {
        BadInput::new(format!("{text:?} is not the id of a queue entry; posthaste queue ls shows them"))
            .into()
    })
}
