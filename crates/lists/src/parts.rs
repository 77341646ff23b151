//! The texts of a message, out of its parts. Whoever changes one leaves every byte of the others alone.

use posthaste_mime::{ContentType, Field, Head, Message, Part, Text, TransferEncoding, decode_charset_lossy};

/// Shows the header of the message and then that of every part in it, outer ones first, until `look` gives something.
pub(crate) fn find<T>(message: &Message, mut look: impl FnMut(&Head) -> Option<T>) -> Option<T> {
    let mut found = None;
    Part::of(message).walk(&mut |part| {
        if found.is_none() {
            found = look(part.head());
        }
    });
    found
}

/// Lets `change` work on every part that has no parts itself; it says whether it changed one.
pub(crate) fn change_leaves(message: &mut Message, change: &mut dyn FnMut(&mut Message) -> bool) -> bool {
    let mut tree = Part::of(message);
    if !changed(&mut tree, change) {
        return false;
    }
    *message = tree.into_message();
    true
}

fn changed(part: &mut Part, change: &mut dyn FnMut(&mut Message) -> bool) -> bool {
    if part.parts().is_empty() {
        let mut leaf = message_of(part);
        let did = change(&mut leaf);
        if did {
            part.set_leaf(leaf.head, leaf.body);
        }
        return did;
    }
    let mut any = false;
    for part in part.parts_mut() {
        any |= changed(part, change);
    }
    any
}

/// The first text/plain part, decoded, with marks where that is not possible.
pub(crate) fn first_text(message: &Message) -> Option<String> {
    let mut found = None;
    Part::of(message).walk(&mut |part| {
        if found.is_none() && part.kind() == "text/plain" && !is_attachment(part.head()) {
            found = read(&message_of(part)).map(|text| text.content);
        }
    });
    found
}

fn message_of(part: &Part) -> Message {
    Message { head: part.head().clone(), body: part.body().clone() }
}

fn is_attachment(head: &Head) -> bool {
    head.get("Content-Disposition")
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
    use bytes::Bytes;

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
            seen.push(ContentType::of(part).kind().to_owned());
            None::<()>
        });
        assert_eq!(
            seen,
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
        assert!(count < 100, "{count}");
    }
}
