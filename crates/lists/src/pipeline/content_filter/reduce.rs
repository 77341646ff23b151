use bytes::Bytes;
use posthaste_mime::{ContentType, Field, Part, TransferEncoding, decode_charset_lossy, html_to_text};

use super::text_body;

/// Of each multipart/alternative only one part stays: the first that says anything.
pub(super) fn collapse(part: &mut Part) {
    for inner in part.parts_mut() {
        collapse(inner);
    }
    if part.kind() == "multipart/alternative" && !part.parts().is_empty() {
        let best = part.parts().iter().position(|p| !is_blank(p)).unwrap_or_default();
        part.become_part(best);
    }
}

/// A multipart that has one part left becomes that part. A signature or a key without what it belongs to is no use: a
/// multipart/signed that lost its signature is its content.
pub(super) fn single(part: &mut Part) {
    for inner in part.parts_mut() {
        single(inner);
    }
    while part.kind().starts_with("multipart/") && part.parts().len() == 1 {
        part.become_part(0);
    }
}

/// HTML becomes plain text.
pub(super) fn plain(part: &mut Part) {
    if part.kind() == "text/html" {
        convert(part);
    }
    for inner in part.parts_mut() {
        plain(inner);
    }
}

/// Of exactly two parts of which the first is empty, the second stays.
pub(super) fn second_of_two(part: &mut Part) {
    let two = part.kind().starts_with("multipart/") && part.kind() != "multipart/signed";
    if two && part.parts().len() == 2 && part.parts().first().is_some_and(is_blank) {
        part.become_part(1);
    }
}

/// True for a text with nothing to read in it.
fn is_blank(part: &Part) -> bool {
    part.kind() == "text/plain" && part.decoded().is_some_and(|bytes| bytes.trim_ascii().is_empty())
}

/// One part; left alone if its transfer encoding is unknown.
fn convert(part: &mut Part) {
    let Some(bytes) = part.decoded() else { return };
    let content_type = ContentType::of(part.head());
    let charset = content_type.parameter("charset").unwrap_or("utf-8").to_owned();
    let text = html_to_text(&decode_charset_lossy(&charset, &bytes));
    let text = text_body(&text);
    let text = String::from_utf8_lossy(&text);
    let (bytes, charset) = match posthaste_mime::encode_charset(&charset, &text) {
        Some(bytes) => (bytes, charset),
        None => (text.as_bytes().to_vec(), "utf-8".to_owned()),
    };
    let long = bytes.split(|b| *b == b'\n').any(|line| line.len() > 998);
    let transfer = match TransferEncoding::of(part.head()) {
        Some(TransferEncoding::Base64) => TransferEncoding::Base64,
        _ if bytes.is_ascii() && !long => TransferEncoding::SevenBit,
        _ => TransferEncoding::QuotedPrintable,
    };
    let mut head = part.head().clone();
    let mut plain = ContentType::new("text/plain");
    plain.set_parameter("charset", &charset);
    head.replace(Field::structured("Content-Type", &plain.to_string()));
    if transfer == TransferEncoding::SevenBit {
        head.remove("Content-Transfer-Encoding");
    } else {
        head.replace(Field::structured("Content-Transfer-Encoding", transfer.name()));
    }
    part.set_leaf(head, Bytes::from(transfer.encode(&bytes)));
}
