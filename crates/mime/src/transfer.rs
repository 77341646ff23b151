use crate::{Head, base64, word::hex_pair};

/// How a body is written (RFC 2045 §6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransferEncoding {
    /// ASCII in short lines.
    SevenBit,
    /// Any bytes in short lines.
    EightBit,
    /// Anything.
    Binary,
    /// Mostly readable.
    QuotedPrintable,
    /// Not readable.
    Base64,
}

/// The longest line of quoted-printable (RFC 2045 §6.7), without its line end.
const QP_LINE: usize = 76;

impl TransferEncoding {
    /// What this header says; 7bit if it says nothing, `None` if it names an encoding we do not know.
    pub fn of(head: &Head) -> Option<Self> {
        let Some(field) = head.get("Content-Transfer-Encoding") else { return Some(Self::SevenBit) };
        let value = field.unfolded().to_ascii_lowercase();
        Some(match value.split(['(', ';', ' ']).next().unwrap_or_default().trim() {
            "7bit" | "" => Self::SevenBit,
            "8bit" => Self::EightBit,
            "binary" => Self::Binary,
            "quoted-printable" => Self::QuotedPrintable,
            "base64" => Self::Base64,
            _ => return None,
        })
    }

    /// Its name in a header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::Binary => "binary",
            Self::QuotedPrintable => "quoted-printable",
            Self::Base64 => "base64",
        }
    }

    /// The bytes meant by a body written so; forgiving.
    pub fn decode(self, body: &[u8]) -> Vec<u8> {
        match self {
            Self::SevenBit | Self::EightBit | Self::Binary => body.to_vec(),
            Self::QuotedPrintable => decode_qp(body),
            Self::Base64 => base64::decode(body),
        }
    }

    /// A body that means `bytes`. Line ends are CRLF, and quoted-printable keeps them as line ends.
    pub fn encode(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::SevenBit | Self::EightBit | Self::Binary => bytes.to_vec(),
            Self::QuotedPrintable => encode_qp(bytes),
            Self::Base64 => base64::encode_lines(bytes),
        }
    }
}

fn decode_qp(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|b| *b == b'\n') {
        let text = line.trim_ascii_end();
        let end: &[u8] = if line.ends_with(b"\r\n") {
            b"\r\n"
        } else if line.ends_with(b"\n") {
            b"\n"
        } else {
            b""
        };
        let mut soft = false;
        let mut rest = text;
        while let Some((first, tail)) = rest.split_first() {
            rest = tail;
            if *first != b'=' {
                out.push(*first);
            } else if tail.is_empty() {
                soft = true;
            } else if let Some((byte, after)) =
                tail.split_at_checked(2).and_then(|(p, a)| Some((hex_pair(p)?, a)))
            {
                out.push(byte);
                rest = after;
            } else {
                out.push(b'=');
            }
        }
        if !soft {
            out.extend_from_slice(end);
        }
    }
    out
}

fn encode_qp(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 8);
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let (text, end) = match line.strip_suffix(b"\r\n") {
            Some(text) => (text, true),
            None => (line.strip_suffix(b"\n").unwrap_or(line), line.ends_with(b"\n")),
        };
        let mut column = 0;
        let mut rest = text;
        while let Some((byte, tail)) = rest.split_first() {
            rest = tail;
            let last = tail.is_empty();
            let plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || (matches!(byte, b' ' | b'\t') && !last);
            let width = if plain { 1 } else { 3 };
            // A soft line end takes one column itself.
            if column + width > QP_LINE - usize::from(!last) {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            if plain {
                out.push(*byte);
            } else {
                out.extend_from_slice(format!("={byte:02X}").as_bytes());
            }
            column += width;
        }
        if end {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::Message;

    #[test]
    fn names() {
        for (value, wanted) in [
            ("7bit", Some(TransferEncoding::SevenBit)),
            ("Quoted-Printable (why)", Some(TransferEncoding::QuotedPrintable)),
            ("BASE64", Some(TransferEncoding::Base64)),
            ("x-uuencode", None),
        ] {
            let message = Message::parse(Bytes::from(format!("Content-Transfer-Encoding: {value}\r\n\r\n")));
            assert_eq!(TransferEncoding::of(&message.head), wanted, "{value}");
        }
    }

    #[test]
    fn quoted_printable() {
        let qp = TransferEncoding::QuotedPrintable;
        assert_eq!(qp.decode(b"a=20=\r\nb=C3=BC  \r\n=ZZ="), b"a b\xc3\xbc\r\n=ZZ");
        assert_eq!(qp.encode("ü = x \r\n".as_bytes()), b"=C3=BC =3D x=20\r\n");
    }

    proptest! {
        #[test]
        fn round_trip(text in "([ -~ü\t]{0,200}\r\n){0,5}[ -~ü]{0,100}") {
            for way in [TransferEncoding::QuotedPrintable, TransferEncoding::Base64] {
                let written = way.encode(text.as_bytes());
                prop_assert!(written.split(|b| *b == b'\n').all(|l| l.len() <= 77), "{:?}", written);
                prop_assert_eq!(way.decode(&written), text.as_bytes());
            }
        }

        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            decode_qp(&bytes);
            prop_assert_eq!(decode_qp(&encode_qp(&bytes)).len() <= bytes.len() * 2, true);
        }
    }
}
