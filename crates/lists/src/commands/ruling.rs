//! What a moderator answers to a notice about a request.

use posthaste_mime::Message;

use super::text::written;

/// The longest reason, characters.
const REASON: usize = 2_000;

/// What the first words of an answer say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Ruling {
    /// Yes.
    Accept,
    /// No, and what follows is the reason.
    Reject(Option<String>),
    /// Forget it.
    Discard,
    /// Something else, or nothing.
    Unclear,
}

/// Reads them. Nothing is decided by silence.
pub(crate) fn first_words(message: &Message) -> Ruling {
    of_text(&written(message).text)
}

fn of_text(text: &str) -> Ruling {
    let mut lines = text.lines().skip_while(|l| l.trim().is_empty() || l.starts_with('>'));
    let first = lines.next().unwrap_or_default().trim();
    let (word, rest) = first.split_once(char::is_whitespace).unwrap_or((first, ""));
    match word.trim_end_matches(['.', '!', ',', ':', ';']).to_lowercase().as_str() {
        "accept" | "approve" => Ruling::Accept,
        "discard" => Ruling::Discard,
        "reject" => {
            let own = lines.take_while(|l| l.trim_end() != "--" && !l.starts_with('>'));
            let reason: String = std::iter::once(rest)
                .chain(own)
                .collect::<Vec<_>>()
                .join("\n")
                .chars()
                .take(REASON)
                .collect();
            let reason = reason.trim();
            Ruling::Reject((!reason.is_empty()).then(|| reason.to_owned()))
        }
        _ => Ruling::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (text, wanted) in [
            ("accept\n", Ruling::Accept),
            ("\n> shall I?\nApprove!\n", Ruling::Accept),
            ("discard", Ruling::Discard),
            ("reject\n", Ruling::Reject(None)),
            ("Reject: not here\nat all\n-- \nme\n", Ruling::Reject(Some("not here\nat all".into()))),
            ("reject\n> quoted\n", Ruling::Reject(None)),
            ("acceptable?\n", Ruling::Unclear),
            ("", Ruling::Unclear),
        ] {
            assert_eq!(of_text(text), wanted, "{text:?}");
        }
    }
}
