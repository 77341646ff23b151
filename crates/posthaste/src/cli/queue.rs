//! `posthaste queue …`

mod destinations;

use clap::{Args, Subcommand, ValueEnum};
use posthaste_lists::Trace;
use posthaste_model::{EntryId, Stage, check_domain};
use posthaste_spool::{Spool, Summary};

use super::output::{BadInput, Exit, Out};
use crate::config::Config;
use crate::control::{Request, Response, Which, ask};

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Show what waits, and what was set aside
    Ls {
        /// Only this stage
        #[arg(long)]
        stage: Option<String>,
        /// Only this list, by its name or list-id
        #[arg(long)]
        list: Option<String>,
        /// Only what waits for recipients in this domain
        #[arg(long)]
        destination: Option<String>,
    },
    /// Show for whom planned mail waits, by the domain of the recipients
    Destinations {
        /// Only this list, by its name or list-id
        #[arg(long)]
        list: Option<String>,
    },
    /// Show one entry: its envelope, its states, its message
    Show {
        /// The entry's id
        id: String,
    },
    /// Make entries due now, or take them back from quarantine
    Retry(Entries),
    /// Drop entries for good
    Rm(Entries),
    /// Let a stage, all of a list's mail, or the mail to one domain rest; mail is still accepted
    Pause(Resting),
    /// Let it go on
    Resume(Resting),
    /// Move an entry: to `quarantine`, or from there back to the `queue`
    Move {
        /// The entry's id
        id: String,
        /// quarantine or queue
        #[arg(long)]
        to: Place,
        /// Why, for whoever finds it in quarantine
        #[arg(long, default_value = "set aside by an administrator")]
        why: String,
    },
}

/// One entry, or all that have something in common.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub(crate) struct Entries {
    /// The entry's id
    #[arg(conflicts_with_all = ["stage", "list", "destination", "quarantined"])]
    id: Option<String>,
    /// All that wait for this stage
    #[arg(long)]
    stage: Option<String>,
    /// All of this list
    #[arg(long)]
    list: Option<String>,
    /// All that wait for recipients in this domain (of `retry`: to remove them would take the others with them)
    #[arg(long, conflicts_with = "quarantined")]
    destination: Option<String>,
    /// All in quarantine
    #[arg(long)]
    quarantined: bool,
}

/// A stage, a list or a destination.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Resting {
    /// incoming, command, bounce, out …
    stage: Option<String>,
    /// A list, by its name or list-id
    #[arg(long)]
    list: Option<String>,
    /// A domain of recipients
    #[arg(long)]
    destination: Option<String>,
}

/// Where an entry can be moved.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Set aside.
    Quarantine,
    /// Waiting for its stages again, due now.
    Queue,
}

impl Entries {
    fn which(&self) -> anyhow::Result<Which> {
        let stage = self.stage.as_deref().map(parse_stage).transpose()?;
        let destination = self.destination.as_deref().map(parse_domain).transpose()?;
        // Only planned mail waits for anybody.
        let stage = stage.or_else(|| destination.as_ref().map(|_| Stage::Out));
        Ok(Which { stage, list: self.list.clone(), destination, quarantined: self.quarantined })
    }
}

pub(crate) fn run(verb: &Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let folder = config.paths.state.join("spool");
    match verb {
        Verb::Ls { stage, list, destination } => {
            let stage = stage.as_deref().map(parse_stage).transpose()?;
            let peek = Spool::peek(&folder)?;
            let mut waiting = peek.list()?;
            waiting.retain(|s| stage.is_none_or(|wanted| s.stages.iter().any(|(stage, _)| *stage == wanted)));
            waiting.retain(|s| is_of(s, list.as_deref()));
            if let Some(domain) = destination {
                let domain = parse_domain(domain)?;
                waiting.retain(|s| destinations::of(&peek, s).contains_key(&domain));
            }
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
        Verb::Destinations { list } => destinations::run(&folder, list.as_deref(), out),
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
        Verb::Retry(entries) => {
            let request = match &entries.id {
                Some(id) => Request::Retry { id: parse_id(id)? },
                None => Request::RetryMany { which: entries.which()? },
            };
            told(config, out, &request)
        }
        Verb::Rm(entries) => {
            let request = match &entries.id {
                Some(id) => Request::Remove { id: parse_id(id)? },
                None if entries.destination.is_some() => {
                    let why = "queue rm --destination would take away the mail of others in the same entries; name the \
                               entries, or let the destination rest: posthaste queue pause --destination DOMAIN";
                    return Err(BadInput::new(why).into());
                }
                None => Request::RemoveMany { which: entries.which()? },
            };
            told(config, out, &request)
        }
        Verb::Pause(resting) => {
            let request = match (&resting.stage, &resting.destination, &resting.list) {
                (Some(stage), ..) => Request::Pause { stage: parse_stage(stage)? },
                (_, Some(domain), _) => Request::PauseDestination { domain: parse_domain(domain)? },
                (.., list) => Request::PauseList { list: list.clone().unwrap_or_default() },
            };
            told(config, out, &request)
        }
        Verb::Resume(resting) => {
            let request = match (&resting.stage, &resting.destination, &resting.list) {
                (Some(stage), ..) => Request::Resume { stage: parse_stage(stage)? },
                (_, Some(domain), _) => Request::ResumeDestination { domain: parse_domain(domain)? },
                (.., list) => Request::ResumeList { list: list.clone().unwrap_or_default() },
            };
            told(config, out, &request)
        }
        Verb::Move { id, to, why } => {
            let id = parse_id(id)?;
            let request = match to {
                Place::Quarantine => Request::SetAside { id, why: why.clone() },
                Place::Queue => Request::Retry { id },
            };
            told(config, out, &request)
        }
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

/// A domain of recipients, in lower case.
fn parse_domain(text: &str) -> anyhow::Result<String> {
    let domain = text.trim_start_matches('@').to_lowercase();
    check_domain(&domain).map_err(|error| BadInput::new(error.to_string()))?;
    Ok(domain)
}

fn is_of(entry: &Summary, list: Option<&str>) -> bool {
    list.is_none_or(|list| crate::serve::list_id(list) == entry.list)
}

fn parse_id(text: &str) -> anyhow::Result<EntryId> {
    text.parse().map_err(|_| {
        BadInput::new(format!("{text:?} is not the id of a queue entry; posthaste queue ls shows them"))
            .into()
    })
}
