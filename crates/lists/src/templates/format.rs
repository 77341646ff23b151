//! From a built-in text to what is sent.

use std::borrow::Cow;

use super::{Wording, catalogue, language, wrap};
use crate::template::expand;

/// Ours, in the best language there is.
pub(super) fn built_in(chain: &[String], key: &str) -> Cow<'static, catalogue::Entry> {
    let best =
        chain.iter().find_map(|code| catalogue::entry(code, key)).or_else(|| catalogue::entry("en", key));
    best.map_or_else(
        || {
            tracing::error!(key, "there are no words for this");
            Cow::Owned(catalogue::Entry { subject: key.to_owned(), text: key.to_owned() })
        },
        Cow::Borrowed,
    )
}

/// A mail in our own words, in the first of these languages that has them: for where no database may be asked.
pub(crate) fn built_in_wording(key: &str, languages: &[&str], vars: &[(&str, &str)]) -> Wording {
    let entry = built_in(&language::chain(languages.iter().copied()), key);
    let lookup = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| Cow::from(*value));
    let text = expand(&only_known(&entry.text, lookup), lookup);
    Wording { subject: one_line(&expand(&entry.subject, lookup)), text: wrap::wrap(&text) }
}

/// A few words in the first of these languages that has them.
pub(crate) fn phrase(key: &str, languages: &[&str], vars: &[(&str, &str)]) -> String {
    let entry = built_in(&language::chain(languages.iter().copied()), key);
    expand(&entry.text, |name| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| Cow::from(*value)))
}

/// A subject.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}

/// Takes out the lines that hang on a variable without a value; never leaves two blank lines where one was.
pub(super) fn only_known<'v>(text: &str, lookup: impl Fn(&str) -> Option<Cow<'v, str>>) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let kept = match line.strip_prefix('?') {
            None => line,
            Some(rest) => {
                let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                if lookup(name).is_none_or(|value| value.trim().is_empty()) {
                    continue;
                }
                rest
            }
        };
        if kept.trim().is_empty() && (out.is_empty() || out.ends_with("\n\n")) {
            continue;
        }
        out.push_str(kept);
        out.push('\n');
    }
    let end = out.trim_end().len();
    out.truncate(end);
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_hang_on_a_variable() {
        let known = |name: &str| match name {
            "token" => Some(Cow::from("T")),
            "empty" => Some(Cow::from(" ")),
            _ => None,
        };
        let text = "a\n\n?token With $token\n?token\n?empty not\n?nobody no\n\nb\n\n?nobody c\n";
        assert_eq!(only_known(text, known), "a\n\nWith $token\n\nb\n");
    }

    #[test]
    fn phrases() {
        assert_eq!(phrase("post.no_subject", &["tlh", ""], &[]), "(no subject)");
        assert_eq!(phrase("post.and_more", &["en"], &[("count", "3")]), "and 3 more");
    }

    #[test]
    fn mail_without_a_database() {
        let wording =
            built_in_wording("notice.given-up", &["en"], &[("subject", "A\r\nB $x"), ("count", "2")]);
        assert_eq!(wording.subject, "Not delivered: A  B $x");
        assert!(wording.text.contains("(2 in all)"), "{}", wording.text);
    }
}
