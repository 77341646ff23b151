//! How many posts a second are made durable, beside what the disk alone does.

use anyhow::{Result, ensure};

use super::figure::{Better, Figure, Sample};
use super::options::Options;
use super::stand::{Stand, base, post};
use super::{SIZE, disk};

const LIST: &str = "accept@example.org";

pub(super) async fn run(options: &Options) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (connections, count) in [(1, 500), (16, 4_000), (64, 8_000)] {
        let count = options.pick(count, connections * 20);
        let figure = measure(options, connections, count, true).await?;
        figures.push(match connections {
            64 => figure.goal("ratio >= 0.5, >= 500 posts/s", |figure| {
                figure.value >= 500.0 && figure.ratio.is_some_and(|ratio| ratio >= 0.5)
            }),
            _ => figure,
        });
    }
    figures.push(measure(options, 64, options.pick(4_000, 640), false).await?);
    Ok(figures)
}

/// With `alone`, what was accepted stays in the queue, so that nothing but accepting is measured.
async fn measure(options: &Options, connections: usize, count: usize, alone: bool) -> Result<Figure> {
    let mut runs = Vec::new();
    for _ in 0..options.repeat {
        let stand = Stand::new(options).await?;
        stand.list(LIST, 20).await?;
        if alone {
            stand.server.run(&["queue", "pause", "incoming"]).await?;
        }
        let report = stand.server.source().connections(connections).run(count, |_| post(LIST)).await?;
        ensure!(report.accepted() == count, "posts were refused: {:?}", report.refusals().first());
        let folder = base(options);
        let disk =
            tokio::task::spawn_blocking(move || disk::durable_files(&folder, connections, count, SIZE));
        let value = report.rate();
        drop(stand);
        runs.push(Sample { value, reference: Some(disk.await??) });
    }
    let meanwhile = if alone { "" } else { ", delivering to 20 members meanwhile" };
    let case = format!("{connections} connections{meanwhile}");
    Ok(Figure::of("accept", case, "posts/s", Better::More, &runs))
}
