mod plain;

use std::borrow::Cow;

use bytes::Bytes;
use posthaste_mime::{ContentType, crlf};

use super::enclose::{Around, TextPart, enclose, flatten};
use super::{Draft, Step, Stop};
use crate::template::{PER_RECIPIENT, expand, expand_but, list_variable, mentions};

/// Puts the list's header above and its footer under the text.
///
/// Plain text gets them in itself, multipart/mixed as parts, and anything else becomes a part between them, byte for byte
/// as it was. Only what is encrypted goes as it came: many programs decrypt nothing that is not the whole message.
pub(super) struct Decorate;

impl Step for Decorate {
    const NAME: &'static str = "decorate";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        let frame = Frame {
            header: prepare(draft, &draft.list.settings.header),
            footer: prepare(draft, &draft.list.settings.footer),
        };
        if frame.header.is_none() && frame.footer.is_none() {
            return Ok(());
        }
        let content_type = ContentType::of(&draft.message.head);
        if is_encrypted(&content_type) {
            let kind = content_type.kind();
            draft.notes.push(format!("sent without header and footer: the message is {kind}"));
            return Ok(());
        }
        draft.undecorated.get_or_insert_with(|| draft.message.clone());
        if plain::decorate(draft, &frame).is_err() {
            let around = Around { before: frame.header.as_ref(), behind: frame.footer.as_ref() };
            let segments = enclose(&mut draft.message, around);
            if frame.differs() {
                draft.body = Some(segments);
            } else {
                draft.message.body = flatten(&segments);
            }
        }
        Ok(())
    }
}

/// Encrypted by PGP or S/MIME. An opaque S/MIME signature has the same type and is treated alike.
fn is_encrypted(content_type: &ContentType) -> bool {
    matches!(
        content_type.kind(),
        "multipart/encrypted" | "application/pkcs7-mime" | "application/x-pkcs7-mime"
    )
}

/// What goes around the text.
struct Frame {
    header: Option<TextPart>,
    footer: Option<TextPart>,
}

impl Frame {
    /// True if a part of it differs from copy to copy.
    fn differs(&self) -> bool {
        self.header.iter().chain(&self.footer).any(|o| o.differs)
    }
}

/// The finished text; `None` if it is blank.
fn prepare(draft: &Draft<'_>, template: &str) -> Option<TextPart> {
    let lookup = |name: &str| -> Option<Cow<'_, str>> { list_variable(draft.list, &draft.facts.site, name) };
    let differs = draft.personal && mentions(template, PER_RECIPIENT);
    let text = if differs { expand_but(template, PER_RECIPIENT, lookup) } else { expand(template, lookup) };
    if text.trim().is_empty() {
        return None;
    }
    let mut text = String::from_utf8_lossy(&crlf(Bytes::from(text))).into_owned();
    if !text.ends_with("\r\n") {
        text.push_str("\r\n");
    }
    Some(TextPart { text, differs })
}
