mod mixed;
mod plain;

use std::borrow::Cow;

use bytes::Bytes;
use posthaste_mime::{ContentType, crlf};

use super::{Draft, Segment, Step, Stop, TextEncoding};
use crate::template::{PER_RECIPIENT, expand, expand_but, list_variable, mentions};

/// Puts the list's header above and its footer under the text.
///
/// Plain text and multipart/mixed are decorated; anything else (signed, encrypted, HTML alone) goes as it came.
pub(super) struct Decorate;

impl Step for Decorate {
    const NAME: &'static str = "decorate";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        let frame = Frame {
            header: Ornament::prepare(draft, &draft.list.settings.header),
            footer: Ornament::prepare(draft, &draft.list.settings.footer),
        };
        if frame.header.is_none() && frame.footer.is_none() {
            return Ok(());
        }
        draft.undecorated.get_or_insert_with(|| draft.message.clone());
        let decorated = if ContentType::of(&draft.message.head).kind() == "multipart/mixed" {
            mixed::decorate(draft, &frame)
        } else {
            plain::decorate(draft, &frame)
        };
        if let Err(why) = decorated {
            draft.notes.push(format!("sent without header and footer: {why}"));
        }
        Ok(())
    }
}

/// What goes around the text.
struct Frame {
    header: Option<Ornament>,
    footer: Option<Ornament>,
}

impl Frame {
    /// True if a part of it differs from copy to copy.
    fn differs(&self) -> bool {
        self.header.iter().chain(&self.footer).any(|o| o.differs)
    }
}

/// A header or a footer: lines end in CRLF, the last one too.
struct Ornament {
    /// The text; a template of per-recipient variables if it `differs`.
    text: String,
    /// It differs from copy to copy.
    differs: bool,
}

impl Ornament {
    /// The finished text; `None` if it is blank.
    fn prepare(draft: &Draft<'_>, template: &str) -> Option<Self> {
        let lookup =
            |name: &str| -> Option<Cow<'_, str>> { list_variable(draft.list, &draft.facts.site, name) };
        let differs = draft.personal && mentions(template, PER_RECIPIENT);
        let text =
            if differs { expand_but(template, PER_RECIPIENT, lookup) } else { expand(template, lookup) };
        if text.trim().is_empty() {
            return None;
        }
        let mut text = String::from_utf8_lossy(&crlf(Bytes::from(text))).into_owned();
        if !text.ends_with("\r\n") {
            text.push_str("\r\n");
        }
        Some(Self { text, differs })
    }

    /// As a piece of a body in UTF-8 and quoted-printable.
    fn segment(&self) -> Segment {
        if self.differs {
            Segment::Text { template: self.text.clone(), encoding: TextEncoding::QuotedPrintable }
        } else {
            let bytes = posthaste_mime::TransferEncoding::QuotedPrintable.encode(self.text.as_bytes());
            Segment::Shared(Bytes::from(bytes))
        }
    }
}
