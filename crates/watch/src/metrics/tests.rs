#![expect(clippy::float_cmp, reason = "figures that are written exactly")]

use std::collections::BTreeMap;
use std::path::Path;

use posthaste_model::{Stage, Timestamp};

use super::*;
use crate::{Dependency, StageVitals, TaskVitals};

pub(crate) fn vitals() -> Vitals {
    let stage = |stage| StageVitals {
        stage,
        depth: 3,
        due: 2,
        leased: 1,
        paused: false,
        oldest_due_seconds: Some(7),
        rate: 1.5,
        eta_seconds: Some(2),
    };
    Vitals {
        at: Timestamp::from_micros(1_678_199_731_500_000),
        version: "1.2.3".into(),
        stages: Stage::ALL.into_iter().map(stage).collect(),
        dependencies: vec![Dependency {
            name: "database".into(),
            address: "db".into(),
            up: false,
            since: Timestamp::from_micros(1_000_000),
            error: None,
            owner: None,
        }],
        tasks: vec![TaskVitals { name: "out \"x\"\\".into(), ..TaskVitals::default() }],
        ..Vitals::default()
    }
}

/// Reads the text format strictly: every sample belongs to the series declared last, in the order HELP, TYPE, samples.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    let (mut helped, mut typed) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            helped = rest.split(' ').next().unwrap().to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            typed = rest.split(' ').next().unwrap().to_owned();
            assert_eq!(helped, typed);
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with(&typed), "{line} under {typed}");
            assert!(samples.insert(name.to_owned(), value.parse().unwrap()).is_none(), "twice: {name}");
        }
    }
    samples
}

#[test]
fn the_text_says_what_the_vitals_say() {
    let samples = parse(&render(&vitals()));
    assert_eq!(samples["posthaste_build_info{version=\"1.2.3\"}"], 1.0);
    assert_eq!(samples["posthaste_vitals_time_seconds"], 1_678_199_731.5);
    assert_eq!(samples["posthaste_oldest_due_age_seconds{stage=\"out\"}"], 7.0);
    assert_eq!(samples["posthaste_dependency_up{name=\"database\"}"], 0.0);
    assert_eq!(samples["posthaste_tasks_wanted{task=\"out \\\"x\\\"\\\\\"}"], 0.0);
    assert!(!samples.contains_key("posthaste_canary_latency_seconds"), "what is not known is no point");
}

#[test]
fn histograms_are_cumulative() {
    let mut vitals = vitals();
    vitals.latency.accept.buckets = vec![2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4];
    vitals.latency.accept.sum_us = 2_500_000;
    let samples = parse(&render(&vitals));
    assert_eq!(samples["posthaste_accept_duration_seconds_bucket{le=\"0.001\"}"], 2.0);
    assert_eq!(samples["posthaste_accept_duration_seconds_bucket{le=\"0.01\"}"], 3.0);
    assert_eq!(samples["posthaste_accept_duration_seconds_bucket{le=\"+Inf\"}"], 7.0);
    assert_eq!(samples["posthaste_accept_duration_seconds_sum"], 2.5);
    assert_eq!(samples["posthaste_accept_duration_seconds_count"], 7.0);
}

/// Age, not only depth: a stage without an age would be the blind spot of 2023 again.
#[test]
fn p26_every_stage_and_the_quarantine_have_an_age_also_when_empty() {
    let mut vitals = vitals();
    for stage in &mut vitals.stages {
        stage.oldest_due_seconds = None;
    }
    let samples = parse(&render(&vitals));
    for stage in Stage::ALL.map(Stage::name).into_iter().chain(["quarantine"]) {
        for series in ["oldest_due_age_seconds", "stage_depth"] {
            let name = format!("posthaste_{series}{{stage=\"{stage}\"}}");
            let wanted = stage != "quarantine" || series == "oldest_due_age_seconds";
            assert_eq!(samples.contains_key(&name), wanted, "{name}");
        }
    }
}

#[test]
fn declarations_are_in_order() {
    let mut names = std::collections::BTreeSet::new();
    for series in all() {
        assert!(names.insert(series.name), "{} is declared twice", series.name);
        assert!(series.help.ends_with('.') && !series.help.contains('\n'), "{}", series.name);
        assert_eq!(series.kind == Type::Counter, series.name.ends_with("_total"), "{}", series.name);
        assert!(series.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
    }
}

/// `POSTHASTE_UPDATE_DOCS=1` writes the page instead.
#[test]
fn the_page_of_the_book_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operate/metrics.md");
    if std::env::var_os("POSTHASTE_UPDATE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == page(),
        "docs/operate/metrics.md is not what the code says: POSTHASTE_UPDATE_DOCS=1 cargo test -p posthaste-watch"
    );
}
