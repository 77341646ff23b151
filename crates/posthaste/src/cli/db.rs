//! `posthaste db …`

use std::cmp::Ordering;

use clap::Subcommand;

use super::output::{Exit, Out};
use crate::config::Config;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Bring the tables up to this program's version
    Migrate,
    /// Compare the tables' version with this program's
    Check,
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let store = crate::serve::connect(config).await?;
    let schema = match verb {
        Verb::Migrate => {
            let before = store.schema().await?;
            store.migrate().await?;
            let after = store.schema().await?;
            let json =
                serde_json::json!({ "before": before.found, "found": after.found, "known": after.known });
            let told = if before.found == after.found {
                format!("The tables were up to date: version {}", after.found)
            } else {
                format!("The tables are now at version {} (before: {})", after.found, before.found)
            };
            out.done(&told, &json)?;
            return Ok(Exit::Done);
        }
        Verb::Check => store.schema().await?,
    };
    let json = serde_json::json!({ "found": schema.found, "known": schema.known });
    let (found, known) = (schema.found, schema.known);
    let (exit, told) = match found.cmp(&known) {
        Ordering::Equal => (Exit::Done, format!("The tables are up to date: version {found}")),
        Ordering::Less => (
            Exit::Failed,
            format!(
                "The tables are at version {found}, this program's are {known}; run: posthaste db migrate"
            ),
        ),
        Ordering::Greater => (
            Exit::Failed,
            format!(
                "The tables are at version {found}, newer than this program's {known}; install the newer Posthaste \
                 that wrote them"
            ),
        ),
    };
    out.done(&told, &json)?;
    Ok(exit)
}
