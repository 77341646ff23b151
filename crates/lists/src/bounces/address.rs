//! Addresses in texts that were written for people.

use posthaste_model::Address;

/// Stand around addresses and belong to none.
const AROUND: &[char] = &[
    '<', '>', '(', ')', '[', ']', '{', '}', '"', '\'', '`', ',', ';', ':', '.', '!', '*', '|', '\u{2022}',
    '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}', '\u{ab}', '\u{bb}', '\u{3001}', '\u{ff1a}',
];
/// Words for a kind of address, written before it.
const BEFORE: &[&str] = &["mailto:", "smtp:", "smtp=", "rfc822;", "rfc822:", "to:", "to="];

/// The address this word is, with whatever stands around it taken off.
pub(super) fn word(word: &str) -> Option<String> {
    let mut inner = word.trim().trim_matches(AROUND);
    while let Some(rest) = BEFORE.iter().find_map(|b| strip(inner, b)) {
        inner = rest.trim_matches(AROUND);
    }
    // Two addresses in one word are none: `anne@x.org<mailto:anne@x.org>` is the first.
    let inner = inner.split(['<', '>', '(', '[', ';', ',']).next().unwrap_or_default().trim_matches(AROUND);
    let unescaped = if inner.contains('=') && inner.contains("=4") {
        inner.replace("=40", "@")
    } else {
        inner.to_owned()
    };
    let one = unescaped.matches('@').count() == 1;
    (one && Address::parse(&unescaped).is_ok()).then_some(unescaped)
}

/// The only thing on the line, perhaps starred or followed by a colon.
pub(super) fn alone(line: &str) -> Option<String> {
    let mut words =
        line.split_whitespace().filter(|w| !w.trim_matches(AROUND).is_empty() && *w != "-" && *w != "--");
    let found = word(words.next()?)?;
    words.next().is_none().then_some(found)
}

/// The first word of the line.
pub(super) fn first(line: &str) -> Option<String> {
    line.split_whitespace().find(|w| !w.trim_matches(AROUND).is_empty()).and_then(word)
}

/// The first address on the line, wherever it stands.
pub(super) fn any(line: &str) -> Option<String> {
    line.split_whitespace().find_map(word)
}

/// The first address in angle brackets.
pub(super) fn angled(line: &str) -> Option<String> {
    let mut rest = line;
    while let Some((_, tail)) = rest.split_once('<') {
        let (inner, after) = tail.split_once('>')?;
        if let Some(found) = word(inner).filter(|_| !inner.contains('<')) {
            return Some(found);
        }
        rest = if inner.contains('<') { tail } else { after };
    }
    None
}

/// The address in angle brackets the line begins with.
pub(super) fn angled_first(line: &str) -> Option<String> {
    let inner = line.trim_start().strip_prefix('<')?;
    word(inner.split_once('>')?.0)
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let anne = Some("anne@example.com".to_owned());
        for good in [
            "anne@example.com",
            "<anne@example.com>:",
            "'anne@example.com'",
            "[SMTP:anne@example.com]",
            "mailto:anne@example.com",
            "SMTP=anne@example.com;",
            "anne=40example.com",
            "anne@example.com.",
            "anne@example.com<mailto:anne@example.com>",
            "\u{201c}anne@example.com\u{201d}",
        ] {
            assert_eq!(word(good), anne, "{good}");
        }
        for bad in ["anne", "anne@", "@example.com", "anne@host", "a@b@c.org", "", "<>", "a b@c.org"] {
            assert_eq!(word(bad), None, "{bad}");
        }
    }

    #[test]
    fn lines() {
        let anne = Some("anne@example.com".to_owned());
        assert_eq!(alone("   * anne@example.com  "), anne);
        assert_eq!(alone("   anne@example.com:"), anne);
        assert_eq!(alone("mail anne@example.com please"), None);
        assert_eq!(first("<anne@example.com> 550 no"), anne);
        assert_eq!(first("to anne@example.com"), None);
        assert_eq!(any("Delivery to anne@example.com failed"), anne);
        assert_eq!(angled("Anne <x> <anne@example.com>: no"), anne);
        assert_eq!(angled("Anne <anne@example.com"), None);
        assert_eq!(angled_first("  <anne@example.com>:"), anne);
        assert_eq!(angled_first("x <anne@example.com>:"), None);
    }
}
