use bytes::Bytes;

use crate::{Field, Head};

/// A message: its header, whose untouched fields keep every byte, and its body, which is shared and never changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// The header.
    pub head: Head,
    /// Everything behind the empty line.
    pub body: Bytes,
}

impl Message {
    /// Reads any bytes; never fails.
    ///
    /// The header ends at the first empty line or before the first line that can be no part of a header; in that case
    /// the missing empty line is added on output. Lines may end in CRLF or LF. A leading mbox line (`From anne Mon…`)
    /// is left out: it is no part of the message.
    pub fn parse(raw: Bytes) -> Self {
        let mbox = raw.starts_with(b"From ") || raw.starts_with(b">From ");
        let begin = if mbox { line_end(&raw, 0) } else { 0 };
        Self::parse_from(raw, begin)
    }

    /// The same for a part of a message, where no mbox line can stand.
    pub(crate) fn parse_part(raw: Bytes) -> Self {
        Self::parse_from(raw, 0)
    }

    fn parse_from(mut raw: Bytes, mut at: usize) -> Self {
        let mut fields = vec![];
        let mut open: Option<(usize, usize)> = None;
        let mut separator = Bytes::from_static(b"\r\n");
        let mut body = raw.len();
        while at < raw.len() {
            let end = line_end(&raw, at);
            let line = raw.get(at..end).unwrap_or_default();
            if matches!(line, b"\n" | b"\r\n") {
                separator = raw.slice(at..end);
                body = end;
                break;
            }
            let continues = matches!(line.first(), Some(b' ' | b'\t'));
            match (continues, open, name_length(line)) {
                (true, Some(_), _) => {}
                (false, _, Some(name)) => {
                    if let Some((start, name)) = open {
                        fields.push(Field::found(raw.slice(start..at), name));
                    }
                    open = Some((at, name));
                }
                _ => {
                    body = at;
                    break;
                }
            }
            at = end;
        }
        if let Some((start, name)) = open {
            fields.push(Field::found(raw.slice(start..at.min(raw.len())), name));
        }
        Self { head: Head::with(fields, separator), body: raw.split_off(body) }
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.len());
        self.head.write(&mut out);
        out.extend_from_slice(&self.body);
        Bytes::from(out)
    }

    /// How many bytes it takes.
    pub fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// True if it has neither header nor body.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty() && self.body.is_empty()
    }
}

/// `raw` with every line end (CRLF, bare LF, bare CR) written as CRLF, as SMTP wants it (RFC 5321 §2.3.8).
pub fn crlf(raw: Bytes) -> Bytes {
    let lone = |pair: &[u8]| {
        matches!(pair, [b'\r', next] if *next != b'\n') || matches!(pair, [prev, b'\n'] if *prev != b'\r')
    };
    if !raw.windows(2).any(lone) && raw.first() != Some(&b'\n') && raw.last() != Some(&b'\r') {
        return raw;
    }
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32);
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if_eq(&b'\n');
                out.extend_from_slice(b"\r\n");
            }
            b'\n' => out.extend_from_slice(b"\r\n"),
            other => out.push(other),
        }
    }
    Bytes::from(out)
}

/// Where the line that begins at `at` ends, its line end included.
fn line_end(raw: &[u8], at: usize) -> usize {
    raw.get(at..).and_then(|rest| rest.iter().position(|b| *b == b'\n')).map_or(raw.len(), |lf| at + lf + 1)
}

/// The length of the field's name if the line begins a field: printable ASCII, then a colon (RFC 5322 §2.2), perhaps with
/// white space before it (§4.5).
fn name_length(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|b| *b == b':')?;
    let name = line.get(..colon)?.trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Message {
        Message::parse(Bytes::from(text.to_owned()))
    }

    #[test]
    fn well_formed_messages_keep_every_byte() {
        for text in [
            "A: 1\r\nB: 2\r\n folded\r\n\r\nbody\r\n",
            "A: 1\nB:\n\t2\n\nbody",
            "\r\nonly a body",
            "a:1\r\n\r\n",
            "weird   :  x \r\n\r\n\r\n",
        ] {
            assert_eq!(parse(text).to_bytes(), Bytes::from(text.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn the_header_ends_where_it_must() {
        for (text, fields, body) in [
            ("A: 1\r\nno field\r\nB: 2\r\n\r\n", 1, "no field\r\nB: 2\r\n\r\n"),
            (" leading\r\nA: 1\r\n\r\n", 0, " leading\r\nA: 1\r\n\r\n"),
            ("From anne Mon Nov 1\r\nA: 1\r\n\r\nx", 1, "x"),
            ("A: 1", 1, ""),
            ("", 0, ""),
            ("A: 1\r\n \r\nB: 2\r\n\r\nx", 2, "x"),
            (": no name\r\n\r\n", 0, ": no name\r\n\r\n"),
            ("Betr\u{e4}ff: x\r\n", 0, "Betr\u{e4}ff: x\r\n"),
        ] {
            let message = parse(text);
            assert_eq!(
                (message.head.fields().len(), &message.body[..]),
                (fields, body.as_bytes()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_missing_empty_line_is_added() {
        assert_eq!(parse("A: 1\r\nbody").to_bytes(), "A: 1\r\n\r\nbody");
        assert_eq!(parse("A: 1").to_bytes(), "A: 1\r\n\r\n");
    }

    #[test]
    fn line_ends() {
        for (given, wanted) in [
            ("a\nb\r\nc\rd", "a\r\nb\r\nc\r\nd"),
            ("\n", "\r\n"),
            ("a\r", "a\r\n"),
            ("\r\r\n", "\r\n\r\n"),
            ("", ""),
        ] {
            assert_eq!(crlf(Bytes::from(given)), Bytes::from(wanted), "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_parse_and_a_second_reading_changes_nothing(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
            let once = Message::parse(Bytes::from(raw)).to_bytes();
            // A body may begin with what looks like an mbox line; with a header in front it stays.
            prop_assume!(!once.starts_with(b"From ") && !once.starts_with(b">From "));
            prop_assert_eq!(Message::parse(once.clone()).to_bytes(), once);
        }

        #[test]
        fn header_edits_leave_all_other_bytes_alone(
            values in proptest::collection::vec("[ -~]{0,30}(\r\n [!-~]{1,20}){0,2}", 1..8),
            body in proptest::collection::vec(any::<u8>(), 0..100),
            pick in any::<prop::sample::Index>(),
        ) {
            let lines: Vec<String> = values.iter().enumerate().map(|(i, v)| format!("X-F{i}:{v}\r\n")).collect();
            let mut raw = lines.concat().into_bytes();
            raw.extend_from_slice(b"\r\n");
            raw.extend_from_slice(&body);
            let mut message = Message::parse(Bytes::from(raw.clone()));
            prop_assert_eq!(&message.to_bytes()[..], &raw[..]);
            let at = pick.index(lines.len());
            message.head.replace(Field::new(&format!("x-f{at}"), "changed"));
            let mut wanted = lines.clone();
            wanted[at] = format!("x-f{at}: changed\r\n");
            let mut wanted = wanted.concat().into_bytes();
            wanted.extend_from_slice(b"\r\n");
            wanted.extend_from_slice(&body);
            prop_assert_eq!(&message.to_bytes()[..], &wanted[..]);
        }
    }
}
