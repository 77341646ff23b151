use bytes::Bytes;
use posthaste_mime::{Text, TextProblem, TransferEncoding};

use super::super::enclose::TextPart;
use super::super::{Draft, Segment};
use super::Frame;

/// Decorates a text/plain message; says why it cannot.
pub(super) fn decorate(draft: &mut Draft<'_>, frame: &Frame) -> Result<(), TextProblem> {
    let mut text = Text::read(&draft.message)?;
    if !text.content.is_empty() && !text.content.ends_with('\n') && frame.footer.is_some() {
        text.content.push_str("\r\n");
    }
    if frame.differs() {
        // The pieces are written apart and must fit together: only quoted-printable allows that, and only UTF-8 has
        // every recipient's name.
        let body = text.content.replace("\r\n", "\n").replace('\n', "\r\n");
        text.write_head(&mut draft.message, "utf-8", TransferEncoding::QuotedPrintable);
        let body = TransferEncoding::QuotedPrintable.encode(body.as_bytes());
        let mut segments = vec![];
        segments.extend(frame.header.as_ref().map(TextPart::segment));
        segments.push(Segment::Shared(Bytes::from(body)));
        segments.extend(frame.footer.as_ref().map(TextPart::segment));
        draft.body = Some(segments);
        return Ok(());
    }
    if let Some(header) = &frame.header {
        text.content.insert_str(0, &header.text);
    }
    if let Some(footer) = &frame.footer {
        text.content.push_str(&footer.text);
    }
    text.write(&mut draft.message);
    Ok(())
}
