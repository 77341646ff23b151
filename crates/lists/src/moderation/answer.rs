use posthaste_mime::Message;

use crate::approval::take_password;
use crate::parts::first_text;

/// What a moderator's answer to a notice says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// To the list with it.
    Accept,
    /// Back to the author, with what follows the word.
    Reject(Option<String>),
    /// Away with it.
    Discard,
    /// Let it wait.
    Defer,
    /// I look after it.
    Claim,
    /// Accept, says who knows the list's password.
    Password(String),
    /// Something else; the first word.
    Unclear(String),
}

/// The longest text for an author, characters.
const REASON: usize = 4_000;

/// Reads an answer. Nothing is decided by silence: who writes none of the words is asked again.
pub(crate) fn read_answer(mut message: Message) -> Answer {
    if let Some(password) = take_password(&mut message) {
        return Answer::Password(password);
    }
    words(&first_text(&message).unwrap_or_default())
}

fn words(text: &str) -> Answer {
    let mut lines = text.lines().skip_while(|line| line.trim().is_empty() || is_quote(line));
    let first = lines.next().unwrap_or_default().trim();
    let (word, rest) = first.split_once(char::is_whitespace).unwrap_or((first, ""));
    let word = word.trim_end_matches(['.', ',', ':', ';', '!']).to_lowercase();
    match word.as_str() {
        "accept" | "approve" => Answer::Accept,
        "reject" => Answer::Reject(reason(rest, lines)),
        "discard" => Answer::Discard,
        "defer" => Answer::Defer,
        "claim" => Answer::Claim,
        _ => Answer::Unclear(word.chars().take(40).collect()),
    }
}

/// What the moderator wrote below the word, without what they quoted and without their signature.
fn reason<'t>(rest: &'t str, lines: impl Iterator<Item = &'t str>) -> Option<String> {
    let mut kept = vec![rest.trim()];
    let mut quoted = false;
    for line in lines {
        if line.trim_end() == "--" || line.starts_with("-----Original") {
            break;
        }
        if is_quote(line) {
            quoted = true;
            break;
        }
        kept.push(line.trim_end());
    }
    while kept.last().is_some_and(|line| line.is_empty()) {
        kept.pop();
    }
    if quoted && kept.len() > 1 && kept.last().is_some_and(|line| line.ends_with(':')) {
        // "On Monday Anne wrote:", of one line or, as some programs fold it, of two.
        kept.pop();
        while kept.len() > 1 && kept.last().is_some_and(|line| !line.is_empty() && line.starts_with("On ")) {
            kept.pop();
        }
    }
    let text: String = kept.join("\n").trim().chars().take(REASON).collect();
    (!text.is_empty()).then_some(text)
}

fn is_quote(line: &str) -> bool {
    line.starts_with('>')
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn the_first_word_decides_and_silence_does_not() {
        let reject = |text: &str| Answer::Reject(Some(text.into()));
        for (text, wanted) in [
            ("accept\n", Answer::Accept),
            ("\n\n  Accept!\n> Shall it?\n", Answer::Accept),
            ("APPROVE\r\n-- \r\nAnne\r\n", Answer::Accept),
            ("discard", Answer::Discard),
            ("Discard.", Answer::Discard),
            ("defer", Answer::Defer),
            ("claim", Answer::Claim),
            ("> discard\n> accept\n\naccept\n", Answer::Accept),
            ("reject", Answer::Reject(None)),
            ("Reject: too long", reject("too long")),
            ("reject\n\nPlease write\nless.\n-- \nAnne\n", reject("Please write\nless.")),
            ("reject no\n\nOn Monday list wrote:\n> A post waits\n", reject("no")),
            ("reject no\n\nOn Monday the list at example.org\n<list@x.org> wrote:\n> A\n", reject("no")),
            ("reject Rules:\n1. none\n", reject("Rules:\n1. none")),
            ("reject no\n-----Original Message-----\nFrom: x\n", reject("no")),
            ("", Answer::Unclear(String::new())),
            ("> accept\n", Answer::Unclear(String::new())),
            ("I am on holiday until Monday", Answer::Unclear("i".into())),
            ("acceptable, I think", Answer::Unclear("acceptable".into())),
        ] {
            assert_eq!(words(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_password_accepts_and_html_alone_says_nothing() {
        let read = |raw: &str| read_answer(Message::parse(Bytes::from(raw.to_owned())));
        assert_eq!(read("Approved: s3cret\r\n\r\n"), Answer::Password("s3cret".into()));
        assert_eq!(read("A: 1\r\n\r\nApproved: s3cret\r\n"), Answer::Password("s3cret".into()));
        let html = "Content-Type: text/html\r\n\r\naccept\r\n";
        assert_eq!(read(html), Answer::Unclear(String::new()));
        let both = "Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\naccept\r\n--x\r\n\
                    Content-Type: text/html\r\n\r\n<p>accept\r\n--x--\r\n";
        assert_eq!(read(both), Answer::Accept);
    }
}
