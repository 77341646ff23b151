//! `posthaste ban …`

use clap::Subcommand;
use posthaste_store::{Scope, Store};
use serde_json::{Value, json};

use super::output::{Exit, Out};
use crate::config::Config;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Show who may neither write nor join: on every list, or on one
    Ls {
        /// LIST@DOMAIN; left out: the bans of the whole site
        #[arg(long)]
        list: Option<String>,
    },
    /// Ban an address, everybody at @DOMAIN, or what matches a ^regular expression
    Add {
        /// Whom
        entry: String,
        /// LIST@DOMAIN; left out: on every list
        #[arg(long)]
        list: Option<String>,
    },
    /// Lift a ban
    Rm {
        /// As it was typed
        entry: String,
        /// LIST@DOMAIN; left out: a ban of the whole site
        #[arg(long)]
        list: Option<String>,
    },
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let store = super::store(config).await?;
    match verb {
        Verb::Ls { list } => {
            let (scope, _, _) = scope(&store, list.as_deref()).await?;
            let bans = store.bans(scope).await?;
            let entries: Vec<_> = bans.iter().map(|b| b.entry.as_str()).collect();
            out.table(&["banned"], entries.iter().map(|e| vec![(*e).to_owned()]), &entries)?;
        }
        Verb::Add { entry, list } => {
            let (scope, id, place) = scope(&store, list.as_deref()).await?;
            store.add_ban(scope, &entry, super::now()).await?;
            super::audit::note(&store, "ban", &id, &entry, Value::Null, json!(entry)).await;
            out.done(&format!("{entry} is banned from {place}"), &json!({ "banned": entry }))?;
        }
        Verb::Rm { entry, list } => {
            let (scope, id, place) = scope(&store, list.as_deref()).await?;
            let was = store.remove_ban(scope, &entry).await?;
            if !was {
                out.done(&format!("{entry} was not banned from {place}"), &json!({ "lifted": false }))?;
                return Ok(Exit::Failed);
            }
            super::audit::note(&store, "unban", &id, &entry, json!(entry), Value::Null).await;
            out.done(&format!("{entry} is no longer banned from {place}"), &json!({ "lifted": true }))?;
        }
    }
    Ok(Exit::Done)
}

/// Where the ban holds, the list-id for the audit log, and its name for people.
async fn scope(store: &Store, list: Option<&str>) -> anyhow::Result<(Scope, String, String)> {
    match list {
        None => Ok((Scope::Site, String::new(), "every list".to_owned())),
        Some(list) => {
            let list = super::list::find(store, list).await?;
            Ok((Scope::List(list.id), list.list_id.to_string(), list.name.to_string()))
        }
    }
}
