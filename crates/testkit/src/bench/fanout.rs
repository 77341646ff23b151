//! One post to many members.

use anyhow::Result;

use super::figure::{Better, Figure, Sample};
use super::options::{Options, describe};
use super::stand::Stand;
use super::{RECIPIENTS, raw};
use crate::sink::Latency;

const UNIT: &str = "deliveries/s";

pub(super) async fn run(options: &Options) -> Result<Vec<Figure>> {
    let stand = Stand::new(options).await?;
    let mut figures = Vec::new();
    for members in [1_000, 10_000, 100_000] {
        let members = options.pick(members, members / 100);
        let list = format!("fanout-{members}@example.org");
        let seconds = stand.list(&list, members).await?;
        figures.push(Figure::single("fanout", &format!("{members} members added"), "s", seconds));
        for personal in [false, true] {
            stand.personalize(&list, personal).await?;
            for latency in [Latency::None, options.slow()] {
                let slow = latency != Latency::None;
                if slow && (options.fast || members > 10_000 && !options.full) {
                    continue;
                }
                let repeat = if slow { 1 } else { options.repeat };
                figures.extend(measure(&stand, &list, members, personal, latency, repeat).await?);
            }
        }
    }
    Ok(figures)
}

async fn measure(
    stand: &Stand,
    list: &str,
    members: usize,
    personal: bool,
    latency: Latency,
    repeat: usize,
) -> Result<[Figure; 3]> {
    let (mut runs, mut sending, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    stand.sink.set_latency(latency);
    for _ in 0..repeat {
        let delivered = stand.deliver(list, members).await?;
        let recipients = if personal { 1 } else { RECIPIENTS };
        // Enough for a steady rate, and not for ever.
        let most = if latency == Latency::None { 20_000 } else { 1_000 };
        let transactions = (members / recipients).clamp(400, most);
        let shape = raw::Shape { transactions, recipients, size: delivered.size, latency };
        let raw = raw::run(shape).await?;
        let reference = raw.rate;
        runs.push(Sample { value: members as f64 / delivered.seconds, reference: Some(reference) });
        sending.push(Sample { value: members as f64 / delivered.sending, reference: Some(reference) });
        cpu.push(Sample { value: delivered.cpu * 1e6 / members as f64, reference: Some(raw.cpu * 1e6) });
    }
    let mode = if personal { "VERP" } else { "bulk" };
    let case = format!("{members} members, {mode}{}", describe(latency));
    let sending =
        Figure::of("fanout", format!("{case}, from the first delivery on"), UNIT, Better::More, &sending);
    let cpu = Figure::of("fanout", format!("{case}, CPU with the sink's"), "us/delivery", Better::Less, &cpu);
    let figure = Figure::of("fanout", case, UNIT, Better::More, &runs);
    // A thousand are gone before a rate can be told.
    Ok([if members >= 10_000 { figure.ratio_at_least(0.7) } else { figure }, sending, cpu])
}
