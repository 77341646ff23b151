//! Prometheus metrics: every series declared once, and the text rendered from [`Vitals`].
//!
//! Text format 0.0.4. Documentation, alert rules and dashboard are checked against [`all`].

mod series;
mod text;

use posthaste_model::Stage;

use crate::Vitals;

pub use series::all;

/// What Prometheus calls a series' type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    /// Only grows, from zero at the start of the process.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Buckets, a sum and a count.
    Histogram,
}

impl Type {
    /// Its name in the text format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A series as it is declared.
pub struct Series {
    /// `posthaste_…`
    pub name: &'static str,
    /// What it is.
    pub kind: Type,
    /// The names of its labels, in order.
    pub labels: &'static [&'static str],
    /// A sentence about it.
    pub help: &'static str,
    /// Takes its points from the vitals.
    read: fn(&Vitals, &mut text::Points),
}

/// The content type of [`render`]'s text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every series of these vitals, in the text format.
pub fn render(vitals: &Vitals) -> String {
    let mut out = String::new();
    for series in all() {
        let mut points = text::Points::default();
        (series.read)(vitals, &mut points);
        text::write(&mut out, series, &points);
    }
    out
}

/// The page for operators: a table of every series.
pub fn page() -> String {
    let mut out = String::from(
        "# Metrics\n\n\
         <!-- Made from crates/watch/src/metrics/series.rs by a test; POSTHASTE_UPDATE_DOCS=1 cargo test -p posthaste-watch -->\n\n\
         Prometheus finds these at `/metrics` of `[metrics] listen` (and of `[web] listen`). Counters begin at zero when the \
         process starts. `stage` is one of ",
    );
    let stages: Vec<_> = Stage::ALL.iter().map(|s| format!("`{s}`")).collect();
    out.push_str(&stages.join(", "));
    out.push_str(
        ". Alert rules and a dashboard that use them are in `packaging/prometheus` and `packaging/grafana`.\n\n\
         | series | type | labels | |\n|---|---|---|---|\n",
    );
    for series in all() {
        let labels: Vec<_> = series.labels.iter().map(|label| format!("`{label}`")).collect();
        out.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            series.name,
            series.kind.name(),
            labels.join(", "),
            series.help
        ));
    }
    out
}

#[cfg(test)]
mod tests;
