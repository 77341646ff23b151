//! Entries of settings that name addresses: one address, or a regular expression that begins with `^`.

use posthaste_model::Pattern;

/// True if `entry` names `address`, which is lower case. Regular expressions take linear time and ignore case; one that
/// cannot be read names nobody.
pub(super) fn names(entry: &str, address: &str) -> bool {
    if entry.starts_with('^') {
        matches(entry, address).unwrap_or(false)
    } else {
        entry.to_lowercase() == address
    }
}

/// Whether the regular expression matches at the beginning; `None` if it cannot be read.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    Pattern::parse(pattern).ok().map(|p| p.begins(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        for (entry, wanted) in [
            ("Anne@Example.com", true),
            ("^ANNE@.*", true),
            ("^nne@", false),
            ("^[", false),
            ("^(a{1000}){1000}", false),
            ("example.com", false),
        ] {
            assert_eq!(names(entry, "anne@example.com"), wanted, "{entry}");
        }
    }

    #[test]
    fn hostile_patterns_take_linear_time() {
        assert_eq!(matches("^(a+)+$", &format!("{}!", "a".repeat(60_000))), Some(false));
    }
}
