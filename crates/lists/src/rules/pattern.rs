//! Entries of settings that name addresses: one address, or a regular expression that begins with `^`.

use regex::RegexBuilder;

/// A longer pattern is ignored.
const LONGEST: usize = 1024;
/// A pattern that compiles to more, in octets, is ignored.
const LARGEST: usize = 1 << 20;

/// True if `entry` names `address`, which is lower case. Regular expressions take linear time and ignore case; one that
/// cannot be read names nobody.
pub(super) fn names(entry: &str, address: &str) -> bool {
    if entry.starts_with('^') {
        matches(entry, address).unwrap_or(false)
    } else {
        entry.to_lowercase() == address
    }
}

/// Whether the regular expression matches; `None` if it cannot be read.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    if pattern.len() > LONGEST {
        return None;
    }
    let regex = RegexBuilder::new(pattern).case_insensitive(true).size_limit(LARGEST).build().ok()?;
    Some(regex.is_match(text))
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
