//! One measured number, and how numbers are shown.

use serde_json::{Value, json as value};

/// A number, what it is compared with, and what it should be.
#[derive(Debug, Clone)]
pub struct Figure {
    /// The scenario.
    pub scenario: &'static str,
    /// What was done: "10,000 members, VERP".
    pub case: String,
    /// The median of the runs.
    pub value: f64,
    /// Of `value` and of `reference`: "posts/s", "ms", "MB".
    pub unit: &'static str,
    /// What the machine does in the same run without the program between.
    pub reference: Option<f64>,
    /// The median of the runs' ratios: of a rate, the value's part of the reference; of a time, the reference's
    /// part of the value. 1 is as good as nothing between, either way.
    pub ratio: Option<f64>,
    /// What is wanted, in words, and whether it was reached.
    pub goal: Option<(String, bool)>,
}

/// One run of a measurement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) value: f64,
    pub(super) reference: Option<f64>,
}

/// Is more better, or less?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    More,
    Less,
}

impl Figure {
    /// The medians of some runs.
    pub(super) fn of(
        scenario: &'static str,
        case: String,
        unit: &'static str,
        better: Better,
        runs: &[Sample],
    ) -> Self {
        let ratio = |run: &Sample| {
            let reference = run.reference?;
            Some(if better == Better::More { run.value / reference } else { reference / run.value })
        };
        Self {
            scenario,
            case,
            value: median(runs.iter().map(|run| run.value)).unwrap_or(f64::NAN),
            unit,
            reference: median(runs.iter().filter_map(|run| run.reference)),
            ratio: median(runs.iter().filter_map(ratio)),
            goal: None,
        }
    }

    /// A number that was measured once and stands alone.
    pub(super) fn single(scenario: &'static str, case: &str, unit: &'static str, number: f64) -> Self {
        let run = Sample { value: number, reference: None };
        Self::of(scenario, case.to_owned(), unit, Better::Less, &[run])
    }

    /// With a goal.
    pub(super) fn goal(mut self, words: &str, reached: impl Fn(&Self) -> bool) -> Self {
        let reached = reached(&self);
        self.goal = Some((words.to_owned(), reached));
        self
    }

    /// With a goal for the ratio.
    pub(super) fn ratio_at_least(self, least: f64) -> Self {
        let words = format!("ratio >= {least}");
        self.goal(&words, |figure| figure.ratio.is_some_and(|ratio| ratio >= least))
    }

    /// With a goal for the value.
    pub(super) fn at_most(self, most: f64) -> Self {
        let words = format!("<= {most} {}", self.unit);
        self.goal(&words, |figure| figure.value <= most)
    }

    /// False if a goal was set and missed.
    pub fn good(&self) -> bool {
        self.goal.as_ref().is_none_or(|(_, reached)| *reached)
    }
}

/// Figures as a table for people.
pub fn table(figures: &[Figure]) -> String {
    let head = ["scenario", "case", "figure", "reference", "ratio", "goal", ""].map(str::to_owned);
    let mut rows = vec![head];
    for figure in figures {
        let (goal, mark) = match &figure.goal {
            None => (String::new(), ""),
            Some((goal, true)) => (goal.clone(), "reached"),
            Some((goal, false)) => (goal.clone(), "MISSED"),
        };
        rows.push([
            figure.scenario.to_owned(),
            figure.case.clone(),
            format!("{} {}", short(figure.value), figure.unit),
            figure.reference.map(short).unwrap_or_default(),
            figure.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            goal,
            mark.to_owned(),
        ]);
    }
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; 7]| {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// Figures as JSON.
pub fn json(figures: &[Figure]) -> String {
    let all: Vec<Value> = figures
        .iter()
        .map(|figure| {
            value!({
                "scenario": figure.scenario,
                "case": figure.case,
                "value": figure.value,
                "unit": figure.unit,
                "reference": figure.reference,
                "ratio": figure.ratio,
                "goal": figure.goal.as_ref().map(|(goal, _)| goal),
                "reached": figure.goal.as_ref().map(|(_, reached)| reached),
            })
        })
        .collect();
    format!("{:#}", Value::Array(all))
}

fn median(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    let upper = numbers.get(middle).copied()?;
    if numbers.len() % 2 == 1 {
        return Some(upper);
    }
    numbers.get(middle - 1).map(|lower| f64::midpoint(*lower, upper))
}

fn short(number: f64) -> String {
    if number >= 100.0 { format!("{number:.0}") } else { format!("{number:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_goals() {
        let runs = [(10.0, 20.0), (30.0, 40.0), (90.0, 100.0)]
            .map(|(value, reference)| Sample { value, reference: Some(reference) });
        let figure = Figure::of("x", "y".into(), "posts/s", Better::More, &runs).ratio_at_least(0.7);
        assert_eq!((figure.value, figure.reference, figure.ratio), (30.0, Some(40.0), Some(0.75)));
        assert!(figure.good());
        let figure = Figure::of("x", "y".into(), "ms", Better::Less, &runs).at_most(20.0);
        assert!(!figure.good() && table(std::slice::from_ref(&figure)).contains("MISSED"));
        assert!(json(&[figure]).contains("\"reached\": false"));
        assert_eq!(median([1.0, 2.0].into_iter()), Some(1.5));
        assert_eq!(median(std::iter::empty()), None);
    }
}
