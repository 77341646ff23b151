use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Text from bytes in the charset of this name; `None` if the charset is unknown or the bytes do not fit it.
pub fn decode(charset: &str, bytes: &[u8]) -> Option<String> {
    if is_ascii(charset) {
        return bytes.is_ascii().then(|| String::from_utf8_lossy(bytes).into_owned());
    }
    let encoding = find(charset)?;
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
}

/// Text from bytes whatever they are: in this charset, else in UTF-8, else with marks where bytes do not fit.
pub fn decode_lossy(charset: &str, bytes: &[u8]) -> String {
    decode(charset, bytes).unwrap_or_else(|| match (std::str::from_utf8(bytes), find(charset)) {
        (Ok(text), _) => text.to_owned(),
        (Err(_), Some(encoding)) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        (Err(_), None) => guess(bytes),
    })
}

/// Bytes of `text` in the charset of this name; `None` if the charset is unknown or lacks one of the characters.
pub fn encode(charset: &str, text: &str) -> Option<Vec<u8>> {
    if is_ascii(charset) {
        return text.is_ascii().then(|| text.as_bytes().to_vec());
    }
    let encoding = find(charset)?;
    // encoding_rs writes UTF-8 where the web forbids writing (UTF-16).
    if encoding.output_encoding() != encoding {
        return None;
    }
    let (bytes, _, missing) = encoding.encode(text);
    // It reads "iso-8859-1" as Windows-1252, whose extra characters other programs would not find under that name.
    let extra = charset.trim().to_ascii_lowercase().starts_with("iso-8859-")
        && bytes.iter().any(|b| (0x80..0xa0).contains(b));
    (!missing && !extra).then(|| bytes.into_owned())
}

/// Text from bytes that nobody labelled: UTF-8, else Windows-1252.
pub(crate) fn guess(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

fn find(charset: &str) -> Option<&'static Encoding> {
    if is_ascii(charset) {
        return Some(UTF_8);
    }
    // Charsets that are dangerous to read (UTF-7, ISO-2022-KR, HZ) are either unknown here or the "replacement".
    Encoding::for_label_no_replacement(charset.trim().as_bytes())
}

fn is_ascii(charset: &str) -> bool {
    let name = charset.trim();
    ["us-ascii", "ascii", "ansi_x3.4-1968", "646"].iter().any(|a| name.eq_ignore_ascii_case(a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_refuses() {
        assert_eq!(decode("ISO-8859-1", b"\xfc").as_deref(), Some("ü"));
        assert_eq!(decode("euc-jp", b"\xc6\xfc\xcb\xdc").as_deref(), Some("日本"));
        assert_eq!(decode("iso-2022-jp", b"\x1b$BF|K\\\x1b(B").as_deref(), Some("日本"));
        assert_eq!(decode("us-ascii", b"\xfc"), None);
        assert_eq!(decode("utf-8", b"\xfc"), None);
        for unknown in ["utf-7", "iso-2022-kr", "x-nonsense", ""] {
            assert_eq!(decode(unknown, b"abc"), None, "{unknown}");
        }
        assert_eq!(decode_lossy("x-nonsense", b"\xfc"), "ü");
    }

    #[test]
    fn writes_only_what_the_name_promises() {
        assert_eq!(encode("iso-8859-1", "ü").as_deref(), Some(&b"\xfc"[..]));
        assert_eq!(encode("iso-8859-1", "€"), None);
        assert_eq!(encode("windows-1252", "€").as_deref(), Some(&b"\x80"[..]));
        assert_eq!(encode("us-ascii", "ü"), None);
        assert_eq!(encode("utf-16", "a"), None);
    }
}
