use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::Limits;
use super::budget::{Budget, Share};
use crate::Reply;

/// One message while it arrives, by DATA or by BDAT.
///
/// Only CRLF ends a line here, and only CRLF.CRLF ends DATA; a CR or LF by itself spoils the message, whatever
/// other software would make of it. That is the whole defence against smuggled messages (RFC 5321 §2.3.8, §4.1.1.4).
/// A spoilt message is still followed to its true end, but no longer kept.
#[derive(Debug)]
pub(super) struct Content {
    at: At,
    dots: bool,
    message: BytesMut,
    share: Share,
    /// Octets of the message so far, kept or not.
    size: usize,
    /// Octets of the current line so far.
    line: usize,
    /// Octets of the header block so far; `None` after its empty line.
    header: Option<usize>,
    flaw: Option<Flaw>,
}

/// Where in a line the next octet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Middle,
    /// After a CR.
    Cr,
    /// After a dot that began a line of DATA.
    Dot,
    /// After such a dot and a CR.
    DotCr,
}

/// Why the message is refused. The greatest wins, so that how the octets were cut into reads does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Flaw {
    NoMemory,
    LongLine,
    LargeHeader,
    TooLarge,
    BareNewline,
}

/// What became of some octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// All of them belong to the message.
    All,
    /// DATA ended after so many of them.
    End(usize),
    /// The message is larger than anyone sends in good faith.
    Overrun,
}

impl Content {
    /// Content that arrives by DATA: lines are dot-stuffed and a line with one dot ends it.
    pub(super) fn data(budget: Arc<Budget>) -> Self {
        Self::new(budget, true)
    }

    /// Content that arrives by BDAT: the chunk sizes tell where it ends (RFC 3030).
    pub(super) fn chunks(budget: Arc<Budget>) -> Self {
        Self::new(budget, false)
    }

    fn new(budget: Arc<Budget>, dots: bool) -> Self {
        Self {
            at: At::Start,
            dots,
            message: BytesMut::new(),
            share: Share::new(budget),
            size: 0,
            line: 0,
            header: Some(0),
            flaw: None,
        }
    }

    /// Makes room for a message of the size that MAIL declared; peers may lie, so not for more than 1 MiB.
    pub(super) fn expect(&mut self, size: usize) {
        self.message.reserve(size.min(1024 * 1024));
    }

    /// Octets of the message so far, kept or not.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Takes octets as they come.
    pub(super) fn take(&mut self, input: &[u8], limits: &Limits) -> Taken {
        let mut rest = input;
        while let Some((&octet, after)) = rest.split_first() {
            match (self.at, octet) {
                (At::Start, b'.') if self.dots => {
                    self.at = At::Dot;
                    rest = after;
                }
                (At::Dot, b'\r') => {
                    self.at = At::DotCr;
                    rest = after;
                }
                (At::DotCr, b'\n') => {
                    self.at = At::Start;
                    return Taken::End(input.len() - after.len());
                }
                (At::Cr, b'\n') => {
                    self.end_line(limits);
                    rest = after;
                }
                (At::Cr | At::DotCr, _) => {
                    self.spoil(Flaw::BareNewline);
                    self.at = At::Middle;
                }
                (At::Start | At::Dot | At::Middle, _) => rest = self.run(rest, limits),
            }
            if self.size > limits.message_size.saturating_add(limits.overrun) {
                return Taken::Overrun;
            }
        }
        Taken::All
    }

    /// The reply that refuses the message, if it is spoilt.
    pub(super) fn refusal(&self, limits: &Limits) -> Option<Reply> {
        Some(match self.flaw? {
            Flaw::NoMemory => Reply::new(452, (4, 3, 1), "Too many messages at once, try again later"),
            Flaw::LongLine => {
                Reply::new(550, (5, 6, 0), format!("A line is longer than {} octets", limits.message_line))
            }
            Flaw::LargeHeader => {
                Reply::new(552, (5, 3, 4), format!("The header is larger than {} octets", limits.header))
            }
            Flaw::TooLarge => too_large(limits),
            Flaw::BareNewline => {
                Reply::new(550, (5, 6, 11), "The message holds a bare CR or LF, lines must end with CRLF")
            }
        })
    }

