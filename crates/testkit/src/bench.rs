//! The benchmark: the released program between our own source and sink.
//!
//! Every figure stands beside what the same machine does in the same run without the program between: the disk
//! alone for accepting, source to sink alone for delivering.

mod accept;
mod backlog;
mod cpu;
mod disk;
mod drain;
mod fanout;
mod figure;
mod filter;
mod isolation;
mod latency;
mod memory;
mod options;
mod outage;
mod raw;
mod stand;
mod start;

use std::time::Duration;

use anyhow::Result;

pub use self::figure::{Figure, json, table};
pub use self::options::{HELP, Options};

/// The size of a post, in bytes.
const SIZE: usize = 5_000;
/// Connections to the sink, and recipients in a transaction: the program's own defaults.
const CONNECTIONS: usize = 20;
const RECIPIENTS: usize = 50;
/// What the slow sink adds.
const SLOW: Duration = Duration::from_millis(20);
/// No single measurement takes longer.
const PATIENCE: Duration = Duration::from_mins(15);

/// All scenarios, in the order of their running.
pub const SCENARIOS: &[&str] =
    &["accept", "latency", "fanout", "drain", "backlog", "memory", "start", "isolation", "outage", "filter"];

/// Runs one scenario.
pub async fn run(scenario: &str, options: &Options) -> Result<Vec<Figure>> {
    match scenario {
        "accept" => accept::run(options).await,
        "latency" => latency::run(options).await,
        "fanout" => fanout::run(options).await,
        "drain" => drain::run(options).await,
        "backlog" => backlog::run(options).await,
        "memory" => memory::run(options).await,
        "start" => start::run(options).await,
        "isolation" => isolation::run(options).await,
        "outage" => outage::run(options).await,
        "filter" => filter::run(options).await,
        other => anyhow::bail!("no scenario `{other}`; there are {}", SCENARIOS.join(", ")),
    }
}
