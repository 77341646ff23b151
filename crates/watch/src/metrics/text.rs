//! The text format 0.0.4 of Prometheus.

use posthaste_model::{BOUNDS_MS, HistogramValue};

use super::{Series, Type};

/// The points of one series.
#[derive(Default)]
pub(crate) struct Points {
    values: Vec<(Vec<String>, f64)>,
    histograms: Vec<(Vec<String>, HistogramValue)>,
}

impl Points {
    /// One point: the values of its labels in their order.
    pub(crate) fn add(&mut self, labels: &[&str], value: f64) {
        self.values.push((owned(labels), value));
    }

    /// One point, if there is a value at all. A value that is not known is no point, never a zero.
    pub(crate) fn maybe(&mut self, labels: &[&str], value: Option<f64>) {
        if let Some(value) = value {
            self.add(labels, value);
        }
    }

    /// One histogram.
    pub(crate) fn histogram(&mut self, labels: &[&str], value: &HistogramValue) {
        self.histograms.push((owned(labels), value.clone()));
    }
}

fn owned(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|&label| label.to_owned()).collect()
}

/// Writes a series with its points.
pub(crate) fn write(out: &mut String, series: &Series, points: &Points) {
    let name = series.name;
    out.push_str(&format!("# HELP {name} {}\n", series.help.replace('\\', "\\\\")));
    out.push_str(&format!("# TYPE {name} {}\n", series.kind.name()));
    for (labels, value) in &points.values {
        debug_assert_eq!(labels.len(), series.labels.len(), "{name}");
        line(out, name, series.labels, labels, None, *value);
    }
    for (labels, value) in &points.histograms {
        debug_assert!(series.kind == Type::Histogram, "{name}");
        let mut below = 0;
        for (at, count) in value.buckets.iter().enumerate() {
            below += count;
            let bound = BOUNDS_MS.get(at).map_or("+Inf".to_owned(), |ms| number(*ms as f64 / 1_000.0));
            line(out, &format!("{name}_bucket"), series.labels, labels, Some(&bound), below as f64);
        }
        let sum = value.sum_us as f64 / 1_000_000.0;
        line(out, &format!("{name}_sum"), series.labels, labels, None, sum);
        line(out, &format!("{name}_count"), series.labels, labels, None, below as f64);
    }
}

fn line(out: &mut String, name: &str, names: &[&str], values: &[String], le: Option<&str>, value: f64) {
    let labels = names.iter().copied().zip(values.iter().map(String::as_str));
    let labels: Vec<_> = labels
        .chain(le.map(|le| ("le", le)))
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    out.push_str(&format!("{name}{labels} {}\n", number(value)));
}

fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        value.to_string()
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
