//! `posthaste digest …`

use clap::{Subcommand, ValueEnum};
use posthaste_model::{Address, DeliveryMode, ListName, Role};
use posthaste_store::MemberChange;
use serde_json::json;

use super::output::{BadInput, Exit, Out};
use crate::config::Config;
use crate::control::{Request, Response, ask};

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Show what waits for the next digests
    Ls,
    /// Send what was collected now, due or not
    Send {
        /// LIST@DOMAIN; of every list if it is left out
        list: Option<String>,
    },
    /// How a member gets the posts of a list
    Mode {
        /// LIST@DOMAIN
        list: String,
        /// The member
        address: String,
        /// In which form
        #[arg(value_enum)]
        mode: ModeName,
    },
}

#[derive(Clone, Copy, ValueEnum, Debug)]
pub(crate) enum ModeName {
    /// Each post by itself
    Regular,
    /// Digests of plain text
    Plain,
    /// Digests of whole messages
    Mime,
    /// Digests as a page
    Html,
}

impl From<ModeName> for DeliveryMode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Regular => Self::Regular,
            ModeName::Plain => Self::PlaintextDigests,
            ModeName::Mime => Self::MimeDigests,
            ModeName::Html => Self::SummaryDigests,
        }
    }
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    match verb {
        Verb::Ls => ls(config, out).await,
        Verb::Send { list } => send(list.as_deref(), config, out),
        Verb::Mode { list, address, mode } => {
            let store = super::store(config).await?;
            let list = super::list::find(&store, &list).await?;
            let address = Address::parse(&address).map_err(BadInput::from_error)?;
            let Some(member) = store.member(list.id, &address, Role::Member).await? else {
                return Err(BadInput::new(format!("{address} is no member of {}", list.name)).into());
            };
            let mut preferences = member.preferences;
            preferences.delivery_mode = Some(mode.into());
            let change = MemberChange { preferences: Some(preferences), ..MemberChange::default() };
            store.set_member(list.id, &address, Role::Member, &change).await?;
            let mode = DeliveryMode::from(mode);
            out.done(
                &format!("{address} now gets {}: {}", list.name, words(mode)),
                &json!({ "mode": mode }),
            )?;
            Ok(Exit::Done)
        }
    }
}

fn words(mode: DeliveryMode) -> &'static str {
    match mode {
        DeliveryMode::Regular => "each post by itself",
        DeliveryMode::PlaintextDigests => "digests of plain text",
        DeliveryMode::MimeDigests => "digests of whole messages",
        DeliveryMode::SummaryDigests => "digests as a page",
    }
}

async fn ls(config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let store = super::store(config).await?;
    let mut rows = vec![];
    for backlog in store.digest_backlog().await? {
        let Some(list) = store.list_by_key(backlog.list).await? else { continue };
        rows.push((list, backlog));
    }
    rows.sort_by(|(a, _), (b, _)| a.list_id.cmp(&b.list_id));
    out.table(
        &["list", "posts", "KiB", "since", "next"],
        rows.iter().map(|(list, backlog)| {
            vec![
                list.name.to_string(),
                backlog.posts.to_string(),
                backlog.size.div_ceil(1024).to_string(),
                backlog.oldest.to_string(),
                format!("volume {}, issue {}", list.volume, list.next_digest_number),
            ]
        }),
        &json!(
            rows.iter()
                .map(|(list, backlog)| json!({
                    "list": list.name, "posts": backlog.posts, "size": backlog.size, "since": backlog.oldest,
                    "volume": list.volume, "number": list.next_digest_number,
                }))
                .collect::<Vec<_>>()
        ),
    )?;
    Ok(Exit::Done)
}

fn send(list: Option<&str>, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let list = list.map(ListName::parse).transpose().map_err(BadInput::from_error)?;
    match ask(&config.paths.state, &Request::SendDigests { list })? {
        None => {
            out.problem(&format!("no server is running on {}", config.paths.state.display()))?;
            Ok(Exit::NotRunning)
        }
        Some(Response::Failed(why)) => anyhow::bail!(why),
        Some(Response::Done(sent)) => {
            out.done(&format!("{sent} digests went out"), &json!({ "sent": sent }))?;
            Ok(Exit::Done)
        }
    }
}
