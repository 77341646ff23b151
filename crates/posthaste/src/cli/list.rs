//! `posthaste list …`

mod explain;

use clap::Subcommand;
use posthaste_lists::lint::{Lint, Signing, lint};
use posthaste_lists::{hash_password, is_password_hash};
use posthaste_model::{Address, ListName, ListSeed, ListSettings, MailingList, Style};
use posthaste_store::{ListSummary, Store};
use serde_json::Value;

use super::output::{BadInput, Exit, Out};
use crate::config::Config;
use crate::control::{HandRequest, Request, Response, ask};

/// So many lists are read at once.
const PAGE: u64 = 1_000;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Make a list; its domain must have been added
    Create {
        /// As in dev@lists.example.org
        list: String,
        /// Who runs it; may be given more than once
        #[arg(long = "owner", value_name = "ADDRESS")]
        owners: Vec<String>,
        /// legacy-default, legacy-announce or private-default
        #[arg(long, default_value = "legacy-default", value_name = "NAME")]
        style: String,
        /// Write to the owners that it is there; needs the running server
        #[arg(long)]
        notify: bool,
    },
    /// Show all lists
    Ls,
    /// Show one list with its settings
    Show {
        /// LIST@DOMAIN
        list: String,
        /// Only this setting
        key: Option<String>,
    },
    /// Change a setting; `posthaste list settings` tells which there are
    Set {
        /// LIST@DOMAIN
        list: String,
        /// Its name, as in Mailman
        key: String,
        /// Its new value; `-` reads it from standard input. Several lines make a list of values
        value: String,
    },
    /// Which settings break the signatures of authors, and what that costs
    Lint {
        /// LIST@DOMAIN
        list: String,
    },
    /// Say what would become of a message, rule by rule, and why; or, with --held and --set, of the posts that wait
    Explain(explain::Options),
    /// Show what can be set
    Settings,
    /// Remove a list with its members; mail that waits for it stays in the queue
    Rm {
        /// LIST@DOMAIN
        list: String,
    },
}

/// The list a person named.
pub(super) async fn find(store: &Store, text: &str) -> anyhow::Result<MailingList> {
    let name = ListName::parse(text).map_err(BadInput::from_error)?;
    store
        .list_by_name(&name)
        .await?
        .ok_or_else(|| BadInput::new(format!("there is no list {name}; posthaste list ls shows all")).into())
}

