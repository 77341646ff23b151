//! How long a post to a small list takes on an idle server.

use std::time::Duration;

use anyhow::Result;

use super::figure::{Better, Figure, Sample};
use super::options::{Options, describe};
use super::stand::{Stand, base};
use super::{disk, raw};
use crate::sink::Latency;
use crate::source::percentile;

const LIST: &str = "latency@example.org";
const MEMBERS: usize = 20;
/// What the program may add to the disk's and the sink's own time, in milliseconds.
const ALLOWED: f64 = 20.0;

pub(super) async fn run(options: &Options) -> Result<Vec<Figure>> {
    let stand = Stand::new(options).await?;
    stand.list(LIST, MEMBERS).await?;
    let sync = disk::append_time(&base(options))?.as_secs_f64() * 1e3;
    let mut figures = vec![Figure::single("latency", "the disk: one append and its fdatasync", "ms", sync)];
    for (latency, count) in [(Latency::None, options.pick(200, 20)), (options.slow(), options.pick(40, 4))] {
        stand.sink.set_latency(latency);
        // The first post pays for the connection.
        let size = stand.deliver(LIST, MEMBERS).await?.size;
        let mut times = Vec::new();
        for _ in 0..count {
            times.push(Duration::from_secs_f64(stand.deliver(LIST, MEMBERS).await?.seconds));
        }
        let shape = raw::Shape { transactions: count, recipients: MEMBERS, size, latency };
        let reference = raw::time(shape).await?.as_secs_f64() * 1e3;
        let case = |part: &str| format!("{part} of {count} posts to {MEMBERS} members{}", describe(latency));
        for (name, part) in [("p50", 0.5), ("p99", 0.99)] {
            let value = percentile(&mut times, part).as_secs_f64() * 1e3;
            let run = Sample { value, reference: Some(reference) };
            let figure = Figure::of("latency", case(name), "ms", Better::Less, &[run]);
            figures.push(match name {
                // Before the sink can have the last copy, one record (the plan) must be on the disk.
                "p50" => figure.goal("<= reference + fsync + 20 ms", |figure| {
                    figure.value <= reference + sync + ALLOWED
                }),
                _ => figure,
            });
        }
    }
    Ok(figures)
}
