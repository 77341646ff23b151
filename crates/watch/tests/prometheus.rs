//! The alert rules and the dashboard we ship: they load, they fire when they must and only then, and they name no series
//! and no label that does not exist. A rule on a series that nobody writes is silent for ever, and nobody sees that.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test: what is not as expected shall fail loudly"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use posthaste_watch::metrics::{Type, all};

/// Labels that Prometheus adds, and those of histograms.
const GIVEN: [&str; 3] = ["job", "instance", "le"];

fn packaging(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging").join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(packaging(path)).unwrap()
}

fn promtool(words: &[&str], file: &str) {
    let output = Command::new("promtool").args(words).arg(packaging(file)).output().expect(
        "promtool is not there: it comes with Debian's package prometheus; cargo xtask test installs it",
    );
    assert!(
        output.status.success(),
        "promtool {words:?} {file}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The names of series in an expression, each with the labels it selects by.
fn selectors(expression: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(at) = rest.find("posthaste_") {
        rest = &rest[at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        rest = &rest[end..];
        let mut labels = Vec::new();
        if let Some(inner) = rest.strip_prefix('{') {
            let inner = &inner[..inner.find('}').unwrap()];
            labels.extend(inner.split(", ").map(|m| m.split(['=', '!']).next().unwrap().trim().to_owned()));
        }
        found.push((name, labels));
    }
    found
}

/// What is wrong with the series an expression names.
fn complaints(expression: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, labels) in selectors(expression) {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let series = all().iter().find(|series| {
            series.name == name || (series.kind == Type::Histogram && base == Some(series.name))
        });
        let Some(series) = series else {
            complaints.push(format!("no series {name}"));
            continue;
        };
        for label in labels {
            if !series.labels.contains(&label.as_str()) && !GIVEN.contains(&label.as_str()) {
                complaints.push(format!("{name} has no label {label}"));
            }
        }
    }
    complaints
}

/// The alerts of the rules, by name.
fn alerts() -> BTreeSet<String> {
    read("prometheus/posthaste.rules.yml")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: ").map(str::to_owned))
        .collect()
}

#[test]
fn p28_the_rules_load_and_fire_when_they_must() {
    promtool(&["check", "rules"], "prometheus/posthaste.rules.yml");
    promtool(&["test", "rules"], "prometheus/posthaste.rules.test.yml");
}

#[test]
fn p28_rules_name_only_series_that_exist() {
    let text = read("prometheus/posthaste.rules.yml");
    assert!(selectors(&text).len() > 25, "the rules name hardly any series: is this test blind?");
    assert_eq!(complaints(&text), Vec::<String>::new());
    assert_eq!(complaints("sum(posthaste_gone{stage=\"out\"})"), ["no series posthaste_gone"]);
    assert_eq!(complaints("posthaste_lists{stage=\"out\"} > 1"), ["posthaste_lists has no label stage"]);
}

#[test]
fn p28_every_alert_of_the_table_is_there_and_is_tested_both_ways() {
    let table = [
        "MailNotDelivered",
        "LedgerDrift",
        "SpoolUnhealthy",
        "DiskReserve",
        "SloBurnFast",
        "SloBurnSlow",
        "HeartbeatMissing",
        "DependencyDown",
        "RestartStorm",
        "Quarantine",
        "QuarantineLarge",
        "BacklogEta",
        "BacklogEtaLong",
        "MonitoringBlind",
        "MonitoringBlindLong",
        "AlertPathBroken",
        "AlertPathsAllBroken",
        "AlertPathUnproved",
    ];
    let alerts = alerts();
    for name in table {
        assert!(alerts.contains(&format!("Posthaste{name}")), "no rule for {name}");
    }
    let tests = read("prometheus/posthaste.rules.test.yml");
    for alert in alerts {
        let cases: Vec<_> = tests.split("- expr: ").filter(|c| c.contains(&format!("\"{alert}\""))).collect();
        assert!(cases.iter().any(|case| case.contains("value: 1")), "{alert} is never seen to fire");
        assert!(cases.iter().any(|case| case.contains("exp_samples: []")), "{alert} is never seen quiet");
    }
}

#[test]
fn p28_the_dashboard_names_only_series_that_exist() {
    let board: serde_json::Value = serde_json::from_str(&read("grafana/posthaste.json")).unwrap();
    let panels = board["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    let mut named = BTreeSet::new();
    let recorded = read("prometheus/posthaste.rules.yml");
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()));
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            assert_eq!(complaints(expression), Vec::<String>::new(), "{}", panel["title"]);
            named.extend(selectors(expression).into_iter().map(|(name, _)| name));
            if let Some(at) = expression.find("posthaste:") {
                let name = expression[at..].split('{').next().unwrap();
                assert!(recorded.contains(&format!("- record: {name}\n")), "{name} is recorded nowhere");
            }
        }
    }
    for name in ["posthaste_oldest_due_age_seconds", "posthaste_canary_missing", "posthaste_ledger_drift"] {
        assert!(named.contains(name), "the dashboard does not show {name}");
    }
}
