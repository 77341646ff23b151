//! `posthaste request …`: who asked to join or leave, and waits for a moderator.

use clap::Subcommand;
use posthaste_model::TokenOwner;
use uuid::Uuid;

use super::output::{BadInput, Exit, Out};
use crate::config::Config;
use crate::control::{MembershipRequest, Request, Response, ask};

/// Requests read at once.
const PAGE: u64 = 1_000;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Show the requests that wait for a moderator
    Ls {
        /// Only those of LIST@DOMAIN
        list: Option<String>,
    },
    /// Let it be done
    Accept {
        /// The request's id, from `posthaste request ls`
        id: String,
    },
    /// Let it not be done, and say so to who asked
    Reject {
        /// The request's id
        id: String,
        /// Why; the other reads it
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Forget it silently
    Discard {
        /// The request's id
        id: String,
    },
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    match verb {
        Verb::Ls { list } => ls(list, config, out).await,
        Verb::Accept { id } => decide(&id, "accept", None, config, out),
        Verb::Reject { id, reason } => decide(&id, "reject", reason, config, out),
        Verb::Discard { id } => decide(&id, "discard", None, config, out),
    }
}

async fn ls(list: Option<String>, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let store = super::store(config).await?;
    let list = match list {
        Some(name) => Some(super::list::find(&store, &name).await?.id),
        None => None,
    };
    let (mut all, mut after) = (vec![], None);
    loop {
        let page = store.requests(list, TokenOwner::Moderator, after, PAGE, super::now()).await?;
        let Some(end) = page.last() else { break };
        after = Some(end.id);
        all.extend(page);
    }
    all.sort_by_key(|request| request.asked_at);
    let mut rows = vec![];
    for request in &all {
        let list = store.list_by_key(request.list).await?.map(|list| list.name.to_string());
        rows.push(vec![
            request.id.to_string(),
            list.unwrap_or_default(),
            request.action.name().to_owned(),
            request.address.to_string(),
            request.asked_at.to_string(),
        ]);
    }
    out.table(&["id", "list", "asks to", "address", "since"], rows.into_iter(), &all)?;
    Ok(Exit::Done)
}

fn decide(
    id: &str,
    verdict: &str,
    reason: Option<String>,
    config: &Config,
    out: &Out,
) -> anyhow::Result<Exit> {
    let id = Uuid::try_parse(id)
        .map_err(|_| BadInput::new(format!("{id:?} is not the id of a request: posthaste request ls")))?;
    let by = super::audit::on_the_command_line();
    let about = MembershipRequest::Decide { id, verdict: verdict.to_owned(), reason, by };
    match ask(&config.paths.state, &Request::Memberships { ask: about })? {
        None => {
            out.problem("no server is running: start one with posthaste serve")?;
            Ok(Exit::NotRunning)
        }
        Some(Response::Done(told)) => {
            out.done(told.as_str().unwrap_or_default(), &serde_json::json!({ "told": told }))?;
            Ok(Exit::Done)
        }
        Some(Response::Failed(why)) => anyhow::bail!(why),
    }
}
