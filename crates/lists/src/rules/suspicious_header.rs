use posthaste_model::MailingList;

use super::{Rule, header_match};
use crate::facts::{Facts, HeaderCheck};
use crate::{post::Post, reason::Reason};

/// A header field matches a line of `bounce_matching_headers`: the older form of header matches, kept for old lists.
pub(super) struct SuspiciousHeader;

impl Rule for SuspiciousHeader {
    const NAME: &'static str = "suspicious-header";

    fn check(post: &Post, list: &MailingList, _: &Facts) -> Option<Reason> {
        lines(list).find_map(|line| {
            // A line that cannot be read was refused when it was typed; one that was imported must not stop the mail.
            let (header, pattern) = HeaderCheck::parse_line(line).ok()?;
            header_match::value(post, &header, &pattern)?;
            Some(Reason::phrase(Self::NAME, "reason.suspicious-header", [("header", header.clone())]))
        })
    }

    fn passed(_: &Post, list: &MailingList, _: &Facts) -> String {
        match lines(list).count() {
            0 => "bounce_matching_headers is empty".into(),
            n => format!("none of {n} lines of bounce_matching_headers fits"),
        }
    }
}

fn lines(list: &MailingList) -> impl Iterator<Item = &str> {
    list.settings
        .bounce_matching_headers
        .iter()
        .map(|l| l.trim())
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
}
