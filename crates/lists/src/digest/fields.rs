//! The header of a digest.

use posthaste_mime::{Field, Head, Message, format_mailbox, make_message_id, rfc5322_date};
use posthaste_model::SubAddress;

use super::{Digest, Form};
use crate::pipeline::list_fields;

pub(super) fn message_id(digest: &Digest<'_>, form: Form) -> String {
    let mut unique = digest.unique;
    // One digest, three messages.
    if let Some(last) = unique.last_mut() {
        *last ^= form as u8;
    }
    make_message_id(&unique, digest.list.name.host())
}

/// The whole message: fields of the envelope kind before those that came with the body.
pub(super) fn write(digest: &Digest<'_>, form: Form, body: Message) -> Message {
    let list = digest.list;
    let posting = list.name.address(SubAddress::Post);
    let mut head = Head::default();
    let from = format_mailbox(&list.settings.display_name, &list.name.address(SubAddress::Request));
    head.append(Field::structured("From", &from));
    head.append(Field::structured("To", &posting));
    head.append(Field::structured("Reply-To", &posting));
    head.append(Field::new("Subject", &digest.subject()));
    head.append(Field::structured("Date", &rfc5322_date(digest.at)));
    head.append(Field::structured("Message-ID", &message_id(digest, form)));
    head.append(Field::structured("MIME-Version", "1.0"));
    for field in body.head.fields() {
        head.append(field.clone());
    }
    if !digest.site.software.is_empty() {
        head.append(Field::new("X-Mailman-Version", &digest.site.software));
    }
    // It is list mail, and it came about by itself (RFC 3834 §5): nobody's automatic answer is wanted.
    head.append(Field::structured("Precedence", "list"));
    head.append(Field::structured("Auto-Submitted", "auto-generated"));
    head.append(Field::structured("X-BeenThere", &posting));
    for (name, value) in list_fields(list, None) {
        head.append(Field::structured(name, &value));
    }
    Message { head, body: body.body }
}
