use std::collections::BTreeMap;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use posthaste_archive::{Bodies, Found, Repair, Source, Summary};
use posthaste_lists::archive::archive_post;
use posthaste_model::{ArchivePolicy, MailingList, Timestamp};
use posthaste_store::Store;
use serde_json::{Value, json};

use super::super::output::{BadInput, Exit, Out};

/// Posts that are made durable together.
const BATCH: usize = 250;
/// Octets that they may have.
const WEIGHT: usize = 32 << 20;
/// So many refusals are told one by one.
const TOLD: usize = 20;

/// What was done.
#[derive(Default)]
struct Report {
    imported: u64,
    there: u64,
    refused: Vec<String>,
    repaired: BTreeMap<Repair, u64>,
}

/// Brings in what is there, a batch at a time: the bytes first, then the database.
pub(super) async fn run(
    store: &Store,
    bodies: &Bodies,
    list: &str,
    path: &Path,
    out: &Out,
) -> anyhow::Result<Exit> {
    let list = super::super::list::find(store, list).await?;
    if list.settings.archive_policy == ArchivePolicy::Never {
        let what = format!(
            "{0} keeps no archive; set archive_policy first: posthaste list set {0} archive_policy private",
            list.name
        );
        return Err(BadInput::new(what).into());
    }
    let mut source = Source::open(path).map_err(BadInput::from_error)?;
    let bar = ProgressBar::new(source.total());
    let style = "{bar:30} {percent}% {bytes}/{total_bytes}, {eta} left; {msg}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let now = super::super::now();
    let mut report = Report::default();
    loop {
        let batch = gather(&mut source, &mut report);
        if batch.is_empty() {
            break;
        }
        keep(store, bodies, &list, batch, now, &mut report).await?;
        bar.set_position(source.done());
        bar.set_message(format!("{} posts", report.imported + report.there));
    }
    bar.finish_and_clear();
    let was = json!({ "from": path.display().to_string() });
    let became =
        json!({ "imported": report.imported, "there": report.there, "refused": report.refused.len() });
    super::super::audit::note(store, "import", list.list_id.as_str(), "archive", was, became).await;
    tell(&report, &list, out)
}

fn gather(source: &mut Source, report: &mut Report) -> Vec<Found> {
    let (mut batch, mut weight) = (vec![], 0);
    while batch.len() < BATCH && weight < WEIGHT {
        match source.next() {
            Some(Ok(found)) => {
                weight += found.raw.len();
                batch.push(found);
            }
            Some(Err(error)) => report.refused.push(error.to_string()),
            None => break,
        }
    }
    batch
}

async fn keep(
    store: &Store,
    bodies: &Bodies,
    list: &MailingList,
    batch: Vec<Found>,
    now: Timestamp,
    report: &mut Report,
) -> anyhow::Result<()> {
    let (mut posts, mut repairs) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
    for found in batch {
        let key = bodies.put_soon(&found.raw)?;
        let mut summary = Summary::of(&found.raw, found.received.unwrap_or(now));
        repairs.push(std::mem::take(&mut summary.repairs));
        let received = found.received.unwrap_or(summary.at);
        posts.push(archive_post(summary, key, found.raw.len() as u64, received));
    }
    bodies.sync()?;
    let filed = store.archive(list.id, &posts).await?;
    for (filed, repairs) in filed.into_iter().zip(repairs) {
        if !filed.new {
            report.there += 1;
            continue;
        }
        report.imported += 1;
        for repair in repairs {
            *report.repaired.entry(repair).or_default() += 1;
        }
    }
    Ok(())
}

fn tell(report: &Report, list: &MailingList, out: &Out) -> anyhow::Result<Exit> {
    for refused in report.refused.iter().take(TOLD) {
        out.problem(&format!("refused: {refused}"))?;
    }
    let more = report.refused.len().saturating_sub(TOLD);
    if more > 0 {
        out.problem(&format!("and {more} more were refused"))?;
    }
    let mut text = format!(
        "{}: {} posts imported, {} were there already, {} refused",
        list.name,
        report.imported,
        report.there,
        report.refused.len()
    );
    for (repair, count) in &report.repaired {
        text.push_str(&format!("\n  {count} {}", repair.words()));
    }
    let repaired: serde_json::Map<String, Value> =
        report.repaired.iter().map(|(repair, count)| (repair.words().to_owned(), json!(count))).collect();
    let json = json!({
        "list": list.name, "imported": report.imported, "there": report.there, "refused": report.refused,
        "repaired": repaired,
    });
    out.done(&text, &json)?;
    Ok(Exit::Done)
}