    /// After the last octet: the message, and what it holds of the budget; or the reply that refuses it.
    pub(super) fn finish(mut self, limits: &Limits) -> Result<(Bytes, Share), Reply> {
        match self.at {
            At::Start => {}
            At::Cr | At::DotCr => self.spoil(Flaw::BareNewline),
            // BDAT may end anywhere; what leaves us is lines.
            At::Middle | At::Dot => self.end_line(limits),
        }
        match self.refusal(limits) {
            Some(reply) => Err(reply),
            None => Ok((self.message.freeze(), self.share)),
        }
    }

    /// Takes the octets up to the next CR or LF, and a CRLF with them. Returns what is left.
    fn run<'a>(&mut self, input: &'a [u8], limits: &Limits) -> &'a [u8] {
        let length = input.iter().position(|octet| matches!(octet, b'\r' | b'\n')).unwrap_or(input.len());
        let (text, rest) = input.split_at_checked(length).unwrap_or((input, &[]));
        self.at = At::Middle;
        self.line += text.len();
        if self.line > limits.message_line {
            self.spoil(Flaw::LongLine);
        }
        self.keep(text, limits);
        match rest {
            [b'\r', b'\n', rest @ ..] => {
                self.end_line(limits);
                rest
            }
            [b'\r', rest @ ..] => {
                self.at = At::Cr;
                rest
            }
            [_, rest @ ..] => {
                self.spoil(Flaw::BareNewline);
                rest
            }
            [] => rest,
        }
    }

    fn end_line(&mut self, limits: &Limits) {
        self.at = At::Start;
        self.keep(b"\r\n", limits);
        if self.line == 0 {
            self.header = None;
        }
        self.line = 0;
    }

    fn keep(&mut self, octets: &[u8], limits: &Limits) {
        self.size += octets.len();
        if let Some(header) = &mut self.header {
            *header += octets.len();
            if *header > limits.header {
                self.spoil(Flaw::LargeHeader);
            }
        }
        if self.size > limits.message_size {
            self.spoil(Flaw::TooLarge);
        }
        if self.flaw.is_none() {
            if self.share.cover(self.size) {
                self.message.extend_from_slice(octets);
            } else {
                self.spoil(Flaw::NoMemory);
            }
        }
    }

    fn spoil(&mut self, flaw: Flaw) {
        self.flaw = self.flaw.max(Some(flaw));
        self.message = BytesMut::new();
        self.share.release();
    }
}

