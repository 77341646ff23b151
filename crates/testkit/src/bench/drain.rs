//! A backlog, and how fast it goes.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::figure::{Better, Figure, Sample};
use super::options::{Options, describe};
use super::stand::{Stand, post};
use super::{PATIENCE, raw};
use crate::sink::Latency;

const LIST: &str = "drain@example.org";
const MEMBERS: usize = 50;

pub(super) async fn run(options: &Options) -> Result<Vec<Figure>> {
    let posts = options.pick(4_000, 100);
    let mut fast = Vec::new();
    for _ in 0..options.repeat {
        fast.push(drain(options, posts, Latency::None).await?);
    }
    let slow = if options.fast { vec![] } else { vec![drain(options, posts, options.slow()).await?] };
    let mut figures = Vec::new();
    for (latency, runs) in [(Latency::None, &fast), (options.slow(), &slow)] {
        if runs.is_empty() {
            continue;
        }
        let case = format!("{posts} posts x {MEMBERS} members{}", describe(latency));
        let runs: (Vec<_>, Vec<_>) = runs.iter().copied().unzip();
        if latency == Latency::None {
            let case = format!("{case}, CPU with the sink's");
            figures.push(Figure::of("drain", case, "us/delivery", Better::Less, &runs.1));
        }
        let figure = Figure::of("drain", case, "s", Better::Less, &runs.0);
        figures.push(match latency {
            Latency::None => figure.at_most(15.0),
            // 1.3 times the time that the connections need.
            _ => figure.ratio_at_least(0.77),
        });
    }
    Ok(figures)
}

/// Seconds from the order to go on to the last delivery, beside what source and sink alone need for as many.
/// And the CPU time of program and sink for one delivery, beside that of source and sink.
async fn drain(options: &Options, posts: usize, latency: Latency) -> Result<(Sample, Sample)> {
    let stand = Stand::new(options).await?;
    stand.list(LIST, MEMBERS).await?;
    stand.server.run(&["queue", "pause", "out"]).await?;
    let report = stand.server.source().connections(32).run(posts, |_| post(LIST)).await?;
    ensure!(report.accepted() == posts, "posts were refused: {:?}", report.refusals().first());
    stand.server.wait_for_depth("out", posts as u64, PATIENCE).await?;
    stand.sink.set_latency(latency);
    let (began, worked) = (Instant::now(), stand.cpu()?);
    stand.server.run(&["queue", "resume", "out"]).await?;
    stand.sink.wait_for((posts * MEMBERS) as u64, PATIENCE).await?;
    let value = began.elapsed().as_secs_f64();
    let cpu = (stand.cpu()? - worked) * 1e6 / (posts * MEMBERS) as f64;
    let (duplicates, size) =
        stand.sink.read(|tally| (tally.duplicates(), (tally.bytes() / tally.transactions().max(1)) as usize));
    ensure!(duplicates == 0, "{duplicates} duplicates");
    let transactions = if latency == Latency::None { posts } else { posts.min(400) };
    let shape = raw::Shape { transactions, recipients: MEMBERS, size, latency };
    let raw = raw::run(shape).await?;
    let reference = (posts * MEMBERS) as f64 / raw.rate;
    let cpu = Sample { value: cpu, reference: Some(raw.cpu * 1e6) };
    Ok((Sample { value, reference: Some(reference) }, cpu))
}
