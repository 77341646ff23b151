use std::borrow::Cow;

use bytes::Bytes;
use posthaste_mime::{TransferEncoding, crlf, format_mailbox};
use serde::{Deserialize, Serialize};

use crate::template::expand;

/// A piece of an outgoing message. All copies share the bytes of `Shared` pieces, so a personal copy costs only its texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Segment {
    /// The same in every copy.
    Shared(Bytes),
    /// Differs from copy to copy.
    Text {
        /// Text with the `$variables` of [`Vars`].
        template: String,
        /// How the finished text is written.
        encoding: TextEncoding,
    },
}

/// How the text of one copy is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextEncoding {
    /// As it is; values lose their line ends, so that none can begin a field.
    Plain,
    /// UTF-8 in quoted-printable, line ends CRLF.
    QuotedPrintable,
}

/// What is known of one recipient.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Vars {
    /// The address, folded.
    pub user_email: String,
    /// The address as its owner spells it.
    pub user_delivered_to: String,
    /// The name; may be empty.
    pub user_name: String,
    /// The language by its name.
    pub user_language: String,
    /// Where this recipient leaves the list with one click (RFC 8058). Needed where the site has one.
    pub unsubscribe_url: String,
}

impl Vars {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        Some(match name {
            "member" if !self.user_name.is_empty() => {
                Cow::from(format!("{} <{}>", self.user_name, self.user_email))
            }
            "user_email" | "user_address" | "member" => Cow::from(&self.user_email),
            "user_delivered_to" => Cow::from(&self.user_delivered_to),
            "user_name" => Cow::from(&self.user_name),
            "user_language" => Cow::from(&self.user_language),
            "unsubscribe_url" => Cow::from(&self.unsubscribe_url),
            "user_name_or_email" | "user_name_or_address" => {
                Cow::from(if self.user_name.is_empty() { &self.user_email } else { &self.user_name })
            }
            "user_to" => Cow::from(format_mailbox(&self.user_name, &self.user_delivered_to)),
            _ => return None,
        })
    }
}

/// The copy of one recipient, in pieces.
pub fn render(segments: &[Segment], vars: &Vars) -> Vec<Bytes> {
    segments
        .iter()
        .map(|segment| match segment {
            Segment::Shared(bytes) => bytes.clone(),
            Segment::Text { template, encoding: TextEncoding::Plain } => {
                let one_line = |value: Cow<'_, str>| value.replace(char::is_control, " ");
                Bytes::from(expand(template, |name| vars.get(name).map(|v| Cow::Owned(one_line(v)))))
            }
            Segment::Text { template, encoding: TextEncoding::QuotedPrintable } => {
                let text = crlf(Bytes::from(expand(template, |name| vars.get(name))));
                Bytes::from(TransferEncoding::QuotedPrintable.encode(&text))
            }
        })
        .collect()
}

/// The one copy for everybody, in pieces; texts that would differ keep their variables as written.
pub fn to_bytes(segments: &[Segment]) -> Vec<Bytes> {
    segments
        .iter()
        .map(|segment| match segment {
            Segment::Shared(bytes) => bytes.clone(),
            Segment::Text { template, .. } => Bytes::from(expand(template, |_| None)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_pieces_are_not_copied_and_values_cannot_begin_a_field() {
        let shared = Bytes::from_static(b"body");
        let segments = [
            Segment::Text {
                template: "To: $user_to\r\nX: $user_name\r\n".into(),
                encoding: TextEncoding::Plain,
            },
            Segment::Shared(shared.clone()),
            Segment::Text { template: "for $member\n".into(), encoding: TextEncoding::QuotedPrintable },
        ];
        let vars = Vars {
            user_email: "anne@example.com".into(),
            user_delivered_to: "Anne@example.com".into(),
            user_name: "Jür\r\nBcc: x@y.z".into(),
            ..Vars::default()
        };
        let copy = render(&segments, &vars);
        assert_eq!(copy[1].as_ptr(), shared.as_ptr());
        let head = String::from_utf8(copy[0].to_vec()).unwrap();
        assert_eq!(head.lines().count(), 2, "{head}");
        assert!(head.starts_with("To: =?utf-8?b?"), "{head}");
        assert_eq!(copy[2], Bytes::from("for J=C3=BCr\r\nBcc: x@y.z <anne@example.com>\r\n"));
    }
}
