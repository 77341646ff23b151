use posthaste_model::MailingList;

use super::Rule;
use crate::{facts::Facts, parts, post::Post, reason::Reason};

/// The message looks like a command that should have gone to another address.
pub(super) struct Administrivia;

/// Commands, and how many words may follow them.
const COMMANDS: [(&str, usize, usize); 11] = [
    ("confirm", 1, 1),
    ("help", 0, 0),
    ("info", 0, 0),
    ("lists", 0, 0),
    ("options", 0, 0),
    ("password", 2, 2),
    ("remove", 0, 0),
    ("set", 3, 3),
    ("subscribe", 0, 3),
    ("unsubscribe", 0, 1),
    ("who", 0, 2),
];
/// Commands that are everyday words, too: what follows must be addresses or `name=value`.
const EVERYDAY: [(&str, usize); 2] = [("join", 3), ("leave", 1)];

impl Rule for Administrivia {
    const NAME: &'static str = "administrivia";

    fn check(post: &Post, list: &MailingList, facts: &Facts) -> Option<Reason> {
        if !list.settings.administrivia {
            return None;
        }
        let subject = post.subject();
        let text = parts::first_text(&post.message).unwrap_or_default();
        let lines = text.lines().filter(|l| !l.trim().is_empty()).take(facts.site.rules.command_lines);
        let line = std::iter::once(subject.as_str()).chain(lines).find(|line| is_command(line))?;
        Some(Reason::phrase(Self::NAME, "reason.administrivia", [("line", line.trim().to_owned())]))
    }

    fn passed(_: &Post, list: &MailingList, _: &Facts) -> String {
        let what = if list.settings.administrivia {
            "neither subject nor text looks like a command"
        } else {
            "administrivia is off"
        };
        what.into()
    }
}

fn is_command(line: &str) -> bool {
    // A command is a short line; a long one need not be looked at.
    let mut words = line.split_whitespace().take(5);
    let Some(first) = words.next() else { return false };
    let rest: Vec<_> = words.collect();
    let first = first.to_lowercase();
    COMMANDS.iter().any(|(word, least, most)| first == *word && (*least..=*most).contains(&rest.len()))
        || EVERYDAY.iter().any(|(word, most)| {
            first == *word && rest.len() <= *most && rest.iter().all(|w| w.contains(['@', '=']))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_what_is_none() {
        for (line, wanted) in [
            ("help", true),
            ("  HELP  ", true),
            ("help me", false),
            ("confirm abc", true),
            ("confirm", false),
            ("subscribe", true),
            ("subscribe a b c", true),
            ("subscribe a b c d", false),
            ("who a b", true),
            ("set a b c", true),
            ("set a b", false),
            ("join", true),
            ("join us tomorrow", false),
            ("join digest=mime anne@example.com", true),
            ("leave", true),
            ("leave it", false),
            ("leave anne@example.com", true),
            ("", false),
            ("Re: help", false),
        ] {
            assert_eq!(is_command(line), wanted, "{line}");
        }
    }
}
