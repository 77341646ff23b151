//! Plain messages of a wanted size.

const LINE: &[u8] = b"The quick brown fox jumps over the lazy dog and posts about it in full.\r\n";

/// A text message with CRLF line ends, at least its head and otherwise of exactly `size` bytes.
pub fn message(id: &str, from: &str, to: &str, subject: &str, size: usize) -> Vec<u8> {
    let mut text = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: {id}\r\n\
         Date: Thu, 01 Jan 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    .into_bytes();
    while text.len() + LINE.len() + 2 < size {
        text.extend_from_slice(LINE);
    }
    while text.len() + 2 < size {
        text.push(b'x');
    }
    text.extend_from_slice(b"\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_size_that_was_asked_for() {
        for size in [400, 401, 5_000, 20_003] {
            let text = message("<1@x.example>", "a@x.example", "l@x.example", "hello", size);
            assert_eq!(text.len(), size);
            assert!(text.ends_with(b"\r\n"));
            assert!(text.split(|byte| *byte == b'\n').all(|line| line.len() < 990));
        }
    }
}
