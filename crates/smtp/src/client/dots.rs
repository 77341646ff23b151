use bytes::Bytes;

const DOT: Bytes = Bytes::from_static(b".");
const CRLF: Bytes = Bytes::from_static(b"\r\n");
const END: Bytes = Bytes::from_static(b".\r\n");

/// Cuts a message into what goes over the wire after 354: a dot before every dot that begins a line, and the
/// final dot (RFC 5321 §4.5.2). Nothing is copied: the pieces are slices of the segments.
///
/// A bare CR or LF must not be transmitted (RFC 5321 §2.3.8), for relays disagree on whether it ends a line and
/// that lets a message end early and another one begin in it. CRLF goes out in its place.
pub(crate) fn stuff(message: &[Bytes], mut emit: impl FnMut(Bytes)) {
    let mut line = Line::Start;
    for segment in message {
        let mut from = 0;
        // The border first: what the last octet before it began.
        match (line, segment.first()) {
            (_, None) => continue,
            (Line::Cr, Some(b'\n')) => {}
            (Line::Cr, Some(&first)) => {
                emit(Bytes::from_static(b"\n"));
                if first == b'.' {
                    emit(DOT);
                }
            }
            (Line::Start, Some(b'.')) => emit(DOT),
            (Line::Start | Line::Middle, Some(_)) => {}
        }
        for at in memchr::memchr2_iter(b'\r', b'\n', segment) {
            let before = match at.checked_sub(1) {
                Some(i) => segment.get(i).copied(),
                None if matches!(line, Line::Cr) => Some(b'\r'),
                None => None,
            };
            let after = segment.get(at + 1).copied();
            match (segment.get(at).copied(), before, after) {
                (Some(b'\n'), Some(b'\r'), Some(b'.')) => {
                    emit(segment.slice(from..=at));
                    emit(DOT);
                }
                // CR with its LF; CR at the border, where the next segment decides.
                (Some(b'\n'), Some(b'\r'), _) | (Some(b'\r'), _, Some(b'\n') | None) => continue,
                (_, _, next) => {
                    emit(segment.slice(from..at));
                    emit(CRLF);
                    if next == Some(b'.') {
                        emit(DOT);
                    }
                }
            }
            from = at + 1;
        }
        emit(segment.slice(from..));
        line = match segment.last() {
            Some(b'\n') => Line::Start,
            Some(b'\r') => Line::Cr,
            _ => Line::Middle,
        };
    }
    match line {
        Line::Start => {}
        Line::Cr => emit(Bytes::from_static(b"\n")),
        Line::Middle => emit(CRLF),
    }
    emit(END);
}

/// Where the octet before the next one has left us.
#[derive(Clone, Copy)]
enum Line {
    Start,
    Cr,
    Middle,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wire(segments: &[Vec<u8>]) -> Vec<u8> {
        let segments: Vec<Bytes> = segments.iter().cloned().map(Bytes::from).collect();
        let mut out = Vec::new();
        stuff(&segments, |piece| out.extend_from_slice(&piece));
        out
    }

    /// The same, said slowly: normalise the whole text, then look at each line.
    fn reference(text: &[u8]) -> Vec<u8> {
        let mut lines = vec![Vec::new()];
        let mut octets = text.iter().copied().peekable();
        while let Some(octet) = octets.next() {
            match octet {
                b'\r' | b'\n' => {
                    if octet == b'\r' && octets.peek() == Some(&b'\n') {
                        octets.next();
                    }
                    lines.push(Vec::new());
                }
                other => lines.last_mut().unwrap().push(other),
            }
        }
        if lines.last().unwrap().is_empty() {
            lines.pop();
        }
        let mut out = Vec::new();
        for line in lines {
            if line.first() == Some(&b'.') {
                out.push(b'.');
            }
            out.extend_from_slice(&line);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
        out
    }

    #[test]
    fn examples() {
        for (segments, expected) in [
            (vec!["a\r\n"], "a\r\n.\r\n"),
            (vec![], ".\r\n"),
            (vec!["a"], "a\r\n.\r\n"),
            (vec![".a\r\n..b\r\n.\r\n"], "..a\r\n...b\r\n..\r\n.\r\n"),
            (vec!["a\r\n", ".b\r\n"], "a\r\n..b\r\n.\r\n"),
            (vec!["a\r", "\n", "", ".b\r\n"], "a\r\n..b\r\n.\r\n"),
            (vec!["a", ".b\r\n"], "a.b\r\n.\r\n"),
            (vec!["a\n.\nMAIL FROM:<b>\n"], "a\r\n..\r\nMAIL FROM:<b>\r\n.\r\n"),
            (vec!["a\n", ".\r", "b\r"], "a\r\n..\r\nb\r\n.\r\n"),
        ] {
            let segments: Vec<Vec<u8>> = segments.iter().map(|s| s.as_bytes().to_vec()).collect();
            assert_eq!(String::from_utf8(wire(&segments)).unwrap(), expected, "{segments:?}");
        }
    }

    proptest! {
        #[test]
        fn equals_the_reference_wherever_the_borders_lie(
            segments in proptest::collection::vec("[.a\r\n]{0,6}", 0..8)
        ) {
            let segments: Vec<Vec<u8>> = segments.into_iter().map(String::into_bytes).collect();
            prop_assert_eq!(wire(&segments), reference(&segments.concat()));
        }
    }
}
