use std::collections::VecDeque;

use thiserror::Error;

use crate::Reply;

/// Octets in one line, RFC 5321 §4.5.3.1.5 asks for 512.
const MAX_LINE: usize = 4096;
/// Lines in one reply; an EHLO answer has about fifteen.
const MAX_LINES: usize = 100;

/// What a relay said that is no reply (RFC 5321 §4.2). The connection cannot be trusted any more.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum ReplyError {
    #[error("the relay sent a line longer than {MAX_LINE} octets")]
    LongLine,
    #[error("the relay sent a reply of more than {MAX_LINES} lines")]
    ManyLines,
    #[error("the relay sent something that is no SMTP reply: {0:?}")]
    Garbage(String),
}

/// Turns octets into replies, in whatever pieces they come.
#[derive(Debug, Default)]
pub(crate) struct ReplyParser {
    line: Vec<u8>,
    /// The last line that was a whole reply, and what it said: the next one mostly says the same again.
    last: Option<(Vec<u8>, Reply)>,
    begun: Option<Begun>,
    ready: VecDeque<Reply>,
    broken: Option<ReplyError>,
}

/// A reply of several lines, of which the last has not come.
#[derive(Debug)]
struct Begun {
    code: u16,
    enhanced: Option<(u8, u16, u16)>,
    text: String,
    lines: usize,
}

impl Begun {
    fn end(self) -> Reply {
        Reply { code: self.code, enhanced: self.enhanced, text: self.text.into() }
    }
}

impl ReplyParser {
    /// Takes what was read.
    pub(crate) fn feed(&mut self, octets: &[u8]) {
        if self.broken.is_none() {
            self.broken = self.read(octets).err();
        }
    }

    /// The next whole reply; an error when all before it have been taken.
    pub(crate) fn next(&mut self) -> Result<Option<Reply>, ReplyError> {
        match (self.ready.pop_front(), &self.broken) {
            (None, Some(error)) => Err(error.clone()),
            (reply, _) => Ok(reply),
        }
    }

    /// Forgets everything; true if there was something. What stands in the buffer when TLS begins was said by
    /// nobody who proved who they are (RFC 3207 §6).
    pub(crate) fn discard(&mut self) -> bool {
        let something = !self.is_empty();
        *self = Self::default();
        something
    }

    /// Nothing was read that was not taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.line.is_empty() && self.begun.is_none() && self.ready.is_empty() && self.broken.is_none()
    }

    fn read(&mut self, mut octets: &[u8]) -> Result<(), ReplyError> {
        while let Some(end) = memchr::memchr(b'\n', octets) {
            let (head, tail) = octets.split_at(end);
            octets = tail.get(1..).unwrap_or_default();
            if self.line.is_empty() {
                self.take(head)?;
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(head);
                self.take(&line)?;
            }
        }
        self.line.extend_from_slice(octets);
        if self.line.len() > MAX_LINE { Err(ReplyError::LongLine) } else { Ok(()) }
    }

    fn take(&mut self, line: &[u8]) -> Result<(), ReplyError> {
        if line.len() > MAX_LINE {
            return Err(ReplyError::LongLine);
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.begun.is_none()
            && let Some((_, reply)) = self.last.as_ref().filter(|(last, _)| last == line)
        {
            self.ready.push_back(reply.clone());
            return Ok(());
        }
        let garbage = || ReplyError::Garbage(String::from_utf8_lossy(line).chars().take(80).collect());
        let (code, last, text) = split(line).ok_or_else(garbage)?;
        let text = String::from_utf8_lossy(text);
        match self.begun.as_mut() {
            None => {
                let (enhanced, text) = split_enhanced(code, &text);
                let begun = Begun { code, enhanced, text: clean(text), lines: 1 };
                if last {
                    let reply = begun.end();
                    self.last = Some((line.to_vec(), reply.clone()));
                    self.ready.push_back(reply);
                    return Ok(());
                }
                self.begun = Some(begun);
            }
            // RFC 5321 §4.2.1: the code is the same on every line.
            Some(begun) if begun.code != code => return Err(garbage()),
            Some(begun) if begun.lines == MAX_LINES => return Err(ReplyError::ManyLines),
            Some(begun) => {
                let (enhanced, rest) = split_enhanced(code, &text);
                let text = if enhanced == begun.enhanced { rest } else { &text };
                begun.text.push('\n');
                begun.text.push_str(&clean(text));
                begun.lines += 1;
            }
        }
        if last {
            self.ready.extend(self.begun.take().map(Begun::end));
        }
        Ok(())
    }
}

/// Code, whether this is the last line, text.
fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code: u16 = digits
        .iter()
        .try_fold(0, |code, digit| digit.is_ascii_digit().then(|| code * 10 + u16::from(digit - b'0')))?;
    if !(200..=599).contains(&code) {
        return None;
    }
    match rest.split_first() {
        None => Some((code, true, rest)),
        Some((b' ', text)) => Some((code, true, text)),
        Some((b'-', text)) => Some((code, false, text)),
        Some(_) => None,
    }
}

