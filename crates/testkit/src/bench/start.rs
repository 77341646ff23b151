//! How long a start takes until mail is accepted.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::PATIENCE;
use super::figure::{Better, Figure, Sample};
use super::options::Options;
use super::stand::{Stand, post};

const LIST: &str = "start@example.org";

pub(super) async fn run(options: &Options) -> Result<Vec<Figure>> {
    let entries = options.pick(100_000, 500);
    let mut stand = Stand::new(options).await?;
    stand.list(LIST, 20).await?;
    stand.server.run(&["queue", "pause", "incoming"]).await?;
    let mut figures = vec![measure(&mut stand, options, "an empty queue").await?.at_most(1.0)];
    let report = stand.server.source().connections(64).run(entries, |_| post(LIST)).await?;
    ensure!(report.accepted() == entries, "posts were refused: {:?}", report.refusals().first());
    let waiting = stand.server.depth("incoming").await?;
    figures.push(measure(&mut stand, options, &format!("{entries} entries")).await?.at_most(5.0));
    // None of them may be missing when the scan is done.
    let waiting = waiting + options.repeat as u64;
    let began = Instant::now();
    stand.server.wait_for_depth("incoming", waiting, PATIENCE).await?;
    let found = began.elapsed().as_secs_f64();
    figures.push(
        Figure::single("start", &format!("{entries} entries all found again"), "s", found).at_most(60.0),
    );
    Ok(figures)
}

/// Seconds from the start of the process to the reply to a post's final dot.
async fn measure(stand: &mut Stand, options: &Options, case: &str) -> Result<Figure> {
    let mut runs = Vec::new();
    for _ in 0..options.repeat {
        stand.server.sigterm().await?;
        let began = Instant::now();
        stand.server.start().await?;
        let outcome = stand.server.source().send(post(LIST)).await?;
        ensure!(outcome.accepted == 1, "the first post was refused: {:?}", outcome.refusals);
        runs.push(Sample { value: began.elapsed().as_secs_f64(), reference: None });
    }
    Ok(Figure::of("start", format!("to the first accepted post, {case}"), "s", Better::Less, &runs))
}
