//! `posthaste config …`

use std::path::PathBuf;

use clap::Subcommand;

use super::output::{BadInput, Exit, Out};
use crate::config::{Config, explain};

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Read the configuration file and say what is wrong with it
    Check,
    /// Say where the file and the running server differ, and what it takes to make them one
    Drift,
    /// Print every key with its meaning and default, as a configuration file to start from
    Explain {
        /// Only this key, as in relay.tls
        key: Option<String>,
    },
}

pub(crate) fn run(verb: Verb, file: Option<PathBuf>, out: &Out) -> anyhow::Result<Exit> {
    match verb {
        Verb::Explain { key } => {
            let text = match key {
                None => explain::reference(),
                Some(key) => explain::key(&key).map_err(BadInput::new)?,
            };
            out.value(text.trim_end(), &text)?;
            Ok(Exit::Done)
        }
        Verb::Drift => {
            let file = super::config_file(file)?;
            let config = Config::load(&file).map_err(|problems| BadInput::problems(&problems))?;
            super::drift::run(&config, out)
        }
        Verb::Check => {
            let file = super::config_file(file)?;
            let config = Config::load(&file).map_err(|problems| BadInput::problems(&problems))?;
            let problems = config.check();
            let errors = problems.iter().any(|p| p.severity == crate::config::Severity::Error);
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            if errors {
                return Err(BadInput::problems(&problems).into());
            }
            let mut told = format!("{} is good", file.display());
            for line in &lines {
                told = format!("{told}\n{line}");
            }
            out.done(&told, &serde_json::json!({ "file": file, "warnings": lines }))?;
            Ok(Exit::Done)
        }
    }
}
