//! `posthaste header-match …`

use clap::Subcommand;
use posthaste_model::Action;
use posthaste_store::HeaderMatch;
use serde_json::{Value, json};

use super::output::{BadInput, Exit, Out};
use crate::config::Config;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Show what a list watches for in header fields, in order
    Ls {
        /// LIST@DOMAIN
        list: String,
    },
    /// Watch a header field, behind what is watched already
    Add {
        /// LIST@DOMAIN
        list: String,
        /// The field's name, as in X-Spam-Flag
        header: String,
        /// A regular expression as in Python, ignoring case
        pattern: String,
        /// hold, reject, discard or accept; left out: what `[rules] header_action` says
        #[arg(long, value_name = "ACTION")]
        action: Option<String>,
        /// A word to find it by
        #[arg(long)]
        tag: Option<String>,
    },
    /// Watch no longer
    Rm {
        /// LIST@DOMAIN
        list: String,
        /// Its position, as `header-match ls` shows it
        position: u32,
    },
    /// Ask earlier or later
    Mv {
        /// LIST@DOMAIN
        list: String,
        /// Its position now
        from: u32,
        /// Its new position
        to: u32,
    },
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let store = super::store(config).await?;
    match verb {
        Verb::Ls { list } => {
            let list = super::list::find(&store, &list).await?;
            let rules = store.header_matches(list.id).await?;
            let json: Vec<_> = (0..).zip(&rules).map(|(at, rule)| as_json(at, rule)).collect();
            let rows = rules.iter().enumerate().map(|(at, rule)| {
                let action = rule.action.map_or("(the site's)", Action::name).to_owned();
                let tag = rule.tag.clone().unwrap_or_default();
                vec![at.to_string(), rule.header.clone(), rule.pattern.clone(), action, tag]
            });
            out.table(&["position", "header", "pattern", "action", "tag"], rows, &json)?;
        }
        Verb::Add { list, header, pattern, action, tag } => {
            let list = super::list::find(&store, &list).await?;
            let action = action.map(|a| a.parse::<Action>()).transpose();
            let action = action.map_err(|e| BadInput::new(format!("--action: {e}")))?;
            if action == Some(Action::Defer) {
                return Err(BadInput::new(
                    "--action: defer would do nothing; say hold, reject, discard or accept",
                )
                .into());
            }
            let rule = HeaderMatch { header, pattern, action, tag };
            let position = store.add_header_match(list.id, &rule).await?;
            let (id, told) = (list.list_id.to_string(), as_json(position, &rule));
            super::audit::note(&store, "header-match", &id, &rule.header, Value::Null, told.clone()).await;
            out.done(&format!("{}: header match {position} added", list.name), &told)?;
        }
        Verb::Rm { list, position } => {
            let list = super::list::find(&store, &list).await?;
            let was = store.header_matches(list.id).await?.into_iter().nth(position as usize);
            store.remove_header_match(list.id, position).await?;
            let was = was.map_or(Value::Null, |rule| as_json(position, &rule));
            let object = position.to_string();
            super::audit::note(&store, "header-match", list.list_id.as_str(), &object, was, Value::Null)
                .await;
            out.done(
                &format!("{}: header match {position} removed", list.name),
                &json!({ "removed": position }),
            )?;
        }
        Verb::Mv { list, from, to } => {
            let list = super::list::find(&store, &list).await?;
            store.move_header_match(list.id, from, to).await?;
            out.done(
                &format!("{}: header match {from} is now at {to}", list.name),
                &json!({ "position": to }),
            )?;
        }
    }
    Ok(Exit::Done)
}

fn as_json(position: u32, rule: &HeaderMatch) -> Value {
    json!({
        "position": position, "header": rule.header, "pattern": rule.pattern,
        "action": rule.action.map(Action::name), "tag": rule.tag,
    })
}
