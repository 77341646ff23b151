//! The words a person wrote, out of whatever their mail program made of them.

use posthaste_mime::{ContentType, Message, TransferEncoding, decode_charset_lossy};

/// Parts within parts that are looked into.
const DEPTH: usize = 8;
/// Parts of one message that are looked at.
const PARTS: usize = 200;

/// The first plain text of a message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Written {
    /// The text; empty if there is none.
    pub(super) text: String,
    /// There are other parts, which are no commands.
    pub(super) others: bool,
}

/// Looks for it.
pub(super) fn written(message: &Message) -> Written {
    let mut found = Search { text: None, others: false, left: PARTS };
    found.walk(message, DEPTH);
    Written { text: found.text.unwrap_or_default(), others: found.others }
}

struct Search {
    text: Option<String>,
    others: bool,
    left: usize,
}

impl Search {
    fn walk(&mut self, message: &Message, depth: usize) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        let kind = ContentType::of(&message.head);
        match (kind.main_type(), kind.parameter("boundary")) {
            ("multipart", Some(boundary)) if depth > 0 => {
                for part in parts(&message.body, boundary) {
                    self.walk(&Message::parse(message.body.slice_ref(part)), depth - 1);
                }
            }
            ("text", _) if kind.kind() == "text/plain" && self.text.is_none() => {
                let bytes = TransferEncoding::of(&message.head)
                    .map_or_else(|| message.body.to_vec(), |transfer| transfer.decode(&message.body));
                let charset = kind.parameter("charset").unwrap_or("us-ascii");
                self.text = Some(decode_charset_lossy(charset, &bytes));
            }
            _ => self.others = true,
        }
    }
}

/// What stands between the lines `--boundary` (RFC 2046 §5.1.1).
fn parts<'b>(body: &'b [u8], boundary: &str) -> Vec<&'b [u8]> {
    let mark = format!("--{boundary}");
    let mut parts = vec![];
    let (mut at, mut start) = (0, None);
    for line in body.split_inclusive(|b| *b == b'\n') {
        let end = at + line.len();
        if let Some(rest) = line.strip_prefix(mark.as_bytes()) {
            let rest = rest.trim_ascii_end();
            if rest.is_empty() || rest == b"--" {
                if let Some(part) = start.and_then(|start| body.get(start..at)) {
                    parts.push(part);
                }
                start = (rest.is_empty()).then_some(end);
            }
        }
        at = end;
    }
    // One that was cut off.
    if let Some(part) = start.and_then(|start| body.get(start..)) {
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn read(raw: &str) -> (String, bool) {
        let written = written(&Message::parse(Bytes::from(raw.replace('\n', "\r\n"))));
        (written.text.replace("\r\n", "\n"), written.others)
    }

    #[test]
    fn shapes() {
        let mixed = "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative;\n boundary=y\n\n\
                     --y\n\njoin\n--y\nContent-Type: text/html\n\n<p>leave\n--y--\n--x\n\nhelp\n--x--\n";
        for (raw, text, others) in [
            ("A: 1\n\njoin\n", "join\n", false),
            ("Content-Transfer-Encoding: base64\n\nam9pbgo=\n", "join\n", false),
            (
                "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nj=C3=B6in\n",
                "jöin\n",
                false,
            ),
            ("Content-Type: text/html\n\n<p>join\n", "", true),
            (mixed, "join\n", true),
            ("Content-Type: multipart/mixed; boundary=x\n\n--x\n\njoin\n", "join\n", false),
            ("Content-Type: multipart/mixed\n\n--x\n\njoin\n", "", true),
            ("", "", false),
        ] {
            assert_eq!(read(raw), (text.to_owned(), others), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(raw in "(Content-Type: multipart/x; boundary=b\n\n|--b\n|--b--\n|join\n|\n){0,40}") {
            read(&raw);
        }
    }
}
