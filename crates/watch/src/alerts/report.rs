//! What the journal says: how good the alerts are, and the story of an incident.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use posthaste_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::message::{moment, span};
use super::{Event, Happening};
use crate::Sample;

/// How good the alerts were over a time.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// The days it is about.
    pub days: u64,
    /// Incidents that paged somebody.
    pub pages: usize,
    /// The same for a month of thirty days.
    pub pages_a_month: f64,
    /// Incidents that were told without a page.
    pub notices: usize,
    /// Pages of which somebody said whether they were needed.
    pub judged: usize,
    /// The part of these that were, in percent.
    pub actionable_percent: Option<u64>,
    /// The time from page to ack, seconds: the middle one of all.
    pub median_seconds_to_ack: Option<u64>,
    /// Pages that nobody acknowledged.
    pub unanswered: usize,
    /// When the ways out were tried last.
    pub last_test: Option<Timestamp>,
    /// Of the last trial: who was reached, and who was not.
    pub test: Vec<String>,
    /// The last fire drill, step by step.
    pub drill: Vec<String>,
}

impl Report {
    /// From the journal, over the `days` before `now`.
    pub fn of(events: &[Event], now: Timestamp, days: u64) -> Self {
        let from = now.minus(Duration::from_hours(24) * u32::try_from(days).unwrap_or(u32::MAX));
        let recent: Vec<&Event> = events.iter().filter(|e| e.at >= from).collect();
        let ids = |what: Happening| -> BTreeMap<u32, Timestamp> {
            recent.iter().rev().filter(|e| e.what == what).filter_map(|e| Some((e.incident?, e.at))).collect()
        };
        let drills: BTreeSet<u32> =
            recent.iter().filter(|e| e.text.starts_with("DRILL ")).filter_map(|e| e.incident).collect();
        let (mut paged, acked) = (ids(Happening::Paged), ids(Happening::Acked));
        paged.retain(|id, _| !drills.contains(id));
        let noticed = ids(Happening::Noticed);
        let verdicts: BTreeMap<u32, bool> = recent
            .iter()
            .filter(|e| e.what == Happening::Judged)
            .filter_map(|e| Some((e.incident?, e.text == "action needed")))
            .filter(|(id, _)| paged.contains_key(id))
            .collect();
        let mut answers: Vec<u64> =
            paged.iter().filter_map(|(id, at)| acked.get(id).map(|ack| ack.since(*at).as_secs())).collect();
        answers.sort_unstable();
        let needed = verdicts.values().filter(|needed| **needed).count();
        let (last_test, test) = last_test(&recent);
        Self {
            days,
            pages: paged.len(),
            pages_a_month: if days == 0 { 0.0 } else { paged.len() as f64 * 30.0 / days as f64 },
            notices: noticed.keys().filter(|id| !paged.contains_key(id) && !drills.contains(id)).count(),
            judged: verdicts.len(),
            actionable_percent: (!verdicts.is_empty()).then(|| (needed * 100 / verdicts.len()) as u64),
            median_seconds_to_ack: answers.get(answers.len() / 2).copied(),
            unanswered: paged.keys().filter(|id| !acked.contains_key(id)).count(),
            last_test,
            test,
            drill: last_drill(&recent),
        }
    }
}

/// Trials within a minute of each other are one.
fn last_test(events: &[&Event]) -> (Option<Timestamp>, Vec<String>) {
    let trials: Vec<_> = events.iter().filter(|e| e.what == Happening::Tested).collect();
    let newest = trials.iter().map(|e| e.at).max();
    let same = trials.iter().filter(|e| newest.is_some_and(|at| at.since(e.at) < Duration::from_mins(1)));
    let told = same.map(|e| format!("{}: {}", e.who.as_deref().unwrap_or("?"), e.text)).collect();
    (newest, told)
}

fn last_drill(events: &[&Event]) -> Vec<String> {
    let Some(index) = events.iter().rposition(|e| e.what == Happening::Drilled && e.incident.is_none())
    else {
        return vec![];
    };
    let rest = events.get(index..).unwrap_or_default();
    let Some(began) = rest.first().map(|e| e.at) else { return vec![] };
    let wanted = [
        Happening::Drilled,
        Happening::Paged,
        Happening::Escalated,
        Happening::Delivered,
        Happening::Failed,
        Happening::Acked,
    ];
    rest.iter()
        .filter(|e| wanted.contains(&e.what))
        .map(|e| {
            let who = e.who.as_deref().map(|who| format!(" {who}")).unwrap_or_default();
            format!("after {}: {:?}{who}: {}", span(e.at.since(began)), e.what, e.text)
        })
        .collect()
}

