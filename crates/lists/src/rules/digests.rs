use posthaste_model::{MailingList, Pattern};

use super::Rule;
use crate::{facts::Facts, parts, post::Post, reason::Reason};

/// Somebody answers a whole digest, or quotes one.
pub(super) struct Digests;

impl Rule for Digests {
    const NAME: &'static str = "digests";

    fn check(post: &Post, _: &MailingList, facts: &Facts) -> Option<Reason> {
        let site = &facts.site.rules;
        if !site.hold_digests {
            return None;
        }
        if is_digest_subject(&post.subject()) {
            return Some(Reason::phrase(Self::NAME, "reason.digest-subject", []));
        }
        let text = parts::first_text(&post.message)?;
        let quoted = masthead_lines(&text, &facts.masthead);
        (quoted >= site.digest_lines).then(|| Reason::phrase(Self::NAME, "reason.digest-quoted", []))
    }

    fn passed(_: &Post, _: &MailingList, facts: &Facts) -> String {
        let what = if facts.site.rules.hold_digests {
            "it quotes no digest"
        } else {
            "answers to digests are not looked for on this site"
        };
        what.into()
    }
}

/// `… Digest, Vol 3, Issue 4` at the end.
fn is_digest_subject(subject: &str) -> bool {
    Pattern::parse(r" Digest, Vol \d+, Issue \d+\s*$").is_ok_and(|p| p.is_in(subject))
}

/// How many lines of the masthead stand in the text, quoted or not.
fn masthead_lines(text: &str, masthead: &str) -> usize {
    let bare = |line: &str| line.trim_start_matches(['>', ' ', '\t']).trim_end().to_lowercase();
    let theirs: std::collections::HashSet<String> = text.lines().map(bare).collect();
    masthead.lines().map(bare).filter(|line| !line.is_empty() && theirs.contains(line)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects() {
        for (subject, wanted) in [
            ("Re: Dev Digest, Vol 3, Issue 14", true),
            ("re: dev digest, vol 3, issue 14 ", true),
            ("Dev Digest, Vol 3, Issue 14: what now?", false),
            ("Digest", false),
        ] {
            assert_eq!(is_digest_subject(subject), wanted, "{subject}");
        }
    }

    #[test]
    fn quoted_mastheads() {
        let masthead = "Write to the list by sending mail to\n    dev@example.org\n\nEdit the subject.\n";
        for (text, lines) in [
            ("> Write to the list by sending mail to\n>     dev@example.org\n>\n> EDIT the subject.", 3),
            (">> dev@example.org\n\nI agree.", 1),
            ("Nothing of it", 0),
        ] {
            assert_eq!(masthead_lines(text, masthead), lines, "{text}");
        }
        assert_eq!(masthead_lines("\n\n", ""), 0);
    }
}
