//! `posthaste incident …`

use clap::Subcommand;
use posthaste_watch::alerts::{export, journal};
use posthaste_watch::samples;

use super::output::{BadInput, Exit, Out};
use crate::config::Config;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// The story of an incident, as Markdown: what happened when, who was told, the figures of its minutes
    Export {
        /// Its number [default: the last one that was told]
        id: Option<u32>,
    },
}

pub(crate) fn run(verb: &Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let Verb::Export { id } = verb;
    let state = &config.paths.state;
    let figures = samples::kept_minutes(state);
    let host = crate::serve::hostname(config);
    let Some(text) = export(&journal(state)?, &figures, *id, &host) else {
        let what = match id {
            Some(id) => format!("the journal knows no incident {id}"),
            None => "the journal knows no incident that was told".to_owned(),
        };
        return Err(BadInput::new(what).into());
    };
    out.value(text.trim_end(), &serde_json::json!({ "markdown": text }))?;
    Ok(Exit::Done)
}
