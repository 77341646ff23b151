//! `posthaste trace`: did my mail go out?

use clap::Args;
use posthaste_lists::{Trace, TraceEvent, find_finished};
use posthaste_spool::Spool;

use super::output::{Exit, Out};
use crate::config::Config;

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The Message-ID of a post (with or without its angle brackets), or the id of a queue entry
    message_id: String,
    /// Show what became of each recipient
    #[arg(long)]
    recipients: bool,
}

pub(crate) fn run(options: &Options, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let wanted = options.message_id.trim_start_matches('<').trim_end_matches('>');
    let mut traces = find_finished(&config.paths.state.join("history"), wanted)?;
    let waiting = Spool::peek(&config.paths.state.join("spool"))?;
    for summary in waiting.list()? {
        // It may be done by now; then the history tells of it at the next call.
        let Ok(entry) = waiting.show(summary.id) else { continue };
        let trace = Trace::of(&entry);
        if trace.is(wanted) {
            traces.retain(|t| t.id != trace.id);
            traces.push(trace);
        }
    }
    if traces.is_empty() {
        out.done(&format!("Nothing is known of {}", options.message_id), &serde_json::json!([]))?;
        return Ok(Exit::Failed);
    }
    let mut rows = vec![];
    for trace in &traces {
        let envelope = &trace.envelope;
        let detail =
            format!("for {} from {} by {}", envelope.forward_path, envelope.reverse_path, envelope.client);
        rows.push(vec![envelope.received.to_string(), trace.id.to_string(), "received".into(), detail]);
        for event in &trace.events {
            rows.push(vec![event.at.to_string(), trace.id.to_string(), event.kind.clone(), told(event)]);
            if options.recipients {
                rows.extend(recipients(trace, event));
            }
        }
    }
    if !options.recipients {
        for event in traces.iter_mut().flat_map(|t| &mut t.events) {
            for group in &mut event.recipients {
                group.addresses.clear();
            }
        }
    }
    out.table(&["when", "entry", "state", "detail"], rows.into_iter(), &traces)?;
    Ok(Exit::Done)
}

fn told(event: &TraceEvent) -> String {
    if event.recipients.is_empty() {
        return match &event.detail {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
    }
    let group = |g: &posthaste_lists::TraceGroup| {
        let fate = serde_json::to_value(g.fate).unwrap_or_default();
        format!("{} {} ({})", g.addresses.len(), fate.as_str().unwrap_or_default(), g.reply)
    };
    event.recipients.iter().map(group).collect::<Vec<_>>().join("; ")
}

fn recipients(trace: &Trace, event: &TraceEvent) -> Vec<Vec<String>> {
    let mut rows = vec![];
    for group in &event.recipients {
        let fate = serde_json::to_value(group.fate).unwrap_or_default();
        let fate = fate.as_str().unwrap_or_default();
        for address in &group.addresses {
            rows.push(vec![
                event.at.to_string(),
                trace.id.to_string(),
                fate.into(),
                format!("{address}: {}", group.reply),
            ]);
        }
    }
    rows
}