/// An enhanced code counts only if its class is that of the reply (RFC 2034 §4).
fn split_enhanced(code: u16, text: &str) -> (Option<(u8, u16, u16)>, &str) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut parts = word.split('.');
    let (Some(class), Some(subject), Some(detail), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return (None, text);
    };
    let number = |part: &str| {
        let digits = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if digits { part.parse::<u16>().ok() } else { None }
    };
    match (number(class), number(subject), number(detail)) {
        (Some(class), Some(subject), Some(detail)) if class == code / 100 => {
            (u8::try_from(class).ok().map(|class| (class, subject, detail)), rest)
        }
        _ => (None, text),
    }
}

fn clean(text: &str) -> String {
    if !text.bytes().any(|octet| octet.is_ascii_control() || !octet.is_ascii()) {
        return text.to_owned();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &[u8]) -> Result<Vec<Reply>, ReplyError> {
        let mut parser = ReplyParser::default();
        parser.feed(text);
        std::iter::from_fn(|| parser.next().transpose()).take(1000).collect()
    }

    #[test]
    fn reads_replies() {
        for (wire, expected) in [
            ("250 2.1.5 Ok\r\n", Reply::new(250, (2, 1, 5), "Ok")),
            ("250\r\n", Reply::bare(250, "")),
            ("250 Ok\n", Reply::bare(250, "Ok")),
            ("354 End with .\r\n", Reply::bare(354, "End with .")),
            (
                "550-5.7.1 No.\r\n550-5.7.1 Really.\r\n550 5.7.1\r\n",
                Reply::new(550, (5, 7, 1), "No.\nReally.\n"),
            ),
            ("550-5.7.1 No.\r\n550 Ask me\r\n", Reply::new(550, (5, 7, 1), "No.\nAsk me")),
            ("550 2.1.5 liar\r\n", Reply::bare(550, "2.1.5 liar")),
            ("550 5.1.1.1 x\r\n", Reply::bare(550, "5.1.1.1 x")),
            ("550 5.+1.1 x\r\n", Reply::bare(550, "5.+1.1 x")),
            ("451 a\tb\x07\r\n", Reply::bare(451, "a b ")),
        ] {
            assert_eq!(parse(wire.as_bytes()), Ok(vec![expected]), "{wire:?}");
        }
        assert_eq!(parse(b"250-a\r\n250-b\r\n").unwrap(), vec![]);
    }

    #[test]
    fn a_reply_said_again_is_the_same_and_a_part_of_another_is_not() {
        let ok = Reply::new(250, (2, 1, 5), "Ok");
        let wire = b"250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n250-2.1.5 a\r\n250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n";
        let two = Reply::new(250, (2, 1, 5), "a\nOk");
        assert_eq!(parse(wire), Ok(vec![ok.clone(), ok.clone(), two, ok]));
    }

    #[test]
    fn refuses_what_is_no_reply() {
        for wire in
            ["hello\r\n", "25\r\n", "\r\n", "250_x\r\n", "199 x\r\n", "600 x\r\n", "250-a\r\n550 b\r\n"]
        {
            assert!(matches!(parse(wire.as_bytes()), Err(ReplyError::Garbage(_))), "{wire:?}");
        }
        assert_eq!(parse(&[b'2'; 5000]), Err(ReplyError::LongLine));
        assert_eq!(parse(format!("250 {}\r\n", "x".repeat(4100)).as_bytes()), Err(ReplyError::LongLine));
        assert_eq!(parse("250-x\r\n".repeat(101).as_bytes()), Err(ReplyError::ManyLines));
        assert_eq!(parse(format!("{}250 x\r\n", "250-x\r\n".repeat(99)).as_bytes()).unwrap().len(), 1);
    }

    #[test]
    fn knows_what_was_not_taken() {
        let mut parser = ReplyParser::default();
        parser.feed(b"220 go\r\n250 injected\r\n");
        assert_eq!(parser.next().unwrap().unwrap().code, 220);
        assert!(parser.discard());
        assert_eq!(parser.next(), Ok(None));
        assert!(!parser.discard());
        parser.feed(b"2");
        assert!(!parser.is_empty());
    }

    #[test]
    fn what_came_before_the_garbage_counts() {
        let mut parser = ReplyParser::default();
        parser.feed(b"250 Ok\r\nrubbish\r\n");
        assert_eq!(parser.next(), Ok(Some(Reply::bare(250, "Ok"))));
        assert!(parser.next().is_err());
        assert!(parser.next().is_err());
    }

    proptest! {
        #[test]
        fn never_panics_and_pieces_do_not_matter(octets in "[250 \\-.\r\n]{0,200}", cut in 0usize..200) {
            let octets = octets.as_bytes();
            let whole = parse(octets);
            let mut parser = ReplyParser::default();
            let (a, b) = octets.split_at(cut.min(octets.len()));
            parser.feed(a);
            parser.feed(b);
            let pieces = std::iter::from_fn(|| parser.next().transpose()).take(1000).collect();
            prop_assert_eq!(whole, pieces);
        }
    }
}
