//! Which commands a message holds.

use posthaste_mime::Message;
use posthaste_model::SubAddress;

use super::text::written;
use super::verb::{Command, Problem};

/// Lines that are named as ignored.
const MOST_IGNORED: usize = 10;
/// The longest line, characters; what is longer is cut.
const LONGEST: usize = 500;

/// One line that asks for something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    /// As it was written.
    pub(crate) source: String,
    /// What it asks for.
    pub(crate) meant: Result<Command, Problem>,
}

/// What a message asks for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Script {
    /// Line by line.
    pub(crate) lines: Vec<Line>,
    /// Lines that are not read: too many.
    pub(crate) ignored: Vec<String>,
    /// There are parts that are no plain text.
    pub(crate) others: bool,
    /// Nobody expects an answer unless something is wrong.
    pub(crate) quiet: bool,
}

/// Reads a message that came to `sub` with this extension; of its text at most `lines` lines.
pub(crate) fn read_script(sub: SubAddress, extension: &str, message: &Message, lines: usize) -> Script {
    let alone = |command: Command, source: &str| Script {
        lines: vec![Line { source: source.to_owned(), meant: Ok(command) }],
        quiet: true,
        ..Script::default()
    };
    match sub {
        SubAddress::Join => alone(Command::Join { mode: None, address: None }, "join"),
        SubAddress::Leave => alone(Command::Leave, "leave"),
        SubAddress::Confirm => {
            let token = if extension.is_empty() { token_in_to(message) } else { Some(extension.to_owned()) };
            match token {
                Some(token) => {
                    let source = format!("confirm {token}");
                    Script { lines: vec![line(&source)], quiet: true, ..Script::default() }
                }
                None => of_text(message, lines),
            }
        }
        _ => of_text(message, lines),
    }
}

fn of_text(message: &Message, most: usize) -> Script {
    let mut script = Script::default();
    let subject = message.head.text("Subject").unwrap_or_default();
    if !subject.trim().is_empty() {
        script.lines.push(line(&subject));
    }
    let written = written(message);
    script.others = written.others;
    let mut read = 0;
    for text in written.text.lines() {
        // A signature begins (RFC 3676 §4.3).
        if text.trim_end() == "--" {
            break;
        }
        if text.trim().is_empty() || text.starts_with('>') {
            continue;
        }
        read += 1;
        if read > most {
            script.ignored.push(cut(text));
        } else {
            script.lines.push(line(text));
        }
        if script.ignored.len() == MOST_IGNORED {
            break;
        }
    }
    script
}

fn line(text: &str) -> Line {
    let source = cut(text);
    let meant = Command::read(&source.split_whitespace().collect::<Vec<_>>());
    Line { source, meant }
}

fn cut(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

/// The token in `LIST-confirm+TOKEN@HOST` of the To field, for mail servers that take the extension away.
fn token_in_to(message: &Message) -> Option<String> {
    let to = message.head.get("To")?.unfolded();
    let rest = to.split("-confirm+").nth(1)?;
    let token: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    (!token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";

    fn script(sub: SubAddress, extension: &str, raw: &str) -> Script {
        read_script(sub, extension, &Message::parse(Bytes::from(raw.replace('\n', "\r\n"))), 10)
    }

    fn commands(script: &Script) -> Vec<Command> {
        script.lines.iter().filter_map(|l| l.meant.clone().ok()).collect()
    }

    #[test]
    fn addresses_that_are_commands_read_nothing() {
        let script_of = |sub| script(sub, "", "Subject: help\n\nleave\nsubscribe\n");
        let join = script_of(SubAddress::Join);
        assert_eq!(commands(&join), [Command::Join { mode: None, address: None }]);
        assert!(join.quiet);
        assert_eq!(commands(&script_of(SubAddress::Leave)), [Command::Leave]);
    }

    #[test]
    fn tokens_in_addresses() {
        let confirm = [Command::Confirm(TOKEN.into())];
        let head = format!("To: \"dev-confirm+{TOKEN}\"\n <dev-confirm+{TOKEN}@x.org>\n\n");
        for (extension, raw) in [(TOKEN, "Subject: Re: help\n\njoin\n"), ("", head.as_str())] {
            let script = script(SubAddress::Confirm, extension, raw);
            assert_eq!(commands(&script), confirm);
            assert!(script.quiet);
        }
        let bad = script(SubAddress::Confirm, "1234", "\n");
        assert_eq!(bad.lines[0].meant, Err(Problem::NoToken("1234".into())));
        let none = script(SubAddress::Confirm, "", &format!("Subject: Re: confirm {TOKEN}\n\n"));
        assert_eq!(commands(&none), confirm);
        assert!(!none.quiet);
    }

    #[test]
    fn subject_and_text() {
        let encoded = format!("Subject: =?utf-8?q?R=C3=A9:_confirm?= {TOKEN}\n\n");
        assert_eq!(commands(&script(SubAddress::Request, "", &encoded)), [Command::Confirm(TOKEN.into())]);
        let text = "Subject: hello\n\n> quoted\n\necho Foo bar\nend ignored\necho baz\n-- \njoin\n";
        let read = script(SubAddress::Request, "", text);
        let sources: Vec<_> = read.lines.iter().map(|l| l.source.as_str()).collect();
        assert_eq!(sources, ["hello", "echo Foo bar", "end ignored", "echo baz"]);
        assert_eq!(read.lines[0].meant, Err(Problem::Unknown("hello".into())));
        let many = "\n".to_owned() + &"echo\n".repeat(12);
        let read = script(SubAddress::Request, "", &many);
        assert_eq!((read.lines.len(), read.ignored.len()), (10, 2));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
            read_script(SubAddress::Request, "", &Message::parse(Bytes::from(raw)), 10);
        }
    }
}
