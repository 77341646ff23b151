/// Reads Base64 leniently: bytes outside the alphabet are skipped (RFC 2045 §6.8), as is what an `=` cuts off.
pub(crate) fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                // Padding ends a quantum; another may follow where parts were glued together.
                (bits, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    out
}

/// Writes Base64 in lines of 76 characters (RFC 2045 §6.8).
pub(crate) fn encode_lines(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 3 * 4 + bytes.len() / 28 + 4);
    for chunk in bytes.chunks(57) {
        out.extend_from_slice(data_encoding::BASE64.encode(chunk).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn junk_is_skipped() {
        assert_eq!(decode(b"SGVs\r\n bG8*="), b"Hello");
        assert_eq!(decode(b"SGVsbG8=SGVsbG8="), b"HelloHello");
        assert_eq!(decode(b"===="), b"");
    }

    proptest! {
        #[test]
        fn round_trip(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = encode_lines(&bytes);
            prop_assert!(text.split(|b| *b == b'\n').all(|line| line.len() <= 77));
            prop_assert_eq!(decode(&text), bytes);
        }
    }
}
