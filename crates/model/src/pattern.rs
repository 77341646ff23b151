//! Regular expressions that people type, as Mailman takes them: Python's, read forgivingly, matched in linear time.

mod python;

use std::fmt;

use regex::{Regex, RegexBuilder};

/// The longest pattern, octets (P34).
pub const LONGEST_PATTERN: usize = 1024;
/// The most a pattern may compile to, octets (P34).
const LARGEST: usize = 1 << 20;
/// No more of a text is searched than this, octets: what is longer is no header field and no address.
const SEARCHED: usize = 64 * 1024;

/// A regular expression in Python's spelling. It ignores case, as Mailman's do. Matching takes time in proportion to the
/// text, whatever the pattern; what cannot be matched so (look-around, references back) is refused when it is typed.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As it was typed.
    source: String,
    wanted: Regex,
    /// What must not stand at the beginning: `^(?!…)…` is the one look-ahead that can be had in linear time.
    unwanted: Vec<Regex>,
}

impl Pattern {
    /// Reads a pattern. The error says what is wrong with it and what would do.
    pub fn parse(source: &str) -> Result<Self, String> {
        if source.len() > LONGEST_PATTERN {
            return Err(format!(
                "it has {} octets; at most {LONGEST_PATTERN} are allowed. Several short patterns do the same",
                source.len()
            ));
        }
        let (unwanted, rest) = python::leading_negations(source);
        let unwanted =
            unwanted.iter().map(|inner| compile(&format!("^(?:{inner})"))).collect::<Result<_, _>>()?;
        Ok(Self { source: source.to_owned(), wanted: compile(&rest)?, unwanted })
    }

    /// As it was typed.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// True if it matches somewhere in `text`.
    pub fn is_in(&self, text: &str) -> bool {
        let text = cut(text);
        self.wanted.is_match(text) && !self.unwanted.iter().any(|u| u.is_match(text))
    }

    /// True if it matches at the beginning of `text`.
    pub fn begins(&self, text: &str) -> bool {
        let text = cut(text);
        let at_start = self.wanted.find(text).is_some_and(|m| m.start() == 0);
        at_start && !self.unwanted.iter().any(|u| u.is_match(text))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

fn compile(source: &str) -> Result<Regex, String> {
    let translated = python::translate(source)?;
    RegexBuilder::new(&translated)
        .case_insensitive(true)
        .size_limit(LARGEST)
        .dfa_size_limit(4 * LARGEST)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "it is too large once compiled; write smaller numbers between its braces".to_owned()
            }
            regex::Error::Syntax(text) => last_line(&text),
            other => other.to_string(),
        })
}

/// The line of an error that says what is wrong; the others draw arrows under a pattern that nobody typed.
fn last_line(error: &str) -> String {
    let line = error.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or(error);
    line.trim().trim_start_matches("error: ").to_owned()
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(SEARCHED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn what_python_patterns_mean() {
        for (pattern, text, wanted) in [
            ("spam", "No SPAM here", true),
            ("^spam", "no spam", false),
            (r"\bviagra\b", "buy Viagra!", true),
            (r"^[^@]+@example\.com$", "anne@example.com", true),
            (r"foo\Z", "a foo", true),
            (r"\<b\>", "<b>", true),
            (r"[]a]", "]", true),
            (r"[^]a]", "]", false),
            (r"[[:alpha:]]", ":]", true),
            (r"a{,2}b", "b", true),
            ("a{x}", "a{x}", true),
            ("{", "{", true),
            (r"[a&&b]", "&", true),
            (r"[a~~b]", "~", true),
            (r"[+--]", ",", true),
            (r"\055", "-", true),
            (r"\0", "\0", true),
            (r"\x41\u0042", "ab", true),
            (r"(?#a comment)x", "x", true),
            (r"(?P<word>a+)\s", "aa ", true),
            (r"[\b]", "\u{8}", true),
            (r"[\w\-\.]+@", "a-b.c@", true),
            (r"Größe", "GRÖSSE GRÖßE", true),
            (r"\@\!\%\,\_", "@!%,_", true),
            ("(?i)(?s)a.b", "A\nB", true),
            (r"(?x) a b # both", "ab", true),
            (r"^(?!.*@example\.com$).*", "anne@example.org", true),
            (r"^(?!.*@example\.com$).*", "anne@example.com", false),
            (r"^(?!a)(?!b)\w", "c", true),
            (r"^(?!a)(?!b)\w", "b", false),
            ("", "anything", true),
        ] {
            let read = Pattern::parse(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"));
            assert_eq!(read.is_in(text), wanted, "{pattern} in {text:?}");
        }
        assert!(Pattern::parse("b|x").unwrap().begins("bart"));
        assert!(!Pattern::parse("b|x").unwrap().begins("axb"));
    }

    #[test]
    fn what_cannot_be_had_is_refused_with_the_reason() {
        for (pattern, says) in [
            (r"(a)\1", "refers back"),
            (r"(?P<a>x)(?P=a)", "refers back"),
            (r"a(?=b)", "looks ahead"),
            (r"a(?!b)", "looks ahead"),
            (r"(?<=a)b", "looks behind"),
            (r"(?<!a)b", "looks behind"),
            (r"(?>a+)b", "atomic"),
            (r"a++b", "possessive"),
            (r"(a)(?(1)b|c)", "depends on a group"),
            (r"\N{DIGIT ONE}", "named character"),
            (r"\q", r"\q"),
            ("(a", "unclosed group"),
            ("[a", "unclosed"),
            ("*a", "repetition"),
            ("a\\", "ends"),
            ("(a{1000}){1000}", "too large"),
            (&"a".repeat(1025), "1025 octets"),
        ] {
            let error = Pattern::parse(pattern).expect_err(pattern);
            assert!(error.contains(says), "{pattern}: {error}");
        }
    }

    /// P34: at most 10 ms for 64 KiB, with what a debug build is slower by allowed for.
    #[test]
    fn p34_hostile_patterns_take_linear_time() {
        let most = Duration::from_millis(if cfg!(debug_assertions) { 1_500 } else { 10 });
        let text = format!("{}!", "ab".repeat(32 * 1024 - 1));
        for pattern in ["^(a+b*)+$", "(ab|a|b)*c", "(?:a?b?){30}(?:ab){30}x", r"(\w+\s?)+$", "(.*a){9}x"] {
            let Ok(read) = Pattern::parse(pattern) else { continue };
            let began = Instant::now();
            assert!(!read.is_in(&text), "{pattern}");
            assert!(began.elapsed() < most, "{pattern} took {:?}", began.elapsed());
        }
    }

    #[test]
    fn no_more_than_64_kib_are_searched() {
        let text = format!("{}x", "ü".repeat(SEARCHED));
        assert!(!Pattern::parse("x").unwrap().is_in(&text));
    }
}
