//! The parts of a message (RFC 2046), for those who read its text. Whoever changes one leaves every byte of the others
//! alone.

use std::ops::Range;

use bytes::Bytes;
use posthaste_mime::{ContentType, Field, Message, Text, TransferEncoding, decode_charset_lossy};

/// Parts in parts in parts: deeper ones are not looked at.
const DEEPEST: usize = 20;
/// So many parts of one message are looked at.
const MOST: usize = 1_000;

/// Shows the message and then every part in it, outer ones first, until `look` gives something.
pub(crate) fn find<T>(message: &Message, mut look: impl FnMut(&Message) -> Option<T>) -> Option<T> {
    walk(message, DEEPEST, &mut MOST.clone(), &mut look)
}

fn walk<T>(
    message: &Message,
    depth: usize,
    left: &mut usize,
    look: &mut dyn FnMut(&Message) -> Option<T>,
) -> Option<T> {
    *left = left.checked_sub(1)?;
    if let Some(found) = look(message) {
        return Some(found);
    }
    if depth == 0 {
        return None;
    }
    children(message)
        .into_iter()
        .find_map(|range| walk(&Message::parse(message.body.slice(range)), depth - 1, left, look))
}

/// Lets `change` work on every part that has no parts itself; it says whether it changed one.
pub(crate) fn change_leaves(message: &mut Message, change: &mut dyn FnMut(&mut Message) -> bool) -> bool {
    changed(message, DEEPEST, &mut MOST.clone(), change)
}

fn changed(
    message: &mut Message,
    depth: usize,
    left: &mut usize,
    change: &mut dyn FnMut(&mut Message) -> bool,
) -> bool {
    let Some(rest) = left.checked_sub(1).filter(|_| depth > 0) else { return false };
    *left = rest;
    let ranges = children(message);
    if ranges.is_empty() {
        return change(message);
    }
    let (mut body, mut copied, mut any) = (Vec::with_capacity(message.body.len()), 0, false);
    for range in ranges {
        let mut part = Message::parse(message.body.slice(range.clone()));
        if changed(&mut part, depth - 1, left, change) {
            body.extend_from_slice(message.body.get(copied..range.start).unwrap_or_default());
            body.extend_from_slice(&part.to_bytes());
            copied = range.end;
            any = true;
        }
    }
    if any {
        body.extend_from_slice(message.body.get(copied..).unwrap_or_default());
        message.body = Bytes::from(body);
    }
    any
}

/// Where the parts of a multipart or of an attached message lie in its body.
fn children(message: &Message) -> Vec<Range<usize>> {
    let content_type = ContentType::of(&message.head);
    let body = &message.body;
    if matches!(content_type.kind(), "message/rfc822" | "message/global") {
        let bare = !matches!(
            TransferEncoding::of(&message.head),
            None | Some(TransferEncoding::Base64 | TransferEncoding::QuotedPrintable)
        );
        return if bare { std::iter::once(0..body.len()).collect() } else { vec![] };
    }
    let boundary = content_type.parameter("boundary").filter(|b| !b.is_empty());
    let Some(boundary) = boundary.filter(|_| content_type.main_type() == "multipart") else { return vec![] };
    let (mut parts, mut open, mut at) = (vec![], None::<usize>, 0);
    for line in body.split_inclusive(|b| *b == b'\n') {
        let end = at + line.len();
        let mark = line.strip_prefix(b"--").and_then(|l| l.strip_prefix(boundary.as_bytes()));
        let closing = mark.is_some_and(|rest| rest.starts_with(b"--"));
        if closing || mark.is_some_and(|rest| rest.trim_ascii().is_empty()) {
            if let Some(start) = open {
                parts.push(start..without_line_end(body, start, at));
            }
            open = (!closing).then_some(end);
            if closing {
                break;
            }
        }
        at = end;
    }
    // Never closed: the last one goes to the end.
    parts.extend(open.map(|start| start..body.len()));
    parts
}

