//! For whom planned mail waits, by the domain of the recipients.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use posthaste_lists::delivery::waiting_by_domain;
use posthaste_model::{Stage, Timestamp};
use posthaste_spool::{Peek, Spool, Summary};
use serde::Serialize;

use super::is_of;
use crate::cli::output::{Exit, Out};

/// One domain.
#[derive(Serialize)]
struct Line {
    destination: String,
    /// Entries that wait for somebody there.
    posts: usize,
    /// Recipients who wait.
    recipients: usize,
    /// When the oldest of these entries was put.
    oldest: Option<Timestamp>,
    /// An administrator lets it rest.
    rests: bool,
}

/// Shows them, those with the most recipients first.
pub(super) fn run(folder: &Path, list: Option<&str>, out: &Out) -> anyhow::Result<Exit> {
    let peek = Spool::peek(folder)?;
    let resting: BTreeSet<String> = peek.resting_destinations()?.into_iter().collect();
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    let line = |destination: &str| Line {
        destination: destination.to_owned(),
        posts: 0,
        recipients: 0,
        oldest: None,
        rests: resting.contains(destination),
    };
    for entry in peek.list()?.iter().filter(|entry| is_of(entry, list)) {
        for (domain, recipients) in of(&peek, entry) {
            let line = lines.entry(domain.clone()).or_insert_with(|| line(&domain));
            line.posts += 1;
            line.recipients += recipients;
            line.oldest = line.oldest.map_or(Some(entry.put), |oldest| Some(oldest.min(entry.put)));
        }
    }
    for domain in &resting {
        lines.entry(domain.clone()).or_insert_with(|| line(domain));
    }
    let mut lines: Vec<Line> = lines.into_values().collect();
    lines.sort_by(|a, b| b.recipients.cmp(&a.recipients).then_with(|| a.destination.cmp(&b.destination)));
    let rows = lines.iter().map(|line| {
        vec![
            line.destination.clone(),
            line.posts.to_string(),
            line.recipients.to_string(),
            line.oldest.map_or(String::new(), |at| at.to_string()),
            if line.rests { "RESTS".to_owned() } else { String::new() },
        ]
    });
    out.table(&["destination", "posts", "recipients", "oldest", ""], rows, &lines)?;
    Ok(Exit::Done)
}

/// For how many recipients in each domain an entry waits. One that has gone its way meanwhile waits for nobody.
pub(super) fn of(peek: &Peek, entry: &Summary) -> BTreeMap<String, usize> {
    if entry.quarantined || entry.stages.iter().all(|(stage, _)| *stage != Stage::Out) {
        return BTreeMap::new();
    }
    peek.show(entry.id).map(|entry| waiting_by_domain(&entry.events)).unwrap_or_default()
}
