use bytes::Bytes;
use posthaste_mime::{ContentType, TransferEncoding};

use super::super::{Draft, Segment};
use super::{Frame, Ornament};

/// Decorates a multipart/mixed message: the header becomes its first part, the footer its last. No other byte changes.
pub(super) fn decorate(draft: &mut Draft<'_>, frame: &Frame) -> Result<(), String> {
    let content_type = ContentType::of(&draft.message.head);
    let boundary = content_type.parameter("boundary").filter(|b| !b.is_empty());
    let boundary = boundary.ok_or("the message is multipart without a boundary")?;
    let body = &draft.message.body;
    let (first, last) =
        delimiters(body, boundary).ok_or("the parts of the message are not properly closed")?;
    let mut segments = vec![Segment::Shared(body.slice(..first))];
    if let Some(header) = &frame.header {
        push_part(&mut segments, boundary, header);
    }
    segments.push(Segment::Shared(body.slice(first..last)));
    if let Some(footer) = &frame.footer {
        push_part(&mut segments, boundary, footer);
    }
    segments.push(Segment::Shared(body.slice(last..)));
    if frame.differs() {
        draft.body = Some(segments);
    } else {
        let whole: Vec<u8> = segments
            .iter()
            .flat_map(|s| if let Segment::Shared(bytes) = s { bytes.as_ref() } else { &[] })
            .copied()
            .collect();
        draft.message.body = Bytes::from(whole);
    }
    Ok(())
}

/// Where the first delimiter line and the closing one begin (RFC 2046 §5.1.1).
fn delimiters(body: &[u8], boundary: &str) -> Option<(usize, usize)> {
    let (mut first, mut at) = (None, 0);
    for line in body.split_inclusive(|b| *b == b'\n') {
        let mark = line.strip_prefix(b"--").and_then(|l| l.strip_prefix(boundary.as_bytes()));
        match mark.map(<[u8]>::trim_ascii_end) {
            Some(b"") if first.is_none() => first = Some(at),
            Some(b"--") => return first.map(|first| (first, at)),
            _ => {}
        }
        at += line.len();
    }
    None
}

/// Adds one part. It ends in a line end of its own and the one that belongs to the next delimiter.
fn push_part(segments: &mut Vec<Segment>, boundary: &str, ornament: &Ornament) {
    let plain =
        ornament.text.is_ascii() && !ornament.differs && ornament.text.lines().all(|l| l.len() <= 998);
    let (charset, transfer) = if plain {
        ("us-ascii", TransferEncoding::SevenBit)
    } else {
        ("utf-8", TransferEncoding::QuotedPrintable)
    };
    segments.push(Segment::Shared(Bytes::from(format!(
        "--{boundary}\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {}\r\n\
         Content-Disposition: inline\r\n\r\n",
        transfer.name()
    ))));
    segments.push(if plain {
        Segment::Shared(Bytes::from(ornament.text.clone()))
    } else {
        ornament.segment()
    });
    segments.push(Segment::Shared(Bytes::from_static(b"\r\n")));
}
