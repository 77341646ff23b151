use std::fmt::Write;

use posthaste_mime::{Field, decode_words, encode_words};
use regex::Regex;

use super::{Draft, Step, Stop};

/// Puts the list's prefix before the subject, once, and collapses reply marks into one `Re: `.
pub(super) struct SubjectPrefix;

impl Step for SubjectPrefix {
    const NAME: &'static str = "subject-prefix";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        let template = &draft.list.settings.subject_prefix;
        if template.trim().is_empty() {
            return Ok(());
        }
        let raw = draft.message.head.get("Subject").map(Field::unfolded).unwrap_or_default();
        let decoded = decode_words(&raw);
        let prefix = numbered(template, draft.facts.post_number);
        let known = recogniser(template);
        let (reply, rest) = strip(&decoded, known.as_ref());
        let rest = if rest.is_empty() { "(no subject)".to_owned() } else { rest };
        let wanted = format!("{prefix}{reply}{rest}");
        // Where only ASCII has to change, the author's encoded words stay as they are, charset and all.
        let (raw_reply, raw_rest) = strip(&raw, known.as_ref());
        let kept = format!("{}{raw_reply}{raw_rest}", encode_words(&prefix));
        let keep = raw.contains("=?") && kept.is_ascii() && decode_words(&kept) == wanted;
        let field = if keep { Field::structured("Subject", &kept) } else { Field::new("Subject", &wanted) };
        draft.message.head.replace(field);
        draft.bare_subject = rest;
        Ok(())
    }
}

/// The subject without the list's prefix, and with at most one reply mark.
pub(crate) fn without_prefix(template: &str, subject: &str) -> String {
    let known = (!template.trim().is_empty()).then(|| recogniser(template)).flatten();
    let (reply, rest) = strip(subject, known.as_ref());
    format!("{reply}{rest}")
}

/// `%d` and `%05d` become the number of the post.
fn numbered(template: &str, number: i64) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let Some((width, length)) = placeholder(from) else {
            out.push('%');
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        let _ = write!(out, "{number:0width$}");
        rest = from.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The width and length of the placeholder at the start of `text`.
fn placeholder(text: &str) -> Option<(usize, usize)> {
    let digits = text.strip_prefix('%')?.split_once('d')?.0;
    let width = match digits {
        "" => 0,
        digits => digits.strip_prefix('0')?.parse::<u8>().ok()?.min(20).into(),
    };
    Some((width, digits.len() + 2))
}

/// Finds the prefix, whatever its number, with the blanks behind it.
fn recogniser(template: &str) -> Option<Regex> {
    let prefix = template.trim();
    let mut pattern = String::new();
    let mut rest = prefix;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        pattern.push_str(&regex::escape(before));
        if let Some((_, length)) = placeholder(from) {
            pattern.push_str(r"\s*\d+\s*");
            rest = from.get(length..).unwrap_or_default();
        } else {
            pattern.push('%');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    pattern.push_str(&regex::escape(rest));
    // A prefix that is a bare word must not eat the beginning or end of another word.
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let start = if word(prefix.chars().next()) { r"\b" } else { "" };
    let end = if word(prefix.chars().next_back()) { r"(?:\s+|$)" } else { r"\s*" };
    Regex::new(&format!("{start}{pattern}{end}")).ok()
}

/// The collapsed reply mark (`Re: ` or nothing) and what is left without prefix and reply marks.
fn strip(subject: &str, prefix: Option<&Regex>) -> (&'static str, String) {
    let without = prefix.map_or_else(|| subject.into(), |prefix| prefix.replace_all(subject, ""));
    let mut rest = without.trim();
    let mut reply = "";
    while let Some(after) = reply_mark(rest) {
        reply = "Re: ";
        rest = after.trim_start();
    }
    (reply, rest.to_owned())
}

/// What follows `Re:`, `AW [2]:` and the like at the start of `text`.
fn reply_mark(text: &str) -> Option<&str> {
    let (mark, after) = text.split_at_checked(2)?;
    if !["re", "aw", "sv", "vs"].iter().any(|m| mark.eq_ignore_ascii_case(m)) {
        return None;
    }
    let mut after = after.trim_start();
    if let Some((count, rest)) = after.strip_prefix('[').and_then(|a| a.split_once(']'))
        && !count.is_empty()
        && count.bytes().all(|b| b.is_ascii_digit())
    {
        after = rest.trim_start();
    }
    after.strip_prefix(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixed(template: &str, subject: &str) -> String {
        let (reply, rest) = strip(subject, recogniser(template).as_ref());
        format!("{}{reply}{rest}", numbered(template, 456))
    }

    #[test]
    fn plain_vectors() {
        for (prefix, subject, wanted) in [
            ("[XTest] ", "Something", "[XTest] Something"),
            ("[XTest] ", "Re: [XTest] Something", "[XTest] Re: Something"),
            ("[XTest] ", "[XTest] Re: RE : Re: Something", "[XTest] Re: Something"),
            ("[XTest] ", "AW[3]: SV: vs [12] : x", "[XTest] Re: x"),
            ("[XTest] ", "[XTest]Something", "[XTest] Something"),
            ("[XTest] ", "Re [a]: x", "[XTest] Re [a]: x"),
            ("[XTest] ", "Research: x", "[XTest] Research: x"),
            ("[XTest %d] ", "[XTest 123] Re: S", "[XTest 456] Re: S"),
            ("[XTest %05d] ", "Re: [XTest 00123] S", "[XTest 00456] Re: S"),
            ("[XTest %d] ", "[XTest 123 ] S", "[XTest 456] S"),
            ("[100% %x] ", "S", "[100% %x] S"),
            ("Test ", "Testing a Test here", "Test Testing a here"),
            ("Dev: ", "Re: Dev: x", "Dev: Re: x"),
            ("[a.b*] ", "[a.b*] [axb] y", "[a.b*] [axb] y"),
        ] {
            assert_eq!(prefixed(prefix, subject), wanted, "{prefix:?} {subject:?}");
        }
    }
}