/// The line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1).
fn without_line_end(body: &[u8], start: usize, end: usize) -> usize {
    let part = body.get(start..end).unwrap_or_default();
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    start + part.strip_suffix(b"\r").unwrap_or(part).len()
}

/// The first text/plain part, decoded, with marks where that is not possible.
pub(crate) fn first_text(message: &Message) -> Option<String> {
    find(message, |part| {
        let plain = ContentType::of(&part.head).kind() == "text/plain" && !is_attachment(part);
        plain.then(|| read(part).map(|t| t.content)).flatten()
    })
}

fn is_attachment(part: &Message) -> bool {
    part.head
        .get("Content-Disposition")
        .map(Field::unfolded)
        .is_some_and(|v| v.trim_start().to_ascii_lowercase().starts_with("attachment"))
}

/// Any text/* part, decoded forgivingly; `None` if it is something else, or in a transfer encoding nobody knows.
pub(crate) fn read(part: &Message) -> Option<Text> {
    let content_type = ContentType::of(&part.head);
    if content_type.main_type() != "text" {
        return None;
    }
    if let Ok(text) = Text::read(part) {
        return Some(text);
    }
    let transfer = TransferEncoding::of(&part.head)?;
    let label = content_type.parameter("charset").unwrap_or("us-ascii");
    let content = decode_charset_lossy(label, &transfer.decode(&part.body));
    // What was read with marks in it can be written in UTF-8 only.
    let charset = match posthaste_mime::decode_charset(label, &transfer.decode(&part.body)) {
        Some(_) => label.to_owned(),
        None => "utf-8".to_owned(),
    };
    Some(Text { content, charset, transfer, content_type })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTED: &str = "Content-Type: multipart/mixed; boundary=\"o\"\r\n\r\npreamble\r\n--o\r\n\
        Content-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\n\r\nplain\r\n--i\r\n\
        Content-Type: text/html\r\n\r\n<p>html\r\n--i--\r\n\r\n--o \r\nContent-Type: message/rfc822\r\n\r\n\
        Subject: inner\r\n\r\ntext\r\n--o--\r\nepilogue\r\n";

    fn message(text: &str) -> Message {
        Message::parse(Bytes::from(text.to_owned()))
    }

    #[test]
    fn parts_are_found_in_order() {
        let mut seen = vec![];
        find(&message(NESTED), |part| {
            seen.push((ContentType::of(&part.head).kind().to_owned(), part.body.len()));
            None::<()>
        });
        let kinds: Vec<_> = seen.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(
            kinds,
            [
                "multipart/mixed",
                "multipart/alternative",
                "text/plain",
                "text/html",
                "message/rfc822",
                "text/plain"
            ]
        );
        assert_eq!(first_text(&message(NESTED)).as_deref(), Some("plain"));
    }

    #[test]
    fn a_change_leaves_every_other_byte_alone() {
        let mut changed = message(NESTED);
        let did = change_leaves(&mut changed, &mut |part| {
            if part.body != "plain" {
                return false;
            }
            part.body = Bytes::from("other");
            true
        });
        assert!(did);
        assert_eq!(changed.to_bytes(), NESTED.replace("plain\r\n", "other\r\n"));
        let mut same = message(NESTED);
        assert!(!change_leaves(&mut same, &mut |_| false));
        assert_eq!(same.to_bytes(), NESTED);
    }

    #[test]
    fn broken_structures_end() {
        for text in [
            "Content-Type: multipart/mixed\r\n\r\n--x\r\n",
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n",
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x",
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n--x--",
            "Content-Type: message/rfc822\r\n\r\n",
        ] {
            first_text(&message(text));
        }
        let deep = "Content-Type: message/rfc822\r\n\r\n".repeat(5_000);
        let mut count = 0;
        find(&message(&deep), |_| {
            count += 1;
            None::<()>
        });
        assert_eq!(count, DEEPEST + 1);
    }
}
