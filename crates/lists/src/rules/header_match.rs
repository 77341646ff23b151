use posthaste_mime::Field;
use posthaste_model::{MailingList, Pattern};

use super::Rule;
use crate::facts::{Facts, HeaderCheck};
use crate::{parts, post::Post, reason::Reason};

/// A header field looks as the site or the list does not want it. The site's checks come first.
pub(super) struct HeaderMatch;

impl Rule for HeaderMatch {
    const NAME: &'static str = "header-match";

    fn check(post: &Post, _: &MailingList, facts: &Facts) -> Option<Reason> {
        facts.header_checks.iter().find_map(|check| {
            let value = value(post, &check.header, &check.pattern)?;
            let key =
                if check.of == "site" { "reason.header-match-site" } else { "reason.header-match-list" };
            let vars = [("header", check.header.clone()), ("value", shortened(&value))];
            Some(Reason::phrase(Self::NAME, key, vars).asking(check.action).called(check.name.clone()))
        })
    }

    fn passed(_: &Post, _: &MailingList, facts: &Facts) -> String {
        match facts.header_checks.len() {
            0 => "there are no header matches".into(),
            n => format!("none of {n} header matches fits"),
        }
    }
}

impl HeaderCheck {
    /// Reads `Header: pattern`, as it stands in settings and configuration.
    pub fn parse_line(line: &str) -> Result<(String, Pattern), String> {
        let (header, pattern) = line.split_once(':').ok_or("write HEADER: PATTERN")?;
        let header = header.trim().to_lowercase();
        if header.is_empty() || !header.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(format!("{header:?} is no name of a header field"));
        }
        Ok((header, Pattern::parse(pattern.trim_start())?))
    }
}

/// The first value of this field, in the message or any part of it, that the pattern matches.
pub(super) fn value(post: &Post, header: &str, pattern: &Pattern) -> Option<String> {
    parts::find(&post.message, |head| head.all(header).map(Field::text).find(|v| pattern.is_in(v)))
}

/// People read it.
fn shortened(value: &str) -> String {
    match value.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}
