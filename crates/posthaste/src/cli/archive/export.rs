use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use posthaste_archive::{Bodies, BodyKey, Export, mbox_piece};
use posthaste_model::Timestamp;
use posthaste_store::Store;
use serde_json::json;

use super::super::output::{Exit, Out};

/// Posts are read so many at a time.
const PAGE: u64 = 500;

/// Writes the posts of a span of time, the oldest first.
pub(super) async fn run(
    store: &Store,
    bodies: &Bodies,
    list: &str,
    file: &Path,
    (from, until): (Option<Timestamp>, Option<Timestamp>),
    out: &Out,
) -> anyhow::Result<Exit> {
    let list = super::super::list::find(store, list).await?;
    let stdout = file == Path::new("-");
    let mut to: Box<dyn Write> = if stdout {
        Box::new(io::stdout().lock())
    } else {
        let made = File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
        Box::new(io::BufWriter::new(made))
    };
    let mut packed = file.extension().is_some_and(|end| end == "gz").then(Export::default);
    let (mut after, mut written, mut bad) = (None, 0_u64, 0_u64);
    loop {
        let page = store.archived_between(list.id, from, until, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.at, last.id));
        for post in &page {
            match post.body.parse::<BodyKey>().and_then(|key| bodies.get(key)) {
                Ok(raw) => {
                    let piece = match &mut packed {
                        Some(packed) => packed.push(&raw, post.kept_at),
                        None => mbox_piece(&raw, post.kept_at),
                    };
                    to.write_all(&piece)?;
                    written += 1;
                }
                Err(error) => {
                    bad += 1;
                    out.problem(&format!("post {} is left out: {error}", post.hash))?;
                }
            }
        }
    }
    if let Some(packed) = packed {
        to.write_all(&packed.finish())?;
    }
    to.flush()?;
    drop(to);
    if !stdout {
        let text = format!("{written} posts of {} written to {}", list.name, file.display());
        out.done(&text, &json!({ "list": list.name, "written": written, "left_out": bad }))?;
    }
    Ok(if bad == 0 { Exit::Done } else { Exit::Failed })
}
