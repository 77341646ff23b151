//! Bodies and parts of our own.

use bytes::Bytes;
use posthaste_mime::{ContentType, Field, Head, Message, TransferEncoding, crlf};

/// The longest line SMTP carries (RFC 5321 §4.5.3.1.6), without its line end.
const LONGEST_LINE: usize = 998;

/// A text with the fields that describe it; `kind` is `plain` or `html`.
pub(super) fn text(kind: &str, text: &str, description: Option<&str>) -> Message {
    let text = crlf(Bytes::from(text.to_owned()));
    let mut content_type = ContentType::new(&format!("text/{kind}"));
    let long = text.split(|b| *b == b'\n').any(|line| line.len() > LONGEST_LINE);
    let foreign = text.iter().filter(|b| !b.is_ascii()).count();
    let transfer = match (foreign, long) {
        (0, false) => TransferEncoding::SevenBit,
        (foreign, _) if foreign > text.len() / 5 => TransferEncoding::Base64,
        _ => TransferEncoding::QuotedPrintable,
    };
    content_type.set_parameter("charset", if foreign == 0 { "us-ascii" } else { "utf-8" });
    let mut head = Head::default();
    head.append(Field::structured("Content-Type", &content_type.to_string()));
    head.append(Field::structured("Content-Transfer-Encoding", transfer.name()));
    if let Some(description) = description {
        head.append(Field::new("Content-Description", description));
    }
    Message { head, body: Bytes::from(transfer.encode(&text)) }
}

/// A multipart of these parts, and what stands behind it for programs that know no MIME. `seed` makes the boundary, which
/// occurs in none of the parts.
pub(super) fn multipart(kind: &str, seed: &str, parts: &[Bytes], epilogue: &str) -> Message {
    let boundary = boundary(seed, parts);
    let mut content_type = ContentType::new(&format!("multipart/{kind}"));
    content_type.set_parameter("boundary", &boundary);
    let mut head = Head::default();
    head.append(Field::structured("Content-Type", &content_type.to_string()));
    if parts.iter().any(|part| !part.is_ascii()) {
        head.append(Field::structured("Content-Transfer-Encoding", TransferEncoding::EightBit.name()));
    }
    let mut body = Vec::with_capacity(parts.iter().map(|part| part.len() + 80).sum());
    for part in parts {
        body.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        body.extend_from_slice(part);
        if !part.ends_with(b"\r\n") {
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n{epilogue}").as_bytes());
    Message { head, body: Bytes::from(body) }
}

fn boundary(seed: &str, parts: &[Bytes]) -> String {
    let mut boundary = format!("=_{seed}");
    let within = |part: &Bytes, mark: &[u8]| {
        part.split(|b| *b == b'\n').any(|line| line.strip_prefix(b"--").is_some_and(|l| l.starts_with(mark)))
    };
    while parts.iter().any(|part| within(part, boundary.as_bytes())) {
        boundary.push('x');
    }
    boundary
}
