use bytes::Bytes;
use posthaste_model::Timestamp;

use crate::{ContentType, Field, Head, Message, TransferEncoding, crlf, rfc5322_date, text::compact};

/// How mail of our own came about (RFC 3834 §5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AutoSubmitted {
    /// It answers a message.
    Replied,
    /// It came about without one.
    Generated,
}

/// A mail the software writes itself: plain text, perhaps with the message it is about.
#[derive(Clone, Debug)]
pub struct Notice {
    /// From, written out: `dev-owner@lists.example.org` or `Name <address>` (see [`crate::format_mailbox`]).
    pub from: String,
    /// To, written out.
    pub to: String,
    /// The subject, plain Unicode.
    pub subject: String,
    /// The text, plain Unicode, lines ending in LF or CRLF.
    pub text: String,
    /// Its Message-ID with angle brackets; derive it from the entry so that a second writing gives the same.
    pub message_id: String,
    /// When it was written.
    pub date: Timestamp,
    /// An answer, or not.
    pub auto_submitted: AutoSubmitted,
    /// Further fields (In-Reply-To, List-Id …); one named like a field above takes its place.
    pub extra: Vec<Field>,
    /// The message it is about, attached whole as message/rfc822.
    pub attached: Option<Bytes>,
}

impl Notice {
    /// The finished message.
    pub fn to_message(&self) -> Message {
        let mut head = Head::default();
        let auto = match self.auto_submitted {
            AutoSubmitted::Replied => "auto-replied",
            AutoSubmitted::Generated => "auto-generated",
        };
        head.append(Field::structured("From", &self.from));
        head.append(Field::structured("To", &self.to));
        head.append(Field::new("Subject", &self.subject));
        head.append(Field::structured("Date", &rfc5322_date(self.date)));
        head.append(Field::structured("Message-ID", &self.message_id));
        head.append(Field::structured("Auto-Submitted", auto));
        head.append(Field::structured("Precedence", "bulk"));
        head.append(Field::structured("MIME-Version", "1.0"));
        for field in &self.extra {
            head.replace(field.clone());
        }
        let (content_type, transfer, text) = self.text_part();
        let Some(attached) = &self.attached else {
            head.append(Field::structured("Content-Type", &content_type.to_string()));
            head.append(Field::structured("Content-Transfer-Encoding", transfer.name()));
            return Message { head, body: Bytes::from(text) };
        };
        let attached = crlf(attached.clone());
        let boundary = self.boundary(&text, &attached);
        let mut outer = ContentType::new("multipart/mixed");
        outer.set_parameter("boundary", &boundary);
        head.append(Field::structured("Content-Type", &outer.to_string()));
        // RFC 2046 §5.2.1: message/rfc822 is never quoted-printable or base64.
        let bits = if attached.is_ascii() { TransferEncoding::SevenBit } else { TransferEncoding::EightBit };
        if bits == TransferEncoding::EightBit {
            head.append(Field::structured("Content-Transfer-Encoding", bits.name()));
        }
        let mut body = format!(
            "--{boundary}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: {}\r\n\r\n",
            transfer.name()
        )
        .into_bytes();
        body.extend_from_slice(&text);
        body.extend_from_slice(
            format!(
                "\r\n--{boundary}\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: {}\r\n\
                 Content-Disposition: attachment\r\n\r\n",
                bits.name()
            )
            .as_bytes(),
        );
        body.extend_from_slice(&attached);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        Message { head, body: Bytes::from(body) }
    }

    fn text_part(&self) -> (ContentType, TransferEncoding, Vec<u8>) {
        let text = crlf(Bytes::from(self.text.clone()));
        let mut content_type = ContentType::new("text/plain");
        let long = text.split(|b| *b == b'\n').any(|line| line.len() > 998);
        let (charset, transfer) = match (text.is_ascii(), long) {
            (true, false) => ("us-ascii", TransferEncoding::SevenBit),
            (true, true) => ("us-ascii", TransferEncoding::QuotedPrintable),
            (false, _) => ("utf-8", compact(&text)),
        };
        content_type.set_parameter("charset", charset);
        (content_type, transfer, transfer.encode(&text))
    }

    /// A boundary that occurs nowhere in the parts; made from the Message-ID, so that it is the same each time.
    fn boundary(&self, text: &[u8], attached: &[u8]) -> String {
        let seed: String = self.message_id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        let mut boundary = format!("=_{seed}");
        let within = |hay: &[u8], needle: &str| hay.windows(needle.len()).any(|w| w == needle.as_bytes());
        while within(text, &boundary) || within(attached, &boundary) {
            boundary.push_str("_x");
        }
        boundary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice() -> Notice {
        Notice {
            from: "dev-owner@lists.example.org".into(),
            to: "anne@example.com".into(),
            subject: "Grüße".into(),
            text: "One\nTwo\n".into(),
            message_id: "<abc@lists.example.org>".into(),
            date: Timestamp::from_micros(0),
            auto_submitted: AutoSubmitted::Replied,
            extra: vec![Field::structured("Precedence", "list"), Field::structured("In-Reply-To", "<x@y>")],
            attached: None,
        }
    }

    #[test]
    fn plain() {
        let text = String::from_utf8(notice().to_message().to_bytes().to_vec()).unwrap();
        assert_eq!(
            text,
            "From: dev-owner@lists.example.org\r\nTo: anne@example.com\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\r\n\
             Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <abc@lists.example.org>\r\n\
             Auto-Submitted: auto-replied\r\nPrecedence: list\r\nMIME-Version: 1.0\r\nIn-Reply-To: <x@y>\r\n\
             Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nOne\r\nTwo\r\n"
        );
    }

    #[test]
    fn the_attached_message_is_whole_and_no_boundary_is_inside() {
        let original = "Subject: x\r\n\r\n--=_abclistsexampleorg--\r\n\u{fc}\r\n";
        let message = Notice { attached: Some(Bytes::from(original)), ..notice() }.to_message();
        let outer = ContentType::of(&message.head);
        assert_eq!(outer.parameter("boundary"), Some("=_abclistsexampleorg_x"));
        assert_eq!(message.head.text("Content-Transfer-Encoding").as_deref(), Some("8bit"));
        let body = String::from_utf8(message.body.to_vec()).unwrap();
        assert!(body.contains(original));
        assert_eq!(body.matches("=_abclistsexampleorg_x").count(), 3);
    }
}
