use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use posthaste_model::Pattern;

/// So many patterns are kept; then all are forgotten, and read again as they are needed.
const MOST: usize = 2_000;

/// Patterns that were read before: reading one takes longer than using it.
#[derive(Debug, Default)]
pub struct Patterns(Mutex<HashMap<String, Option<Pattern>>>);

impl Patterns {
    /// The pattern; `None` if it cannot be read.
    pub(crate) fn get(&self, source: &str) -> Option<Pattern> {
        let known =
            |patterns: &Self| patterns.0.lock().unwrap_or_else(PoisonError::into_inner).get(source).cloned();
        if let Some(known) = known(self) {
            return known;
        }
        let read = Pattern::parse(source)
            .inspect_err(|why| {
                tracing::warn!(pattern = source, why, "a header match cannot be read and is left out");
            })
            .ok();
        let mut patterns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if patterns.len() >= MOST {
            patterns.clear();
        }
        patterns.insert(source.to_owned(), read.clone());
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_ones_bad_ones_and_too_many() {
        let patterns = Patterns::default();
        for _ in 0..2 {
            assert!(patterns.get("^a").is_some_and(|p| p.is_in("ab")));
            assert!(patterns.get("(").is_none());
        }
        for i in 0..MOST {
            patterns.get(&format!("a{i}"));
        }
        assert!(patterns.0.lock().unwrap().len() <= MOST);
    }
}
