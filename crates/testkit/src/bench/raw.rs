//! What source and sink do with nothing between them.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::CONNECTIONS;
use crate::message::message;
use crate::sink::{Latency, Sink};
use crate::source::{Job, Protocol, Report, Source};

/// One shape of load.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) transactions: usize,
    /// In each transaction.
    pub(super) recipients: usize,
    /// Of the message as the sink gets it from the program, headers of ours included.
    pub(super) size: usize,
    pub(super) latency: Latency,
}

/// What source and sink did together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw {
    /// Recipients a second.
    pub(super) rate: f64,
    /// Seconds of CPU for each recipient, source and sink together.
    pub(super) cpu: f64,
}

/// Over as many connections as the program uses.
pub(super) async fn run(shape: Shape) -> Result<Raw> {
    let before = super::cpu::own()?;
    let report = send(shape, CONNECTIONS).await?;
    let cpu = (super::cpu::own()? - before) / report.accepted().max(1) as f64;
    Ok(Raw { rate: report.rate(), cpu })
}

/// The median time of one transaction on a warm connection.
pub(super) async fn time(shape: Shape) -> Result<Duration> {
    Ok(send(shape, 1).await?.latency(0.5))
}

async fn send(shape: Shape, connections: usize) -> Result<Report> {
    let sink = Sink::start().await?;
    sink.set_latency(shape.latency);
    let id = "<raw@source.example>";
    let text = message(id, "a@source.example", "raw@example.org", "raw", shape.size);
    let mould = Job::new(id, "a@source.example", Vec::new(), &text);
    let mut source = Source::new(Protocol::Smtp, sink.addr()).connections(connections);
    // As the program does it: the copies of one post, one recipient each, follow each other without a pause, while a
    // transaction with many recipients waits for its last reply before the next one begins.
    source.chained = shape.recipients == 1;
    let each = shape.recipients;
    let report = source
        .run(shape.transactions, move |number| {
            let to = (number * each..(number + 1) * each)
                .map(|number| format!("m{number}@rcpt.example"))
                .collect();
            mould.with(&format!("raw-bounces+{number}@example.org"), to)
        })
        .await?;
    let tally = sink.tally();
    let wanted = (shape.transactions * each) as u64;
    ensure!(tally.distinct() == wanted && tally.duplicates() == 0, "the raw run lost or doubled mail");
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_sink_sets_the_time_of_a_transaction() {
        let latency = Latency::RoundTrip(Duration::from_millis(20));
        let shape = Shape { transactions: 5, recipients: 10, size: 1_000, latency };
        // Two flights: the envelope, and the message.
        let time = time(shape).await.unwrap();
        assert!(time >= Duration::from_millis(40), "{time:?}");
        assert!(run(Shape { latency: Latency::None, ..shape }).await.unwrap().rate > 0.0);
    }
}
