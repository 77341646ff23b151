use bytes::Bytes;

use crate::{charset, fold, word};

/// One field of a header, with every byte it came with: name, colon, folded value, line ends (RFC 5322 §2.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    raw: Bytes,
    name: usize,
}

impl Field {
    /// A field for people to read: `value` is plain Unicode, encoded (RFC 2047) and folded here.
    ///
    /// Control characters, line ends among them, become spaces, so that no value can smuggle in another field.
    pub fn new(name: &str, value: &str) -> Self {
        Self::structured(name, &word::encode(&harmless(value)))
    }

    /// A field for programs: `value` is written as it stands, folded at its spaces where it is long.
    pub fn structured(name: &str, value: &str) -> Self {
        let raw = fold::fold(name, &harmless(value));
        Self { raw: Bytes::from(raw), name: name.len() }
    }

    /// A field found in a message; `raw` begins with a name and may lack its line end.
    pub(crate) fn found(raw: Bytes, name: usize) -> Self {
        if raw.ends_with(b"\n") {
            return Self { raw, name };
        }
        let mut whole = raw.to_vec();
        whole.extend_from_slice(b"\r\n");
        Self { raw: Bytes::from(whole), name }
    }

    /// Its name as written.
    pub fn name(&self) -> &str {
        self.raw.get(..self.name).and_then(|n| std::str::from_utf8(n).ok()).unwrap_or_default()
    }

    /// True if this is its name; case does not count.
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// All of it, line end included.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The value on one line (RFC 5322 §2.2.3), encoded words left alone. Bytes that are not UTF-8 are read as Windows-1252.
    pub fn unfolded(&self) -> String {
        let after_name = self.raw.get(self.name..).unwrap_or_default();
        let colon = after_name.iter().position(|b| *b == b':').map_or(0, |at| at + 1);
        let value: Vec<u8> = after_name
            .get(colon..)
            .unwrap_or_default()
            .iter()
            .copied()
            .filter(|b| *b != b'\r' && *b != b'\n')
            .collect();
        charset::guess(&value).trim_matches([' ', '\t']).to_owned()
    }

    /// The value for people: on one line, encoded words decoded.
    pub fn text(&self) -> String {
        word::decode(&self.unfolded())
    }
}

fn harmless(value: &str) -> String {
    value.chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_smuggle_fields() {
        let field = Field::new("Subject", "hello\r\nBcc: everybody@example.com");
        assert_eq!(field.raw(), &Bytes::from("Subject: hello  Bcc: everybody@example.com\r\n"));
    }

    #[test]
    fn unfolding_and_decoding() {
        let field =
            Field::found(Bytes::from("Subject : =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n  from\r\n\there\r\n"), 7);
        assert_eq!(field.name(), "Subject");
        assert_eq!(field.unfolded(), "=?utf-8?q?Gr=C3=BC=C3=9Fe?=  from\there");
        assert_eq!(field.text(), "Grüße  from\there");
    }

    #[test]
    fn eight_bit_values_are_read() {
        assert_eq!(Field::found(Bytes::from(&b"A: \xc3\xbc\r\n"[..]), 1).text(), "ü");
        assert_eq!(Field::found(Bytes::from(&b"A: \xfc"[..]), 1).text(), "ü");
    }
}