/// The story of an incident, as Markdown: what happened when, and the figures of its minutes. Without a number the last
/// one that was told.
pub fn export(events: &[Event], samples: &[Sample], incident: Option<u32>, host: &str) -> Option<String> {
    let told = |e: &&Event| matches!(e.what, Happening::Paged | Happening::Noticed);
    let id = incident.or_else(|| events.iter().rev().find(told).and_then(|e| e.incident))?;
    let first = events.iter().find(|e| e.incident == Some(id))?;
    let last = events.iter().rev().find(|e| e.incident == Some(id))?;
    let ours =
        |e: &&Event| e.incident == Some(id) || (e.incident.is_none() && e.at >= first.at && e.at <= last.at);
    let closed = events.iter().find(|e| e.incident == Some(id) && e.what == Happening::Closed);
    let mut text = format!("# Incident {id} at {host}\n\n");
    text.push_str(&format!("- Seen first: {}\n", moment(first.at)));
    match closed {
        Some(event) => text.push_str(&format!(
            "- Over: {} ({} later)\n",
            moment(event.at),
            span(event.at.since(first.at))
        )),
        None => text.push_str("- Over: not yet\n"),
    }
    let count = |what: Happening| events.iter().filter(|e| e.incident == Some(id) && e.what == what).count();
    let pages = count(Happening::Paged) + count(Happening::Escalated) + count(Happening::AckExpired);
    text.push_str(&format!("- Pages: {pages}, acknowledgements: {}\n", count(Happening::Acked)));
    text.push_str("\n## What happened\n\n| time (UTC) | what | who | |\n|---|---|---|---|\n");
    for event in events.iter().filter(ours) {
        text.push_str(&format!(
            "| {} | {:?} | {} | {} |\n",
            moment(event.at).trim_end_matches(" UTC"),
            event.what,
            cell(event.who.as_deref().unwrap_or_default()),
            cell(&event.text)
        ));
    }
    let (from, until) = (first.at.minus(Duration::from_mins(5)), last.at.plus(Duration::from_mins(5)));
    let minutes: Vec<_> = samples.iter().filter(|s| s.at >= from && s.at <= until).collect();
    if !minutes.is_empty() {
        text.push_str("\n## The figures\n\n| time (UTC) | entries waiting | oldest due | delivered | canaries missing | down |\n");
        text.push_str("|---|---|---|---|---|---|\n");
        let step = minutes.len().div_ceil(120);
        for sample in minutes.iter().step_by(step) {
            let oldest = sample.oldest.iter().max().copied().unwrap_or(0);
            text.push_str(&format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                moment(sample.at).trim_end_matches(" UTC"),
                sample.depth.iter().sum::<u32>(),
                span(Duration::from_secs(oldest.into())),
                sample.delivered,
                sample.canary_missing,
                cell(&sample.down.join(", "))
            ));
        }
    }
    Some(text)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(minute: u64, incident: u32, what: Happening, text: &str) -> Event {
        Event::new(Timestamp::default().plus(Duration::from_mins(minute)), Some(incident), what, text)
    }

    #[test]
    fn precision_and_the_time_to_ack() {
        let events = [
            event(0, 1, Happening::Paged, "x"),
            event(4, 1, Happening::Acked, "x"),
            event(9, 1, Happening::Judged, "action needed"),
            event(20, 2, Happening::Paged, "x"),
            event(21, 2, Happening::Acked, "x"),
            event(22, 2, Happening::Judged, "no action needed"),
            event(30, 3, Happening::Paged, "x"),
            event(40, 4, Happening::Noticed, "x"),
            event(50, 5, Happening::Paged, "DRILL CRITICAL x"),
        ];
        let report = Report::of(&events, Timestamp::default().plus(Duration::from_hours(48)), 30);
        assert_eq!((report.pages, report.notices, report.unanswered), (3, 1, 1));
        assert_eq!((report.judged, report.actionable_percent), (2, Some(50)));
        assert_eq!(report.median_seconds_to_ack, Some(240));
    }

    #[test]
    fn the_story_of_the_last_incident() {
        let events = [
            event(0, 1, Happening::Noticed, "old"),
            event(60, 2, Happening::Seen, "MailNotDelivered"),
            event(62, 2, Happening::Paged, "list mail | is NOT being delivered"),
            event(80, 2, Happening::Closed, "well again"),
        ];
        let text = export(&events, &[], None, "lists.example.org").unwrap();
        assert!(
            text.starts_with("# Incident 2 at lists.example.org\n\n- Seen first: 1970-01-01 01:00:00 UTC\n"),
            "{text}"
        );
        assert!(text.contains("- Over: 1970-01-01 01:20:00 UTC (20 min later)"), "{text}");
        assert!(
            text.contains("| 1970-01-01 01:02:00 | Paged |  | list mail \\| is NOT being delivered |"),
            "{text}"
        );
        assert!(!text.contains("old"));
        assert!(export(&events, &[], Some(9), "h").is_none());
    }
}
