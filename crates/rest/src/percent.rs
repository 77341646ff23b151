//! Percent-encoding (RFC 3986 §2.1) and forms (`application/x-www-form-urlencoded`).

/// Decodes `%41`; what is no such triple stays as it is, and bytes that are no UTF-8 become U+FFFD.
pub(crate) fn decode(text: &str) -> String {
    String::from_utf8_lossy(&bytes(text, false)).into_owned()
}

/// The pairs of a query or a form, in order.
pub(crate) fn pairs(text: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(text);
    let decode = |text: &str| String::from_utf8_lossy(&bytes(text, true)).into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// A piece of a path, encoded so that it stays one piece. What addresses are made of stays readable.
pub(crate) fn encode(piece: &str) -> String {
    let mut out = String::with_capacity(piece.len());
    for byte in piece.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn bytes(text: &str, form: bool) -> Vec<u8> {
    let digit = |at: usize| text.as_bytes().get(at).and_then(|b| char::from(*b).to_digit(16));
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(byte) = text.as_bytes().get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
                continue;
            }
            (b'+', ..) if form => out.push(b' '),
            (byte, ..) => out.push(*byte),
        }
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_back() {
        for piece in ["anne@example.com", "a/b?c#d%", "^.*@x", "jürgen+tag@x", "100%"] {
            assert_eq!(decode(&encode(piece)), piece);
        }
        assert_eq!(encode("a/b@x.y"), "a%2Fb@x.y");
        assert_eq!(decode("a+b%4"), "a+b%4");
    }

    #[test]
    fn forms() {
        let pairs = pairs(b"a=1&b=x+y%40z&c&&a=&=d");
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("a", "1"), ("b", "x y@z"), ("c", ""), ("a", ""), ("", "d")]);
    }
}
