use bytes::Bytes;

use super::Part;

/// The pieces of a multipart body (RFC 2046 §5.1.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Multipart {
    pub(super) boundary: String,
    /// Everything before the first delimiter.
    pub(super) preamble: Bytes,
    pub(super) parts: Vec<Part>,
    /// The closing delimiter and what follows; empty if there is none.
    pub(super) end: Bytes,
}

impl Multipart {
    /// Cuts a body; `None` if it has no part.
    pub(super) fn read(body: &Bytes, boundary: &str, default: &str, depth: usize) -> Option<Self> {
        // RFC 2046 §5.1.1: it never ends in white space; a line's end may have gained some.
        let boundary = boundary.trim_end();
        if boundary.is_empty() {
            return None;
        }
        let mut parts: Vec<Part> = vec![];
        let mut preamble = Bytes::new();
        // Where the open part's delimiter line begins and ends.
        let mut open: Option<(usize, usize)> = None;
        let mut close = body.len();
        let mut at = 0;
        for line in body.split_inclusive(|b| *b == b'\n') {
            let end = at + line.len();
            if let Some(last) = delimiter(line, boundary.as_bytes()) {
                match open {
                    None => preamble = body.slice(..at),
                    Some(open) => parts.push(cut(body, open, at, default, depth)),
                }
                open = Some((at, end));
                if last {
                    open = None;
                    close = at;
                    break;
                }
            }
            at = end;
        }
        if let Some(open) = open {
            parts.push(cut(body, open, body.len(), default, depth));
        }
        (!parts.is_empty()).then(|| Self {
            boundary: boundary.to_owned(),
            preamble,
            parts,
            end: body.slice(close..),
        })
    }
}

/// The part between its delimiter line and the one at `next`; the line end before that belongs to the delimiter.
fn cut(body: &Bytes, (start, end): (usize, usize), next: usize, default: &str, depth: usize) -> Part {
    let content = body.get(end..next).unwrap_or_default();
    let gap = if next == body.len() {
        0
    } else if content.ends_with(b"\r\n") {
        2
    } else {
        usize::from(content.ends_with(b"\n"))
    };
    let mut part = Part::read(body.slice(end..next - gap), default, depth + 1);
    part.frame = Some((body.slice(start..end), body.slice(next - gap..next)));
    part
}

/// Whether this line is a delimiter of this boundary, and if so whether it is the last one.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    match rest.trim_ascii_end() {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}
