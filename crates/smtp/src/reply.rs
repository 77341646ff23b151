use std::fmt;
use std::sync::Arc;

use bytes::{BufMut, BytesMut};

/// One SMTP reply: a code, perhaps an enhanced status code (RFC 2034, RFC 3463), and text for people.
///
/// Line feeds in `text` separate the lines of a multi-line reply. No other control character reaches the wire.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Reply {
    /// The three digits, 200 to 599 (RFC 5321 §4.2).
    pub code: u16,
    /// Class, subject and detail, as in `5.1.1`.
    pub enhanced: Option<(u8, u16, u16)>,
    /// What people read; says what to do, names no internals.
    /// Shared, for a transaction of fifty hears the same fifty times.
    pub text: Arc<str>,
}

impl Reply {
    /// A reply with an enhanced status code.
    pub fn new(code: u16, enhanced: (u8, u16, u16), text: impl Into<Arc<str>>) -> Self {
        Self { code, enhanced: Some(enhanced), text: text.into() }
    }

    /// A reply without one: greetings, answers to EHLO, 354, and what servers without RFC 2034 say.
    pub fn bare(code: u16, text: impl Into<Arc<str>>) -> Self {
        Self { code, enhanced: None, text: text.into() }
    }

    /// `250 2.0.0`, the plain yes.
    pub fn ok(text: impl Into<Arc<str>>) -> Self {
        Self::new(250, (2, 0, 0), text)
    }

    /// `451 4.3.0`: our own trouble, come again later. What every fault of ours becomes.
    pub fn trouble(text: impl Into<Arc<str>>) -> Self {
        Self::new(451, (4, 3, 0), text)
    }

    /// 2xx: done.
    pub const fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 3xx: go on, as after DATA.
    pub const fn is_intermediate(&self) -> bool {
        self.code / 100 == 3
    }

    /// 4xx: come again later.
    pub const fn is_temporary(&self) -> bool {
        self.code / 100 == 4
    }

    /// 5xx: never do that again.
    pub const fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// The lines of the text; at least one.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.split('\n')
    }

    /// Appends the reply as it goes over the wire: one line per line of text, `250-` before all but the last
    /// (RFC 5321 §4.2.1), the enhanced code on every line (RFC 2034 §4).
    pub fn write(&self, out: &mut BytesMut) {
        let mut lines = self.lines().peekable();
        while let Some(line) = lines.next() {
            let between = if lines.peek().is_some() { '-' } else { ' ' };
            let enhanced = self.enhanced.map(|(class, subject, detail)| {
                format!("{class}.{subject}.{detail}{}", if line.is_empty() { "" } else { " " })
            });
            out.put_slice(format!("{:03}{between}{}", self.code, enhanced.unwrap_or_default()).as_bytes());
            for piece in line.split(char::is_control) {
                out.put_slice(piece.as_bytes());
            }
            out.put_slice(b"\r\n");
        }
    }
}

/// `550 5.1.1 No such list`, always on one line: what logs and bounce notices show.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.code)?;
        if let Some((class, subject, detail)) = self.enhanced {
            write!(f, " {class}.{subject}.{detail}")?;
        }
        for word in self.text.split(char::is_control).filter(|word| !word.is_empty()) {
            write!(f, " {word}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(reply: &Reply) -> String {
        let mut out = BytesMut::new();
        reply.write(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn one_line() {
        let reply = Reply::new(550, (5, 1, 1), "No such list");
        assert_eq!(reply.to_string(), "550 5.1.1 No such list");
        assert_eq!(wire(&reply), "550 5.1.1 No such list\r\n");
        assert!(reply.is_permanent() && !reply.is_temporary() && !reply.is_positive());
        assert_eq!(wire(&Reply::bare(354, "Go ahead")), "354 Go ahead\r\n");
        assert_eq!(wire(&Reply::bare(250, "")), "250 \r\n");
    }

    #[test]
    fn many_lines() {
        assert_eq!(
            wire(&Reply::bare(250, "host\nPIPELINING\nSIZE 1")),
            "250-host\r\n250-PIPELINING\r\n250 SIZE 1\r\n"
        );
        assert_eq!(wire(&Reply::new(550, (5, 7, 1), "No.\nAsk.")), "550-5.7.1 No.\r\n550 5.7.1 Ask.\r\n");
        assert_eq!(Reply::new(550, (5, 7, 1), "No.\nAsk.").to_string(), "550 5.7.1 No. Ask.");
    }

    #[test]
    fn nothing_can_be_smuggled_into_a_reply() {
        assert_eq!(wire(&Reply::ok("a\r250 b\0c")), "250 2.0.0 a250 bc\r\n");
    }
}
