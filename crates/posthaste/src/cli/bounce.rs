//! `posthaste bounce …`

use clap::Subcommand;
use posthaste_model::{Address, DeliveryStatus, Member, Role};
use posthaste_store::{BounceEvent, Standing, Store};
use serde_json::json;

use super::output::{BadInput, Exit, Out};
use crate::config::Config;

/// Read from the database at once.
const PAGE: u64 = 2_000;
/// So many failures of a member are shown.
const SHOWN: u64 = 100;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Show the members of LIST, or of all lists, to whom mail failed
    Ls {
        /// LIST@DOMAIN
        list: Option<String>,
        /// Only those whose delivery is switched off
        #[arg(long)]
        off: bool,
    },
    /// Show what failed for ADDRESS on LIST, and what became of each failure
    Show {
        /// LIST@DOMAIN
        list: String,
        /// Whose
        address: String,
    },
    /// Forget what failed for ADDRESS … on LIST, and switch their delivery on again
    Reset {
        /// LIST@DOMAIN
        list: String,
        /// Whose
        #[arg(required = true)]
        addresses: Vec<String>,
    },
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let store = super::store(config).await?;
    match verb {
        Verb::Ls { list, off } => {
            let lists = match list {
                Some(list) => vec![super::list::find(&store, &list).await?],
                None => all(&store).await?,
            };
            let (mut rows, mut told) = (vec![], vec![]);
            for list in &lists {
                for (member, standing) in standings(&store, list.id).await? {
                    if off && !is_off(&member) {
                        continue;
                    }
                    told.push(document(&list.name.to_string(), &member, &standing));
                    rows.push(row(&list.name.to_string(), &member, &standing));
                }
            }
            let head = ["list", "address", "score", "last failure", "delivery", "warnings", "reason"];
            out.table(&head, rows.into_iter(), &told)?;
        }
        Verb::Show { list, address } => {
            let list = super::list::find(&store, &list).await?;
            let address = Address::parse(&address).map_err(BadInput::from_error)?;
            let events = store.bounces_of(list.id, address.key(), SHOWN).await?;
            let documents: Vec<_> = events.iter().map(event).collect();
            let rows = events.iter().map(|e| {
                let said = [e.status.as_str(), e.diagnostic.as_str()].join(" ");
                vec![
                    e.at.to_string(),
                    e.verdict.name().into(),
                    e.blame.clone(),
                    trust(e).into(),
                    said.trim().into(),
                ]
            });
            out.table(&["when", "became", "blame", "proof", "said"], rows, &documents)?;
        }
        Verb::Reset { list, addresses } => {
            let list = super::list::find(&store, &list).await?;
            let mut members = vec![];
            for address in &addresses {
                let address = Address::parse(address).map_err(BadInput::from_error)?;
                let member = store.member(list.id, &address, Role::Member).await?;
                members.push(
                    member
                        .ok_or_else(|| BadInput::new(format!("{address} is no member of {}", list.name)))?,
                );
            }
            let mut on = 0;
            for member in &members {
                on += u64::from(store.forgive(member.id).await?);
            }
            let text = format!(
                "{}: failures of {} forgotten, delivery to {on} switched on again",
                list.name,
                members.len()
            );
            out.done(&text, &json!({ "reset": members.len(), "enabled": on }))?;
        }
    }
    Ok(Exit::Done)
}

async fn all(store: &Store) -> anyhow::Result<Vec<posthaste_model::MailingList>> {
    let (mut lists, mut after) = (vec![], None);
    loop {
        let page = store.lists(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(lists) };
        after = Some(last.list_id.clone());
        for summary in &page {
            lists.extend(store.list_by_id(&summary.list_id).await?);
        }
    }
}

async fn standings(store: &Store, list: uuid::Uuid) -> anyhow::Result<Vec<(Member, Standing)>> {
    let (mut found, mut after) = (vec![], None);
    loop {
        let page = store.standings(list, after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(found) };
        after = Some(last.id);
        found.extend(page);
    }
}

fn is_off(member: &Member) -> bool {
    member.preferences.delivery_status == Some(DeliveryStatus::ByBounces)
}

fn row(list: &str, member: &Member, standing: &Standing) -> Vec<String> {
    vec![
        list.to_owned(),
        member.address.to_string(),
        standing.score.to_string(),
        standing.last_bounce.map(|at| at.to_string()).unwrap_or_default(),
        if is_off(member) { "off" } else { "on" }.to_owned(),
        standing.warnings.to_string(),
        standing.reason.clone(),
    ]
}

fn document(list: &str, member: &Member, standing: &Standing) -> serde_json::Value {
    let moment = |at: Option<posthaste_model::Timestamp>| at.map(|at| at.to_string());
    json!({
        "list": list, "address": member.address, "off": is_off(member), "score": standing.score,
        "last_bounce": moment(standing.last_bounce), "reason": standing.reason, "warnings": standing.warnings,
        "disabled_at": moment(standing.disabled_at), "last_warning": moment(standing.last_warning),
    })
}

fn event(event: &BounceEvent) -> serde_json::Value {
    json!({
        "at": event.at.to_string(), "verdict": event.verdict, "blame": event.blame, "proven": event.proven,
        "probe": event.probe, "status": event.status, "diagnostic": event.diagnostic,
    })
}

fn trust(event: &BounceEvent) -> &'static str {
    match (event.probe, event.proven) {
        (true, _) => "probe",
        (_, true) => "signed",
        _ => "none",
    }
}