#[expect(clippy::too_many_lines, reason = "an arm for each verb")]
pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    if let Verb::Settings = verb {
        let keys = ListSettings::KEYS;
        out.table(&["setting", "meaning"], keys.iter().map(|(k, d)| vec![(*k).into(), (*d).into()]), keys)?;
        return Ok(Exit::Done);
    }
    let store = super::store(config).await?;
    match verb {
        Verb::Settings => {}
        Verb::Explain(options) => return explain::run(options, &store, config, out).await,
        Verb::Create { list, owners, style, notify } => {
            let name = ListName::parse(&list).map_err(BadInput::from_error)?;
            let style: Style = style.parse().map_err(|e| BadInput::new(format!("--style {style:?}: {e}")))?;
            let owners: Vec<Address> = owners
                .iter()
                .map(|o| Address::parse(o))
                .collect::<Result<_, _>>()
                .map_err(|e| BadInput::new(format!("--owner: {e}")))?;
            let at = super::now();
            let made = store.create_list(ListSeed { name, style, at }, &owners).await?;
            super::refresh(config);
            super::audit::note(&store, "create", made.list_id.as_str(), "list", Value::Null, Value::Null)
                .await;
            out.done(&format!("List {} created", made.name), &made)?;
            if notify && !owners.is_empty() {
                return announce(&made.name, owners, config, out);
            }
        }
        Verb::Ls => {
            let mut lists: Vec<ListSummary> = vec![];
            loop {
                let page = store.lists(lists.last().map(|l| &l.list_id), PAGE).await?;
                if page.is_empty() {
                    break;
                }
                lists.extend(page);
            }
            let json: Vec<_> = lists
                .iter()
                .map(|l| {
                    serde_json::json!({
                        "list": l.name, "list_id": l.list_id, "display_name": l.display_name,
                        "description": l.description, "advertised": l.advertised, "members": l.members,
                    })
                })
                .collect();
            out.table(
                &["list", "members", "description"],
                lists.iter().map(|l| vec![l.name.to_string(), l.members.to_string(), l.description.clone()]),
                &json,
            )?;
        }
        Verb::Show { list, key } => {
            let list = find(&store, &list).await?;
            match key {
                Some(key) => {
                    let value = list.settings.get(&key).map_err(BadInput::from_error)?;
                    out.value(&plain(&value), &value)?;
                }
                None => show(&list, out)?,
            }
        }
        Verb::Set { list, key, value } => {
            let mut list = find(&store, &list).await?;
            let value = if value == "-" { std::io::read_to_string(std::io::stdin())? } else { value };
            let before = list.settings.get(&key).unwrap_or_default();
            let secret = key == "moderator_password";
            let value = if secret { hashed(&value)? } else { value };
            list.settings.set(&key, &Value::String(value)).map_err(BadInput::from_error)?;
            store.save_settings(list.id, &list.settings).await?;
            let now = list.settings.get(&key)?;
            let (was, became) = super::audit::setting(&key, before, now.clone());
            super::audit::note(&store, "set", list.list_id.as_str(), &key, was, became).await;
            let now = if secret { "(kept as a hash)".into() } else { now };
            out.done(&format!("{}: {key} = {}", list.name, plain(&now)), &serde_json::json!({ key: now }))?;
        }
        Verb::Lint { list } => {
            let list = find(&store, &list).await?;
            let host = list.name.host();
            let keys = crate::serve::keyring(config);
            let signs = config.dkim.sign && !keys.signing(host).is_empty();
            let site = Signing { signs, seals: config.dkim.seal && !keys.signing(host).is_empty() };
            let found = lint(&list, site);
            if found.is_empty() {
                out.done(&format!("{}: signatures of authors stay whole", list.name), &found)?;
                return Ok(Exit::Done);
            }
            let row = |l: &Lint| {
                let weight = if l.serious { "members miss mail" } else { "" };
                vec![l.setting.to_owned(), l.what.clone(), weight.to_owned(), l.fix.clone()]
            };
            out.table(&["setting", "what it does", "", "instead"], found.iter().map(row), &found)?;
        }
        Verb::Rm { list } => {
            let list = find(&store, &list).await?;
            store.remove_list(list.id).await?;
            super::refresh(config);
            super::audit::note(&store, "remove", list.list_id.as_str(), "list", Value::Null, Value::Null)
                .await;
            out.done(&format!("List {} removed", list.name), &serde_json::json!({ "removed": list.name }))?;
        }
    }
    Ok(Exit::Done)
}

/// Lets the running server write to the owners of a new list.
fn announce(list: &ListName, owners: Vec<Address>, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let about = HandRequest::NewList { list: list.clone(), owners };
    match ask(&config.paths.state, &Request::Hands { ask: about })? {
        Some(Response::Done(_)) => Ok(Exit::Done),
        Some(Response::Failed(why)) => anyhow::bail!("the list is there, its owners were not told: {why}"),
        None => {
            out.problem(
                "the list is there, its owners were not told: no server is running (posthaste serve)",
            )?;
            Ok(Exit::NotRunning)
        }
    }
}

/// A new moderator's password as it is stored; what is a hash already stays.
fn hashed(password: &str) -> anyhow::Result<String> {
    let password = password.trim();
    if password.is_empty() || is_password_hash(password) {
        return Ok(password.to_owned());
    }
    let hash = hash_password(password, rand::random());
    hash.ok_or_else(|| BadInput::new("moderator_password: at most 256 octets will do").into())
}

fn show(list: &MailingList, out: &Out) -> anyhow::Result<()> {
    let mut rows = vec![
        vec!["list".into(), list.name.to_string()],
        vec!["list_id".into(), list.list_id.to_string()],
        vec!["created_at".into(), list.created_at.to_string()],
        vec!["last_post_at".into(), list.last_post_at.map_or("never".into(), |t| t.to_string())],
        vec!["post_id".into(), list.post_id.to_string()],
    ];
    for (key, _) in ListSettings::KEYS {
        rows.push(vec![(*key).into(), plain(&list.settings.get(key)?)]);
    }
    out.table(&["setting", "value"], rows.into_iter(), list)?;
    Ok(())
}

/// A setting's value as a person writes it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.into(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join("\n"),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
