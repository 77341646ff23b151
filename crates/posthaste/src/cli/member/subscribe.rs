//! `posthaste member subscribe`: people become members, or are invited, with the mails that go with it.

use clap::{Args, ValueEnum};
use posthaste_lists::subscription::target::fold_target;
use posthaste_model::{Address, DeliveryMode};
use serde_json::Value;

use super::super::output::{BadInput, Exit, Out};
use crate::config::Config;
use crate::control::{MembershipRequest, Request, Response, ask};

/// So many are asked of the server at once; it answers within its deadline.
const CHUNK: usize = 50;

#[derive(Clone, Copy, ValueEnum, Debug)]
enum Digest {
    No,
    Mime,
    Plain,
}

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// LIST@DOMAIN
    list: String,
    /// The file, one `address` or `Name <address>` a line; `-` is standard input
    file: String,
    /// Ask each of them first; nobody is a member before answering
    #[arg(long)]
    invite: bool,
    /// Say welcome, or do not [default: as the list says]
    #[arg(long, value_name = "yes|no")]
    welcome: Option<String>,
    /// How they get the list's mail
    #[arg(long, value_enum)]
    digest: Option<Digest>,
}

pub(crate) fn run(options: &Options, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let greet = match options.welcome.as_deref() {
        None => None,
        Some("yes") => Some(true),
        Some("no") => Some(false),
        Some(other) => return Err(BadInput::new(format!("--welcome {other}: say yes or no")).into()),
    };
    let mode = options.digest.map(|digest| match digest {
        Digest::No => DeliveryMode::Regular,
        Digest::Mime => DeliveryMode::MimeDigests,
        Digest::Plain => DeliveryMode::PlaintextDigests,
    });
    let people = super::read(&options.file)?;
    let id = uuid::Uuid::new_v4();
    let (mut done, mut refused) = (0, vec![]);
    for chunk in people.chunks(CHUNK) {
        let about = MembershipRequest::Enrol {
            list: options.list.clone(),
            id,
            people: chunk.to_vec(),
            invite: options.invite,
            greet,
            mode,
            status: None,
            by: super::super::audit::on_the_command_line(),
        };
        match ask(&config.paths.state, &Request::Memberships { ask: about })? {
            None => {
                out.problem("no server is running, and these people are to be written to: posthaste serve")?;
                return Ok(Exit::NotRunning);
            }
            Some(Response::Failed(why)) => anyhow::bail!("{done} done, then: {why}"),
            Some(Response::Done(told)) => {
                done += told.get("done").and_then(serde_json::Value::as_u64).unwrap_or_default();
                let lines = told.get("refused").and_then(serde_json::Value::as_array).cloned();
                refused.extend(lines.unwrap_or_default());
            }
        }
    }
    let verb = if options.invite { "invited" } else { "subscribed" };
    let mut told = format!("{}: {done} {verb}, {} not", options.list, refused.len());
    for line in refused.iter().filter_map(serde_json::Value::as_str).take(20) {
        told.push_str(&format!("\n  {line}"));
    }
    out.done(&told, &serde_json::json!({ "done": done, "refused": refused }))?;
    Ok(Exit::Done)
}

/// Lets this address be asked to confirm things again.
pub(crate) async fn unblock(address: &str, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let address = Address::parse(address).map_err(BadInput::from_error)?;
    let (store, target) = (super::super::store(config).await?, fold_target(&address));
    let was = store.unblock(&target).await?;
    if was {
        super::super::audit::note(&store, "unblock", "", &target, Value::Null, Value::Null).await;
    }
    let told = if was { "may be asked again" } else { "was not blocked" };
    out.done(&format!("{address} {told}"), &serde_json::json!({ "was_blocked": was }))?;
    Ok(Exit::Done)
}
