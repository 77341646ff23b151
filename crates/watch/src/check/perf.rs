use std::fmt;

/// One figure behind the bar: `'label'=value[unit];warn;crit;min;max`.
#[derive(Clone, PartialEq, Debug)]
pub struct Perf {
    /// What it is; no quote and no equals sign.
    pub label: String,
    /// The figure; `None` is written `U`: not known.
    pub value: Option<f64>,
    /// Empty, `s`, `%`, `B` or `c`.
    pub unit: &'static str,
    /// Where WARNING begins.
    pub warning: Option<f64>,
    /// Where CRITICAL begins.
    pub critical: Option<f64>,
    /// The least it can be.
    pub min: Option<f64>,
    /// The most it can be.
    pub max: Option<f64>,
}

impl Perf {
    /// A figure that is 0 at the least.
    pub(crate) fn new(label: &str, value: f64, unit: &'static str) -> Self {
        let label = label.replace(['\'', '='], "_");
        let (warning, critical, min, max) = (None, None, Some(0.0), None);
        Self { label, value: Some(value), unit, warning, critical, min, max }
    }

    pub(crate) fn limits(mut self, warning: f64, critical: f64) -> Self {
        (self.warning, self.critical) = (Some(warning), Some(critical));
        self
    }
}

impl fmt::Display for Perf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |n: Option<f64>| n.map_or(String::new(), |n| n.to_string());
        let value = self.value.map_or("U".to_owned(), |value| format!("{value}{}", self.unit));
        let rest = [self.warning, self.critical, self.min, self.max].map(number).join(";");
        write!(f, "'{}'={value};{rest}", self.label)
    }
}
