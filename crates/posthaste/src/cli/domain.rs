//! `posthaste domain …`

use clap::Subcommand;

use super::output::{Exit, Out};
use crate::config::Config;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Let lists live in DOMAIN
    Add {
        /// As in lists.example.org
        domain: String,
        /// A line for people
        #[arg(long, default_value = "")]
        description: String,
        /// Another domain under which the MTA hands over mail for these lists
        #[arg(long, value_name = "DOMAIN")]
        alias: Option<String>,
    },
    /// Show all domains
    Ls,
    /// Remove DOMAIN; it must have no lists
    Rm {
        /// Which
        domain: String,
    },
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let store = super::store(config).await?;
    match verb {
        Verb::Add { domain, description, alias } => {
            let domain = domain.to_lowercase();
            posthaste_model::check_domain(&domain).map_err(super::output::BadInput::from_error)?;
            if let Some(alias) = &alias {
                posthaste_model::check_domain(alias).map_err(super::output::BadInput::from_error)?;
            }
            let added = store.add_domain(&domain, &description, alias.as_deref()).await?;
            super::refresh(config);
            out.done(&format!("Domain {domain} added"), &added)?;
        }
        Verb::Ls => {
            let domains = store.domains().await?;
            out.table(
                &["domain", "alias", "description"],
                domains.iter().map(|d| {
                    vec![
                        d.mail_host.clone(),
                        d.alias_domain.clone().unwrap_or_default(),
                        d.description.clone(),
                    ]
                }),
                &domains,
            )?;
        }
        Verb::Rm { domain } => {
            store.remove_domain(&domain.to_lowercase()).await?;
            super::refresh(config);
            out.done(&format!("Domain {domain} removed"), &serde_json::json!({ "removed": domain }))?;
        }
    }
    Ok(Exit::Done)
}
