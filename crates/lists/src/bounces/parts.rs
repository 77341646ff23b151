//! The parts of a report, as far as reading it needs them: forgiving, bounded, and never inside the message that came back.

use bytes::Bytes;
use posthaste_mime::{ContentType, Head, Message, TransferEncoding, decode_charset_lossy};

/// Multiparts inside multiparts are followed so far.
const DEPTH: usize = 8;
/// More parts than this are not looked at.
const MOST: usize = 64;
/// So much text of one part is read, in octets.
const LENGTH: usize = 256 * 1024;

/// One part that is no multipart.
pub(super) struct Part {
    /// `text/plain`, lower case.
    pub(super) kind: String,
    /// What it holds as text, transfer encoding and charset undone.
    pub(super) text: String,
}

/// The parts of `message` in their order. A message that came back is one part: what it holds is not ours to read here.
pub(super) fn parts(message: &Message) -> Vec<Part> {
    let mut found = vec![];
    collect(&message.head, &message.body, 0, &mut found);
    found
}

fn collect(head: &Head, body: &Bytes, depth: usize, found: &mut Vec<Part>) {
    if found.len() >= MOST {
        return;
    }
    let content_type = ContentType::of(head);
    let boundary = content_type.parameter("boundary").filter(|b| !b.is_empty());
    if content_type.main_type() == "multipart"
        && depth < DEPTH
        && let Some(boundary) = boundary
    {
        let pieces = split(body, boundary);
        if !pieces.is_empty() {
            for piece in pieces {
                let part = Message::parse(piece);
                collect(&part.head, &part.body, depth + 1, found);
            }
            return;
        }
    }
    let kind = if content_type.main_type() == "multipart" { "text/plain" } else { content_type.kind() };
    let transfer = TransferEncoding::of(head).unwrap_or(TransferEncoding::EightBit);
    let decoded = transfer.decode(body.get(..LENGTH).unwrap_or(body));
    let charset = content_type.parameter("charset").unwrap_or("utf-8");
    let text = decode_charset_lossy(charset, &decoded);
    found.push(Part { kind: kind.to_owned(), text });
}

/// What stands between the lines that are the boundary; the last piece may lack its end (RFC 2046 §5.1.1).
fn split(body: &Bytes, boundary: &str) -> Vec<Bytes> {
    let (mut pieces, mut begin, mut at) = (vec![], None, 0);
    while at < body.len() && pieces.len() < MOST {
        let rest = body.get(at..).unwrap_or_default();
        let end = rest.iter().position(|b| *b == b'\n').map_or(body.len(), |n| at + n + 1);
        let line = body.get(at..end).unwrap_or_default().trim_ascii_end();
        let marker = line.strip_prefix(b"--").and_then(|l| l.strip_prefix(boundary.as_bytes()));
        if let Some(tail) = marker.filter(|tail| tail.is_empty() || *tail == b"--") {
            if let Some(begin) = begin {
                pieces.push(without_line_end(body.slice(begin..at)));
            }
            begin = (tail.is_empty()).then_some(end);
            if begin.is_none() {
                return pieces;
            }
        }
        at = end;
    }
    if let Some(begin) = begin.filter(|begin| *begin <= body.len()) {
        pieces.push(body.slice(begin..));
    }
    pieces
}

/// The line end before a boundary belongs to it.
fn without_line_end(mut piece: Bytes) -> Bytes {
    for end in [b'\n', b'\r'] {
        if piece.last() == Some(&end) {
            piece.truncate(piece.len() - 1);
        }
    }
    piece
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(String, String)> {
        let message = Message::parse(Bytes::from(text.replace('\n', "\r\n")));
        parts(&message).into_iter().map(|p| (p.kind, p.text.trim().to_owned())).collect()
    }

    fn pair(kind: &str, text: &str) -> (String, String) {
        (kind.into(), text.into())
    }

    #[test]
    fn parts_come_in_their_order_and_decoded() {
        let text = "Content-Type: multipart/report; boundary=\"b\"\n\npreamble\n--b\nContent-Type: multipart/alternative; \
                    boundary=c\n\n--c\nContent-Transfer-Encoding: base64\n\naMO8\n--c--\nepilogue\n--b  \nContent-Type: \
                    message/rfc822\n\nSubject: x\n\n--b2\n--b--\nafter\n";
        let found = kinds(text);
        assert_eq!(found, [pair("text/plain", "hü"), pair("message/rfc822", "Subject: x\r\n\r\n--b2")]);
    }

    #[test]
    fn what_is_broken_is_text() {
        assert_eq!(kinds("Content-Type: multipart/mixed\n\nx\n"), [pair("text/plain", "x")]);
        assert_eq!(kinds("Content-Type: multipart/mixed; boundary=b\n\nx\n"), [pair("text/plain", "x")]);
        assert_eq!(
            kinds("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n"),
            [pair("text/plain", "x")]
        );
        assert_eq!(kinds("Content-Type: multipart/mixed; boundary=b\n\n--b"), [pair("text/plain", "")]);
        assert_eq!(kinds(""), [pair("text/plain", "")]);
    }

    #[test]
    fn no_depth_or_number_of_parts_is_too_much() {
        let mut text = String::new();
        for n in 0..1000 {
            text.push_str(&format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"));
        }
        assert!(kinds(&text).len() <= MOST);
        let many = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(10_000));
        assert!(kinds(&many).len() <= MOST);
    }
}
