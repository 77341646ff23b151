//! `relaxed` canonicalization (RFC 6376 §3.4.2, §3.4.4).

use ring::digest::{Context, Digest, SHA256};

/// A field in canonical form, its line end included.
pub(crate) fn field(raw: &[u8]) -> Vec<u8> {
    let colon = raw.iter().position(|b| *b == b':').unwrap_or(raw.len());
    let (name, value) = raw.split_at(colon);
    let mut out = name.trim_ascii().to_ascii_lowercase();
    out.push(b':');
    let start = out.len();
    let mut space = false;
    for byte in value.get(1..).unwrap_or_default() {
        match byte {
            b'\r' | b'\n' => {}
            b' ' | b'\t' => space = true,
            other => {
                if space && out.len() > start {
                    out.push(b' ');
                }
                space = false;
                out.push(*other);
            }
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// SHA-256 over the canonical form of a body whose lines end in CRLF.
pub(crate) fn body_hash(body: &[u8]) -> Digest {
    let mut context = Context::new(&SHA256);
    // Empty lines count only if something follows.
    let mut empty = 0_usize;
    let mut line = Vec::new();
    for raw in body.split_inclusive(|b| *b == b'\n') {
        let text = raw.strip_suffix(b"\n").unwrap_or(raw);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        line.clear();
        let mut space = false;
        for byte in text {
            match byte {
                b' ' | b'\t' => space = true,
                other => {
                    if space {
                        line.push(b' ');
                    }
                    space = false;
                    line.push(*other);
                }
            }
        }
        if line.is_empty() {
            empty += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut empty) {
            context.update(b"\r\n");
        }
        line.extend_from_slice(b"\r\n");
        context.update(&line);
    }
    context.finish()
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;

    #[test]
    fn fields() {
        for (raw, wanted) in [
            ("SUBJect : AbC\r\n\t  d  \r\n", "subject:AbC d\r\n"),
            ("A:\r\n x\r\n", "a:x\r\n"),
            ("B:\r\n", "b:\r\n"),
            ("C: a\tb  c \t\r\n", "c:a b c\r\n"),
        ] {
            assert_eq!(String::from_utf8(field(raw.as_bytes())).unwrap(), wanted);
        }
    }

    #[test]
    fn bodies() {
        let hash = |body: &str| BASE64.encode(body_hash(body.as_bytes()).as_ref());
        // RFC 6376 §3.4.4: the empty body.
        assert_eq!(hash(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(hash("\r\n\r\n"), hash(""));
        assert_eq!(hash(" \t\r\n"), hash(""));
        for same in ["a b\r\n\r\n\r\n", "a \t b \r\n", "a b", "a b\r\n \r\n"] {
            assert_eq!(hash(same), hash("a b\r\n"), "{same:?}");
        }
        for other in [" a b\r\n", "\r\na b\r\n", "ab\r\n", "a\r\nb\r\n"] {
            assert_ne!(hash(other), hash("a b\r\n"), "{other:?}");
        }
        assert_eq!(hash("\t a\r\n"), hash(" a\r\n"));
    }
}
