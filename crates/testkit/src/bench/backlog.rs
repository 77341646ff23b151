//! A backlog as on the day after an outage, while people go on writing (P22, P23): how long it takes, how long new posts
//! take meanwhile, and how far off the foretold end is.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::PATIENCE;
use super::figure::{Figure, Sample};
use super::options::{Options, describe};
use super::stand::{Stand, post};
use crate::sink::Latency;
use crate::source::percentile;

const LISTS: usize = 20;
const MEMBERS: usize = 100;
const FRESH: &str = "fresh@example.org";
const FRESH_MEMBERS: usize = 20;
/// Between two new posts.
const PAUSE: Duration = Duration::from_secs(1);
/// From here on the foretold end counts.
const FIRST_MINUTE: Duration = Duration::from_mins(1);

pub(super) async fn run(options: &Options) -> Result<Vec<Figure>> {
    let posts = options.pick(4_000, 100);
    let mut figures = drain(options, posts, Latency::None).await?;
    if !options.fast {
        figures.extend(drain(options, posts, options.slow()).await?);
    }
    Ok(figures)
}

async fn drain(options: &Options, posts: usize, latency: Latency) -> Result<Vec<Figure>> {
    let stand = Stand::new(options).await?;
    let lists: Vec<_> = (0..LISTS).map(|n| format!("backlog-{n}@example.org")).collect();
    for list in &lists {
        stand.list(list, MEMBERS).await?;
    }
    stand.list(FRESH, FRESH_MEMBERS).await?;
    stand.server.run(&["queue", "pause", "out"]).await?;
    let source = stand.server.source().connections(32);
    let named = lists.clone();
    let report = source.run(posts, move |n| post(named.get(n % LISTS).map_or(FRESH, String::as_str))).await?;
    ensure!(report.accepted() == posts, "posts were refused: {:?}", report.refusals().first());
    stand.server.wait_for_depth("out", posts as u64, PATIENCE).await?;
    stand.sink.set_latency(latency);
    let wanted = (posts * MEMBERS) as u64;
    let began = Instant::now();
    stand.server.run(&["queue", "resume", "out"]).await?;
    let mut fresh = Vec::new();
    let mut foretold = Vec::new();
    let drained = loop {
        let job = post(FRESH);
        let id = job.id.clone();
        let outcome = stand.server.source().send(job).await?;
        ensure!(outcome.accepted == 1, "a new post was refused: {:?}", outcome.refusals);
        fresh.push((id, outcome.ended));
        if let Some(seconds) = eta(&stand).await? {
            foretold.push((began.elapsed(), seconds));
        }
        let all = wanted + (fresh.len() * FRESH_MEMBERS) as u64;
        if stand.sink.wait_for(all, PAUSE).await.is_ok() {
            break began.elapsed();
        }
        ensure!(began.elapsed() < PATIENCE, "the backlog does not go away");
    };
    let mut times = stand.sink.read(|tally| {
        ensure!(tally.duplicates() == 0, "{} duplicates", tally.duplicates());
        fresh
            .iter()
            .map(|(id, sent)| tally.latency(id, *sent).context("a new post has not come"))
            .collect::<Result<Vec<_>>>()
    })?;
    let case = format!("{posts} posts x {MEMBERS} members{}", describe(latency));
    let single = |what: &str, unit, value| {
        let run = Sample { value, reference: None };
        Figure::of("backlog", format!("{case}: {what}"), unit, super::figure::Better::Less, &[run])
    };
    let mut figures = vec![
        single("drained", "s", drained.as_secs_f64()).at_most(600.0),
        single("new posts p95", "s", percentile(&mut times, 0.95).as_secs_f64()).at_most(60.0),
        single("new posts p99", "s", percentile(&mut times, 0.99).as_secs_f64()),
    ];
    if let Some(error) = worst(&foretold, drained) {
        figures.push(single("ETA off by, after the first minute", "%", error).at_most(25.0));
    }
    Ok(figures)
}

/// Seconds until `out` is empty, as the server foretells it now.
async fn eta(stand: &Stand) -> Result<Option<f64>> {
    let status: Value = serde_json::from_str(&stand.server.run(&["status", "--json"]).await?)?;
    Ok(status.pointer("/stages/out/eta_seconds").and_then(Value::as_f64))
}

/// By how many percent of the time that was left a foretold end was off: the worst but one in twenty of those
/// told after the first minute and before the last ten seconds; `None` if it was all over by then.
fn worst(foretold: &[(Duration, f64)], drained: Duration) -> Option<f64> {
    let last = drained.checked_sub(Duration::from_secs(10))?;
    let mut errors: Vec<_> = foretold
        .iter()
        .filter(|(at, _)| *at > FIRST_MINUTE && *at < last)
        .map(|(at, seconds)| {
            let left = drained.saturating_sub(*at).as_secs_f64();
            100.0 * (seconds - left).abs() / left
        })
        .collect();
    errors.sort_unstable_by(f64::total_cmp);
    errors.get(errors.len() * 95 / 100).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_foretold_end_is_judged_after_the_first_minute() {
        let at = Duration::from_secs;
        let foretold = [(at(30), 9_000.0), (at(100), 150.0), (at(195), 50.0)];
        // Told at 100 s: 150 s; it took 100 s more.
        assert_eq!(worst(&foretold, at(200)), Some(50.0));
        assert_eq!(worst(&foretold, at(60)), None);
    }
}
