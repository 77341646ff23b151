use bytes::Bytes;

use crate::{ContentType, Field, Message, TransferEncoding, charset};

/// The longest line SMTP carries (RFC 5321 §4.5.3.1.6), without its line end.
const LONGEST_LINE: usize = 998;

/// Why the body of a message cannot be read as plain text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TextProblem {
    /// It is something else, of this type.
    Kind(String),
    /// Its transfer encoding is unknown.
    Transfer,
    /// Its charset is unknown, or its bytes do not fit it.
    Charset(String),
}

/// The body of a text/plain message, decoded, with what is needed to write it again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    /// The text.
    pub content: String,
    /// The charset it was written in.
    pub charset: String,
    /// How it was written.
    pub transfer: TransferEncoding,
    /// The type with all its parameters.
    pub content_type: ContentType,
}

impl Text {
    /// Reads the body of a text/plain message.
    pub fn read(message: &Message) -> Result<Self, TextProblem> {
        let content_type = ContentType::of(&message.head);
        if content_type.kind() != "text/plain" {
            return Err(TextProblem::Kind(content_type.kind().to_owned()));
        }
        let transfer = TransferEncoding::of(&message.head).ok_or(TextProblem::Transfer)?;
        let label = content_type.parameter("charset").unwrap_or("us-ascii").to_owned();
        let bytes = transfer.decode(&message.body);
        let (content, charset) = match charset::decode(&label, &bytes) {
            Some(content) => (content, label),
            // Eight-bit text sent as ASCII, or without any label, is UTF-8 more often than not.
            None if charset::encode(&label, "").is_some() && charset::encode(&label, "ü").is_none() => {
                match String::from_utf8(bytes) {
                    Ok(content) => (content, "utf-8".to_owned()),
                    Err(_) => return Err(TextProblem::Charset(label)),
                }
            }
            None => return Err(TextProblem::Charset(label)),
        };
        Ok(Self { content, charset, transfer, content_type })
    }

    /// Writes this text into `message`: in its own charset if that has every character, else in UTF-8; in its own
    /// transfer encoding if the bytes allow it. Fields that need not change are left alone.
    pub fn write(&self, message: &mut Message) {
        let (bytes, label) = match charset::encode(&self.charset, &self.content) {
            Some(bytes) => (bytes, self.charset.as_str()),
            None => (self.content.as_bytes().to_vec(), "utf-8"),
        };
        let long = bytes.split(|b| *b == b'\n').any(|line| line.len() > LONGEST_LINE);
        let eight = !bytes.is_ascii();
        let transfer = match self.transfer {
            TransferEncoding::SevenBit if eight || long => compact(&bytes),
            TransferEncoding::EightBit if long => compact(&bytes),
            TransferEncoding::Binary if !long && !eight => TransferEncoding::SevenBit,
            TransferEncoding::Binary => compact(&bytes),
            fits => fits,
        };
        self.write_head(message, label, transfer);
        message.body = Bytes::from(transfer.encode(&bytes));
    }

    /// Sets the fields that describe a body in this charset and transfer encoding.
    pub fn write_head(&self, message: &mut Message, charset: &str, transfer: TransferEncoding) {
        let head = &mut message.head;
        let declared = self.content_type.parameter("charset");
        let mut changed = false;
        let differs = !declared.unwrap_or("us-ascii").eq_ignore_ascii_case(charset);
        if differs || (declared.is_none() && transfer != TransferEncoding::SevenBit) {
            let mut content_type = self.content_type.clone();
            content_type.set_parameter("charset", charset);
            head.replace(Field::structured("Content-Type", &content_type.to_string()));
            changed = true;
        }
        if TransferEncoding::of(head) != Some(transfer) {
            head.replace(Field::structured("Content-Transfer-Encoding", transfer.name()));
            changed = true;
        }
        if changed && !head.has("MIME-Version") {
            head.append(Field::structured("MIME-Version", "1.0"));
        }
    }
}

/// The smaller of the two encodings that carry anything.
pub(crate) fn compact(bytes: &[u8]) -> TransferEncoding {
    let costly = bytes.iter().filter(|b| !b.is_ascii() || **b == b'=').count();
    // A short text stays readable.
    if costly * 6 > bytes.len() + 60 { TransferEncoding::Base64 } else { TransferEncoding::QuotedPrintable }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(raw: &str, more: &str) -> String {
        let mut message = Message::parse(Bytes::from(raw.to_owned()));
        let mut text = Text::read(&message).unwrap();
        text.content.push_str(more);
        text.write(&mut message);
        String::from_utf8(message.to_bytes().to_vec()).unwrap()
    }

    #[test]
    fn what_fits_changes_no_field() {
        assert_eq!(add("A: 1\r\n\r\nx\r\n", "y\r\n"), "A: 1\r\n\r\nx\r\ny\r\n");
        let qp = "Content-Type: text/plain; charset=ISO-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
        assert_eq!(add(&format!("{qp}=FC"), "ä"), format!("{qp}=FC=E4"));
        let base64 = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
        assert_eq!(add(&format!("{base64}eA==\r\n"), "y"), format!("{base64}eHk=\r\n"));
    }

    #[test]
    fn what_does_not_fit_becomes_utf8() {
        assert_eq!(
            add("Content-Type: text/plain; charset=us-ascii; format=flowed\r\n\r\nx \r\n", "ü\r\n"),
            "Content-Type: text/plain; charset=utf-8; format=flowed\r\n\
             Content-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n\r\nx=20\r\n=C3=BC\r\n"
        );
        let changed =
            add("Content-Type: text/plain; charset=iso-8859-1\r\n\r\nx\r\n", &"日本語\r\n".repeat(9));
        assert!(changed.contains("charset=utf-8") && changed.contains("base64"), "{changed}");
    }

    #[test]
    fn problems_are_named() {
        let read = |raw: &'static [u8]| Text::read(&Message::parse(Bytes::from(raw)));
        assert_eq!(read(b"Content-Type: text/html\r\n\r\n"), Err(TextProblem::Kind("text/html".into())));
        assert_eq!(read(b"Content-Transfer-Encoding: uu\r\n\r\n"), Err(TextProblem::Transfer));
        for raw in [
            &b"Content-Type: text/plain; charset=klingon\r\n\r\nx"[..],
            b"A: 1\r\n\r\n\xfc",
            b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xfc",
        ] {
            assert!(matches!(read(raw), Err(TextProblem::Charset(_))));
        }
        assert_eq!(read(b"A: 1\r\n\r\n\xc3\xbc").unwrap().charset, "utf-8");
    }
}
