//! `posthaste mta …`: what the mail server in front needs.

use clap::Subcommand;
use posthaste_lists::Names;
use posthaste_lists::intake::Snapshot;

use super::output::{BadInput, Exit, Out};
use crate::config::Config;
use crate::mta::{snippets, write};

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Print the lines for Postfix's main.cf
    Postfix,
    /// Print the router and transport for Exim
    Exim,
    /// Write the tables of `mta.maps` now; a running server keeps them up to date by itself
    Maps,
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let names = names(config).await?;
    match verb {
        Verb::Postfix => {
            let text = snippets::postfix(config, &names);
            out.value(&text, &serde_json::json!({ "main.cf": text }))?;
        }
        Verb::Exim => {
            let text = snippets::exim(config, &names);
            out.value(&text, &serde_json::json!({ "exim.conf": text }))?;
        }
        Verb::Maps => {
            let (written, problems) = write::write(config, &names);
            if !problems.is_empty() {
                return Err(BadInput::many("the tables are not all written", problems).into());
            }
            let text = match written.as_slice() {
                [] => "Nothing has changed (mta.maps tells which tables are kept)".to_owned(),
                files => {
                    files.iter().map(|f| format!("{} written", f.display())).collect::<Vec<_>>().join("\n")
                }
            };
            out.done(&text, &written)?;
        }
    }
    Ok(Exit::Done)
}

pub(crate) async fn names(config: &Config) -> anyhow::Result<Names> {
    let rows = super::store(config).await?.directory().await?;
    let mut snapshot = Snapshot::default();
    for list in rows.lists {
        snapshot.add_list(&list.name, list.list_id);
    }
    for domain in rows.domains {
        snapshot.add_domain(&domain.mail_host, domain.alias_domain.as_deref());
    }
    Ok(snapshot.names())
}
