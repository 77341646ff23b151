use thiserror::Error;

/// Why a setting was refused: names the attribute, the rule and what would do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingError {
    /// No attribute has this name.
    #[error("a list has no setting {key:?}{}", nearest.map(|n| format!("; did you mean {n:?}?")).unwrap_or_default())]
    Unknown {
        /// What was asked for.
        key: String,
        /// The closest name there is.
        nearest: Option<&'static str>,
    },
    /// The value does not fit.
    #[error("{key} cannot be {value}: {rule}")]
    Value {
        /// The attribute.
        key: &'static str,
        /// What was given.
        value: String,
        /// What would do.
        rule: String,
    },
}
