//! `posthaste ops`

use clap::Subcommand;
use serde_json::Value;

use super::output::{Exit, Out};
use crate::config::Config;
use crate::control::{Request, Response, ask};

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Print a link that lets you into the operations pages once, within ten minutes
    Login {
        /// Who you are; stands beside what you do there
        #[arg(long, env = "USER", default_value = "operator", value_name = "NAME")]
        name: String,
    },
}

pub(crate) fn run(verb: &Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let Verb::Login { name } = verb;
    match ask(&config.paths.state, &Request::Invite { name: name.clone() })? {
        None => {
            out.problem(&format!("no server is running on {}", config.paths.state.display()))?;
            Ok(Exit::NotRunning)
        }
        Some(Response::Failed(why)) => anyhow::bail!(why),
        Some(Response::Done(link)) => {
            let link = link.as_str().unwrap_or_default();
            out.value(link, &serde_json::json!({ "link": Value::from(link) }))?;
            Ok(Exit::Done)
        }
    }
}
