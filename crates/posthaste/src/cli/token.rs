//! `posthaste token …`

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use posthaste_model::Timestamp;
use posthaste_rest::{Grant, Kind, NewToken, Reach};
use posthaste_store::ApiToken;
use serde_json::{Value, json};

use super::output::{BadInput, Exit, Out};
use crate::config::Config;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Make a token, and show it: this once only
    Create {
        /// What it is called, in lists and in the audit log
        name: String,
        /// For this list only: LIST@DOMAIN
        #[arg(long, conflicts_with = "domain")]
        list: Option<String>,
        /// For the lists of this domain only
        #[arg(long)]
        domain: Option<String>,
        /// What it may do; several with commas between them
        #[arg(long, value_delimiter = ',', required = true)]
        can: Vec<Can>,
        /// How many days it holds; for ever without it
        #[arg(long, value_name = "DAYS")]
        days: Option<u32>,
    },
    /// Show all tokens; what they are is not known to us either
    Ls,
    /// End a token
    Revoke {
        /// What it is called
        name: String,
    },
}

/// What a token may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Can {
    /// Look at lists, settings and counts
    Read,
    /// Decide on what waits for moderators; bans, header matches
    Moderate,
    /// Look at and change members
    Members,
    /// Change settings, make and remove lists
    Settings,
}

impl Can {
    const fn kind(self) -> Kind {
        match self {
            Self::Read => Kind::Read,
            Self::Moderate => Kind::Moderate,
            Self::Members => Kind::Members,
            Self::Settings => Kind::Settings,
        }
    }
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let store = super::store(config).await?;
    match verb {
        Verb::Create { name, list, domain, can, days } => {
            if name.trim().is_empty() || name.chars().count() > 200 {
                return Err(BadInput::new("a token needs a name of at most 200 characters").into());
            }
            let reach = match (&list, domain) {
                (Some(list), _) => Reach::List(super::list::find(&store, list).await?.list_id),
                (None, Some(domain)) => match store.domain(&domain).await? {
                    Some(domain) => Reach::Domain(domain.mail_host),
                    None => return Err(BadInput::new(format!("there is no domain {domain}")).into()),
                },
                (None, None) => Reach::Site,
            };
            let mut kinds: Vec<_> = can.into_iter().map(Can::kind).collect();
            kinds.sort_unstable();
            kinds.dedup();
            let (reach, target, kinds) = Grant { reach, kinds }.write();
            let (token, now) = (NewToken::of(rand::random()), super::now());
            let lasting = |days: u32| now.plus(Duration::from_hours(u64::from(days) * 24));
            let row = ApiToken {
                id: uuid::Uuid::now_v7(),
                name: name.clone(),
                reach,
                target,
                kinds,
                created_at: now,
                expires_at: days.map(lasting),
                revoked_at: None,
                last_used_at: None,
            };
            if !store.add_api_token(&row, &token.hash).await? {
                let told = format!("there is a token {name}; revoke it first: posthaste token revoke {name}");
                return Err(BadInput::new(told).into());
            }
            let became = json!({ "reach": row.reach, "target": row.target, "can": row.kinds });
            super::audit::note(&store, "create token", "", &name, Value::Null, became).await;
            out.done(&token.text, &json!({ "name": name, "token": token.text }))?;
        }
        Verb::Ls => {
            let tokens = store.api_tokens().await?;
            let all: Vec<_> = tokens.iter().map(shown).collect();
            let moment = |at: Option<Timestamp>| {
                at.map(|at| at.to_string().chars().take(19).collect()).unwrap_or_default()
            };
            out.table(
                &["name", "for", "can", "made", "ends", "last used", "revoked"],
                tokens.iter().map(|token| {
                    vec![
                        token.name.clone(),
                        if token.target.is_empty() { token.reach.clone() } else { token.target.clone() },
                        token.kinds.clone(),
                        moment(Some(token.created_at)),
                        moment(token.expires_at),
                        moment(token.last_used_at),
                        moment(token.revoked_at),
                    ]
                }),
                &all,
            )?;
        }
        Verb::Revoke { name } => {
            if !store.revoke_api_token(&name, super::now()).await? {
                out.problem(&format!("there is no token {name} that holds"))?;
                return Ok(Exit::Failed);
            }
            super::audit::note(&store, "revoke token", "", &name, Value::Null, Value::Null).await;
            out.done(&format!("{name} lets nobody in any more"), &json!({ "revoked": name }))?;
        }
    }
    Ok(Exit::Done)
}

fn shown(token: &ApiToken) -> Value {
    json!({
        "name": token.name,
        "reach": token.reach,
        "target": token.target,
        "can": token.kinds.split(',').collect::<Vec<_>>(),
        "created_at": token.created_at.to_string(),
        "expires_at": token.expires_at.map(|at| at.to_string()),
        "revoked_at": token.revoked_at.map(|at| at.to_string()),
        "last_used_at": token.last_used_at.map(|at| at.to_string()),
    })
}