/// The answer to a message, or a declared size, over the limit (RFC 1870 §6).
pub(super) fn too_large(limits: &Limits) -> Reply {
    Reply::new(552, (5, 3, 4), format!("The message is larger than {} octets", limits.message_size))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits =
        Limits { message_size: 200, overrun: 100, message_line: 40, header: 60, ..Limits::DEFAULT };

    fn budget() -> Arc<Budget> {
        Budget::new(1024 * 1024)
    }

    /// Dot-stuffing as every client does it (RFC 5321 §4.5.2), and the end.
    fn dot(message: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in message.split_inclusive(|b| *b == b'\n') {
            if line.starts_with(b".") {
                out.push(b'.');
            }
            out.extend_from_slice(line);
        }
        out.extend_from_slice(b".\r\n");
        out
    }

    /// Feeds DATA piece by piece: the message or the code of its refusal, and what was left over.
    fn read(pieces: &[&[u8]], limits: &Limits) -> Option<(Result<Vec<u8>, String>, usize)> {
        let mut content = Content::data(budget());
        for (n, piece) in pieces.iter().enumerate() {
            match content.take(piece, limits) {
                Taken::All => {}
                Taken::End(used) => {
                    let left = piece.len() - used + pieces[n + 1..].iter().map(|p| p.len()).sum::<usize>();
                    let result = content.finish(limits);
                    return Some((result.map(|(m, _)| m.to_vec()).map_err(|r| r.to_string()), left));
                }
                Taken::Overrun => return Some((Err("overrun".to_owned()), 0)),
            }
        }
        None
    }

    fn whole(input: &[u8]) -> Result<String, String> {
        let (result, left) = read(&[input], &LIMITS).expect("an end");
        assert_eq!(left, 0, "{}", input.escape_ascii());
        result.map(|m| String::from_utf8(m).unwrap())
    }

    #[test]
    fn dots_are_undone() {
        assert_eq!(whole(b".\r\n"), Ok(String::new()));
        assert_eq!(whole(b"a\r\n..\r\n...b\r\n.c\r\n.\r\n"), Ok("a\r\n.\r\n..b\r\nc\r\n".to_owned()));
        assert_eq!(read(&[b"a\r\n.\r\nQUIT\r\n"], &LIMITS).unwrap().1, 6);
    }

    #[test]
    fn only_crlf_dot_crlf_is_the_end() {
        for bad in [
            "\n.\n",
            "\n.\r\n",
            "\r\n.\n",
            "\r.\r",
            "\r.\r\n",
            "\r\n.\r",
            "\r\r\n",
            "\n\n",
            "a\rb",
            "\r\n.\rX\r\n",
        ] {
            let input = format!("Subject: x\r\n\r\nbody{bad}MAIL FROM:<evil@x>\r\n.\r\n");
            let refusal = whole(input.as_bytes()).unwrap_err();
            assert!(refusal.starts_with("550 5.6.11"), "{bad:?}: {refusal}");
        }
    }

    #[test]
    fn limits_are_kept_to_the_octet() {
        let line = |n: usize| format!("\r\n{}\r\n.\r\n", "x".repeat(n));
        assert!(whole(line(40).as_bytes()).is_ok());
        assert!(whole(line(41).as_bytes()).unwrap_err().starts_with("550 5.6.0"));
        let header = |n: usize| format!("{}{}\r\n\r\n.\r\n", "x: 89012\r\n".repeat(5), "x".repeat(n));
        assert!(whole(header(6).as_bytes()).is_ok());
        assert!(whole(header(7).as_bytes()).unwrap_err().starts_with("552 5.3.4 The header"));
        let body = |n: usize| format!("\r\n{}{}\r\n.\r\n", "12345678\r\n".repeat(19), "x".repeat(n));
        assert!(whole(body(6).as_bytes()).is_ok());
        assert!(whole(body(7).as_bytes()).unwrap_err().starts_with("552 5.3.4 The message"));
        let endless = "12345678\r\n".repeat(31);
        assert_eq!(Content::data(budget()).take(endless.as_bytes(), &LIMITS), Taken::Overrun);
    }

    #[test]
    fn a_spent_budget_is_temporary_and_a_spoilt_message_gives_its_share_back() {
        let small = Budget::new(64 * 1024);
        let limits = Limits::default();
        let mut content = Content::data(Arc::clone(&small));
        let lines = "12345678\r\n".repeat(7000);
        assert_eq!(content.take(lines.as_bytes(), &limits), Taken::All);
        assert_eq!(small.free(), 64 * 1024);
        assert!(content.take(b".\r\n", &limits) == Taken::End(3));
        assert!(content.finish(&limits).unwrap_err().to_string().starts_with("452 4.3.1"));
    }

    #[test]
    fn chunks_may_end_anywhere() {
        for (pieces, result) in [
            (vec!["a\r", "\nb\r\n"], Some("a\r\nb\r\n")),
            (vec!["a\r\n", ".\r\n"], Some("a\r\n.\r\n")),
            (vec!["a\r\n", "..b"], Some("a\r\n..b\r\n")),
            (vec![""], Some("")),
            (vec!["a\r"], None),
            (vec!["a\n"], None),
        ] {
            let mut content = Content::chunks(budget());
            for piece in &pieces {
                assert_eq!(content.take(piece.as_bytes(), &LIMITS), Taken::All);
            }
            let read = content.finish(&LIMITS).ok().map(|(m, _)| String::from_utf8(m.to_vec()).unwrap());
            assert_eq!(read.as_deref(), result, "{pieces:?}");
        }
    }

    proptest! {
        #[test]
        fn undot_undoes_dot(lines in proptest::collection::vec("[.a \u{0}\u{e9}]{0,6}", 0..12)) {
            let message: String = lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
            let limits = Limits::default();
            let stuffed = dot(message.as_bytes());
            prop_assert_eq!(read(&[&stuffed], &limits), Some((Ok(message.into_bytes()), 0)));
        }

        #[test]
        fn pieces_do_not_matter(input in "[a.\r\n]{0,400}|([a.]{0,30}\r\n){0,40}", cuts in proptest::collection::vec(0..400usize, 0..20)) {
            let input = format!("{input}\r\n.\r\nrest");
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c % input.len()).chain([0, input.len()]).collect();
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &input.as_bytes()[w[0]..w[1]]).collect();
            let octets: Vec<&[u8]> = input.as_bytes().chunks(1).collect();
            let expected = read(&[input.as_bytes()], &LIMITS);
            prop_assert_eq!(&read(&pieces, &LIMITS), &expected);
            prop_assert_eq!(&read(&octets, &LIMITS), &expected);
        }
    }
}
