//! Texts put before and behind what a message holds, whatever it holds.

use bytes::Bytes;
use posthaste_mime::{ContentType, Field, Head, Message, TransferEncoding};

use super::{Segment, TextEncoding};

/// A text that stands in a part of its own: lines end in CRLF, the last one too.
pub(super) struct TextPart {
    /// The text; a template of per-recipient variables if it `differs`.
    pub(super) text: String,
    /// It differs from copy to copy.
    pub(super) differs: bool,
}

impl TextPart {
    /// As a piece of a body in UTF-8 and quoted-printable.
    pub(super) fn segment(&self) -> Segment {
        if self.differs {
            Segment::Text { template: self.text.clone(), encoding: TextEncoding::QuotedPrintable }
        } else {
            Segment::Shared(Bytes::from(TransferEncoding::QuotedPrintable.encode(self.text.as_bytes())))
        }
    }

    /// As a part of a multipart. It ends in a line end of its own and the one that belongs to the next delimiter.
    fn part(&self, boundary: &str) -> [Segment; 3] {
        let plain = self.text.is_ascii() && !self.differs && self.text.lines().all(|l| l.len() <= 998);
        let (charset, transfer) = if plain {
            ("us-ascii", TransferEncoding::SevenBit)
        } else {
            ("utf-8", TransferEncoding::QuotedPrintable)
        };
        let head = Bytes::from(format!(
            "--{boundary}\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {}\r\n\
             Content-Disposition: inline\r\n\r\n",
            transfer.name()
        ));
        let text = if plain { Segment::Shared(Bytes::from(self.text.clone())) } else { self.segment() };
        [Segment::Shared(head), text, Segment::Shared(Bytes::from_static(b"\r\n"))]
    }
}

/// The texts before and behind.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) before: Option<&'a TextPart>,
    pub(super) behind: Option<&'a TextPart>,
}

/// The body with the texts as first and last part of a multipart/mixed message, or with it as a whole between them in a
/// new one. What was there keeps every byte, so that a signature over it still fits.
pub(super) fn enclose(message: &mut Message, around: Around<'_>) -> Vec<Segment> {
    inside(message, around).unwrap_or_else(|| outside(message, around))
}

/// The pieces in one, if they are the same for all.
pub(super) fn flatten(segments: &[Segment]) -> Bytes {
    let whole: Vec<u8> = segments
        .iter()
        .flat_map(|s| if let Segment::Shared(bytes) = s { bytes.as_ref() } else { &[] })
        .copied()
        .collect();
    Bytes::from(whole)
}

fn inside(message: &Message, around: Around<'_>) -> Option<Vec<Segment>> {
    let content_type = ContentType::of(&message.head);
    if content_type.kind() != "multipart/mixed" {
        return None;
    }
    let boundary = content_type.parameter("boundary").map(str::trim_end).filter(|b| !b.is_empty())?;
    let body = &message.body;
    let (first, last) = delimiters(body, boundary)?;
    let mut segments = vec![Segment::Shared(body.slice(..first))];
    segments.extend(around.before.into_iter().flat_map(|text| text.part(boundary)));
    segments.push(Segment::Shared(body.slice(first..last)));
    segments.extend(around.behind.into_iter().flat_map(|text| text.part(boundary)));
    segments.push(Segment::Shared(body.slice(last..)));
    Some(segments)
}

fn outside(message: &mut Message, around: Around<'_>) -> Vec<Segment> {
    let body = message.body.clone();
    let boundary = unused_boundary(&body);
    let described =
        |field: &Field| field.name().get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case("content-"));
    let head = &mut message.head;
    let mut inner = Head::default();
    head.fields().iter().filter(|f| described(f)).for_each(|f| inner.append(f.clone()));
    let at = head.fields().iter().position(described).unwrap_or(head.fields().len());
    let transfer = TransferEncoding::of(head);
    head.retain(|field| !described(field));
    let mut outer = ContentType::new("multipart/mixed");
    outer.set_parameter("boundary", &boundary);
    head.insert(at, Field::structured("Content-Type", &outer.to_string()));
    if let Some(bits @ (TransferEncoding::EightBit | TransferEncoding::Binary)) = transfer {
        // RFC 2045 §6.4: what holds such a part says so.
        head.insert(at + 1, Field::structured("Content-Transfer-Encoding", bits.name()));
    }
    if !head.has("MIME-Version") {
        head.insert(at, Field::structured("MIME-Version", "1.0"));
    }
    let mut opening = format!("--{boundary}\r\n").into_bytes();
    inner.write(&mut opening);
    let mut segments = vec![];
    segments.extend(around.before.into_iter().flat_map(|text| text.part(&boundary)));
    segments.push(Segment::Shared(Bytes::from(opening)));
    segments.push(Segment::Shared(body));
    segments.push(Segment::Shared(Bytes::from_static(b"\r\n")));
    segments.extend(around.behind.into_iter().flat_map(|text| text.part(&boundary)));
    segments.push(Segment::Shared(Bytes::from(format!("--{boundary}--\r\n"))));
    segments
}

/// A boundary that begins no line of this body. It holds a `=`, so that no text in quoted-printable can hold it.
fn unused_boundary(body: &[u8]) -> String {
    let beginning = b"--=_list_";
    let mut taken: Vec<&[u8]> = body
        .split(|b| *b == b'\n')
        .filter_map(|line| line.strip_prefix(beginning))
        .map(<[u8]>::trim_ascii_end)
        .collect();
    taken.sort_unstable();
    let mut number = 1_u64;
    loop {
        let name = format!("{number}=");
        let used = |line: &&[u8]| line.starts_with(name.as_bytes());
        if !taken.iter().any(used) {
            return format!("=_list_{name}");
        }
        number += 1;
    }
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
