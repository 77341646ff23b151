use bytes::Bytes;
use posthaste_mime::{ContentType, Field, Head, Message, TransferEncoding, crlf, make_message_id};

use super::super::Draft;
use super::fields;

/// Fields of the post that the wrapper has, too; a hyphen at the end stands for all that begin so.
const KEPT: [&str; 12] = [
    "Archived-At",
    "Date",
    "In-Reply-To",
    "List-",
    "Precedence",
    "References",
    "Subject",
    "To",
    "X-Mailman-",
    "X-BeenThere",
    "Auto-Submitted",
    "Authentication-Results",
];

/// The post becomes the attachment of a mail from the list.
pub(super) fn wrap(draft: &mut Draft<'_>) {
    draft.undecorated.get_or_insert_with(|| draft.message.clone());
    let inner = crlf(draft.message.to_bytes());
    let mut head = Head::default();
    for field in draft.message.head.fields().iter().filter(|field| is_kept(field.name())) {
        head.append(field.clone());
    }
    let names = fields(draft);
    for other in ["Reply-To", "Cc"].iter().filter(|other| !names.iter().any(|field| field.is(other))) {
        draft.message.head.all(other).for_each(|field| head.append(field.clone()));
    }
    for field in names {
        head.append(field);
    }
    let id = draft.post.id.child("wrapped");
    head.append(Field::structured(
        "Message-ID",
        &make_message_id(id.uuid().as_bytes(), draft.list.name.host()),
    ));
    head.append(Field::structured("MIME-Version", "1.0"));
    let text = draft.list.settings.dmarc_wrapped_message_text.trim();
    draft.message = if text.is_empty() {
        alone(head, inner)
    } else {
        beside(head, &inner, text, &id.uuid().simple().to_string())
    };
}

fn is_kept(name: &str) -> bool {
    KEPT.iter().any(|kept| match kept.strip_suffix('-') {
        Some(_) => name.get(..kept.len()).is_some_and(|start| start.eq_ignore_ascii_case(kept)),
        None => name.eq_ignore_ascii_case(kept),
    })
}

/// The mail is the post, as one part.
fn alone(mut head: Head, inner: Bytes) -> Message {
    head.append(Field::structured("Content-Type", "message/rfc822"));
    head.append(Field::structured("Content-Transfer-Encoding", bits(&inner).name()));
    head.append(Field::structured("Content-Disposition", "inline"));
    Message { head, body: inner }
}

/// A text, and the post behind it.
fn beside(mut head: Head, inner: &Bytes, text: &str, seed: &str) -> Message {
    let text = crlf(Bytes::from(filled(text)));
    let (charset, transfer) = if text.is_ascii() {
        ("us-ascii", TransferEncoding::SevenBit)
    } else {
        ("utf-8", TransferEncoding::QuotedPrintable)
    };
    let mut boundary = format!("=_{seed}");
    while inner.windows(boundary.len()).any(|w| w == boundary.as_bytes()) {
        boundary.push_str("_x");
    }
    let mut outer = ContentType::new("multipart/mixed");
    outer.set_parameter("boundary", &boundary);
    head.append(Field::structured("Content-Type", &outer.to_string()));
    if bits(inner) == TransferEncoding::EightBit {
        head.append(Field::structured("Content-Transfer-Encoding", "8bit"));
    }
    let mut body = format!(
        "--{boundary}\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {}\r\n\
         Content-Disposition: inline\r\n\r\n",
        transfer.name()
    )
    .into_bytes();
    body.extend(transfer.encode(&text));
    body.extend_from_slice(
        format!(
            "\r\n--{boundary}\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: {}\r\n\
             Content-Disposition: inline\r\n\r\n",
            bits(inner).name()
        )
        .as_bytes(),
    );
    body.extend_from_slice(inner);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Message { head, body: Bytes::from(body) }
}

/// RFC 2046 §5.2.1: a message in a message is never encoded.
fn bits(inner: &[u8]) -> TransferEncoding {
    if inner.is_ascii() { TransferEncoding::SevenBit } else { TransferEncoding::EightBit }
}

/// Paragraphs on lines of at most seventy-two characters.
fn filled(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut used = 0;
        for word in line.split(' ').filter(|w| !w.is_empty()) {
            let width = word.chars().count();
            if used > 0 && used + 1 + width > 72 {
                out.push('\n');
                used = 0;
            } else if used > 0 {
                out.push(' ');
                used += 1;
            }
            out.push_str(word);
            used += width;
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_fields_stay() {
        for (name, kept) in [
            ("list-ID", true),
            ("X-Mailman-Version", true),
            ("Subject", true),
            ("DKIM-Signature", false),
            ("Received", false),
            ("Tom", false),
        ] {
            assert_eq!(is_kept(name), kept, "{name}");
        }
    }

    #[test]
    fn filling() {
        assert_eq!(filled("a  b\n\nc"), "a b\n\nc\n");
        assert!(filled(&"word ".repeat(40)).lines().all(|l| l.len() <= 72));
    }
}
