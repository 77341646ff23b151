//! `posthaste archive …`

mod export;
mod import;

use std::path::PathBuf;

use clap::Subcommand;
use posthaste_archive::{Bodies, BodyKey};
use posthaste_model::Timestamp;
use posthaste_store::Store;
use serde_json::json;

use super::output::{BadInput, Exit, Out};
use crate::config::Config;

/// Posts are checked so many at a time.
const PAGE: u64 = 1_000;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Bring posts from elsewhere into a list's archive: mbox files, also compressed with gzip, maildirs, folders of
    /// either. What is there already stays; run again, it goes on where it stopped
    Import {
        /// LIST@DOMAIN
        list: String,
        /// The file or folder
        path: PathBuf,
    },
    /// Write a list's archive as an mbox
    Export {
        /// LIST@DOMAIN
        list: String,
        /// The file; compressed if its name ends in .gz; `-` is standard output
        file: PathBuf,
        /// Only posts from this day on, as in 2023-03-07
        #[arg(long, value_name = "DAY")]
        from: Option<String>,
        /// Only posts from before this day
        #[arg(long, value_name = "DAY")]
        until: Option<String>,
    },
    /// Show what each archive holds
    Stats,
    /// Read every archived post, and tell which are missing or damaged
    Check,
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let store = super::store(config).await?;
    let bodies = Bodies::new(config.archive_folder());
    match verb {
        Verb::Import { list, path } => import::run(&store, &bodies, &list, &path, out).await,
        Verb::Export { list, file, from, until } => {
            let span = (day(from.as_deref())?, day(until.as_deref())?);
            export::run(&store, &bodies, &list, &file, span, out).await
        }
        Verb::Stats => stats(&store, out).await,
        Verb::Check => check(&store, &bodies, out).await,
    }
}

fn day(text: Option<&str>) -> anyhow::Result<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    let at = Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z"));
    at.map(Some).ok_or_else(|| BadInput::new(format!("{text:?} is no day: write it as in 2023-03-07")).into())
}

async fn stats(store: &Store, out: &Out) -> anyhow::Result<Exit> {
    let mut rows = vec![];
    for stats in store.archive_stats().await? {
        let Some(list) = store.list_by_key(stats.list).await? else { continue };
        rows.push((list.name, list.settings.archive_policy, stats));
    }
    rows.sort_by_key(|(name, _, _)| name.to_string());
    let short = |at: Timestamp| at.to_string().chars().take(10).collect::<String>();
    let json: Vec<_> = rows
        .iter()
        .map(|(name, policy, stats)| {
            json!({
                "list": name, "archive_policy": policy, "messages": stats.messages, "threads": stats.threads,
                "size": stats.size, "first": stats.first.to_string(), "last": stats.last.to_string(),
            })
        })
        .collect();
    out.table(
        &["list", "readers", "posts", "threads", "KiB", "first", "last"],
        rows.iter().map(|(name, policy, stats)| {
            vec![
                name.to_string(),
                policy.to_string(),
                stats.messages.to_string(),
                stats.threads.to_string(),
                stats.size.div_ceil(1024).to_string(),
                short(stats.first),
                short(stats.last),
            ]
        }),
        &json,
    )?;
    Ok(Exit::Done)
}

async fn check(store: &Store, bodies: &Bodies, out: &Out) -> anyhow::Result<Exit> {
    let (mut after, mut read, mut bad) = (None, 0_u64, vec![]);
    loop {
        let page = store.archived_bodies(after, PAGE).await?;
        let Some((last, ..)) = page.last() else { break };
        after = Some(*last);
        for (_, list, hash, body) in page {
            read += 1;
            if let Err(error) = body.parse::<BodyKey>().and_then(|key| bodies.get(key)) {
                bad.push((list, hash, error.to_string()));
            }
        }
    }
    for (list, hash, error) in &bad {
        let name = store.list_by_key(*list).await?.map_or_else(|| list.to_string(), |l| l.name.to_string());
        out.problem(&format!("{name}, post {hash}: {error}"))?;
    }
    let text = match bad.len() {
        0 => format!("{read} posts read, all whole"),
        bad => format!("{read} posts read, {bad} of them missing or damaged"),
    };
    out.done(&text, &json!({ "read": read, "bad": bad.len() }))?;
    Ok(if bad.is_empty() { Exit::Done } else { Exit::Failed })
}
