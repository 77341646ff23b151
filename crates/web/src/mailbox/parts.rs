use bytes::Bytes;
use posthaste_mime::{ContentType, Field, Message, TransferEncoding, decode_charset_lossy};

/// Parts deeper than this, and more than that many, are not looked at: no honest message has them.
const DEEPEST: usize = 20;
const MOST: usize = 200;

/// A leaf of a message: something that is not made of parts (RFC 2046 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// `text/plain`, lower case.
    pub(super) kind: String,
    /// Its file name; empty if it has none.
    pub(super) name: String,
    /// Its bytes without transfer encoding.
    pub(super) bytes: Vec<u8>,
    /// Its charset, for text.
    charset: String,
    attached: bool,
}

impl Part {
    /// Its text, whatever its charset claims.
    pub(super) fn text(&self) -> String {
        decode_charset_lossy(&self.charset, &self.bytes)
    }

    /// Its size for people.
    pub(super) fn weight(&self) -> String {
        super::caught::weight(self.bytes.len())
    }

    /// True if it is to be read in place, as text of this kind, and not a file that came along.
    pub(super) fn is_inline(&self, kind: &str) -> bool {
        self.kind == kind && !self.attached
    }
}

/// The leaves of a message in their order.
pub(super) fn parts(message: &Message) -> Vec<Part> {
    let mut found = Vec::new();
    walk(message, 0, &mut found);
    found
}

fn walk(message: &Message, depth: usize, found: &mut Vec<Part>) {
    if found.len() >= MOST {
        return;
    }
    let kind = ContentType::of(&message.head);
    let boundary = kind.parameter("boundary").filter(|boundary| !boundary.is_empty());
    match boundary.filter(|_| kind.main_type() == "multipart" && depth < DEEPEST) {
        Some(boundary) => {
            for piece in split(&message.body, boundary) {
                walk(&Message::parse(piece), depth + 1, found);
            }
        }
        None => found.push(leaf(message, &kind)),
    }
}

fn leaf(message: &Message, kind: &ContentType) -> Part {
    let bytes = match TransferEncoding::of(&message.head) {
        Some(encoding) => encoding.decode(&message.body),
        None => message.body.to_vec(),
    };
    // A Content-Disposition (RFC 2183) has the shape of a type with parameters, once its word is made into one.
    let disposition = message.head.get("Content-Disposition").map(Field::unfolded).unwrap_or_default();
    let parameters = ContentType::parse(&format!("x/{}", disposition.trim_start()));
    let name = parameters.parameter("filename").or_else(|| kind.parameter("name")).unwrap_or_default();
    Part {
        kind: kind.kind().to_owned(),
        name: name.to_owned(),
        bytes,
        charset: kind.parameter("charset").unwrap_or("utf-8").to_owned(),
        attached: parameters.kind() == "x/attachment",
    }
}

/// The bodies between the delimiter lines (RFC 2046 §5.1.1); a missing last delimiter is forgiven.
fn split(body: &Bytes, boundary: &str) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    let mut begin = None;
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let end = at + line.len();
        if let Some(last) = delimiter(line, boundary) {
            pieces.extend(begin.map(|begin| without_line_end(&body.slice(begin..at))));
            begin = (!last).then_some(end);
            if last {
                return pieces;
            }
        }
        at = end;
    }
    pieces.extend(begin.map(|begin| body.slice(begin..)));
    pieces
}

/// `Some(true)` for the last delimiter, `Some(false)` for another, `None` for any other line.
fn delimiter(line: &[u8], boundary: &str) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary.as_bytes())?.trim_ascii_end();
    match rest {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

/// The line end before a delimiter belongs to the delimiter.
fn without_line_end(piece: &Bytes) -> Bytes {
    let length = match piece.as_ref() {
        [rest @ .., b'\r', b'\n'] | [rest @ .., b'\n'] => rest.len(),
        whole => whole.len(),
    };
    piece.slice(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, String, String)> {
        let message = Message::parse(Bytes::from(text.replace('\n', "\r\n")));
        parts(&message).iter().map(|part| (part.kind.clone(), part.name.clone(), part.text())).collect()
    }

    fn part(kind: &str, name: &str, text: &str) -> (String, String, String) {
        (kind.to_owned(), name.to_owned(), text.to_owned())
    }

    #[test]
    fn a_plain_message_is_one_part() {
        assert_eq!(of("Subject: x\n\nHi\n"), [part("text/plain", "", "Hi\r\n")]);
        let text = "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe";
        assert_eq!(of(text), [part("text/plain", "", "Grüße")]);
    }

    #[test]
    fn nested_parts_in_their_order() {
        let text = "Content-Type: multipart/mixed; boundary=\"a b\"\n\npreamble\n--a b\n\
                    Content-Type: multipart/alternative; boundary=c\n\n--c\n\none\n--c\n\
                    Content-Type: text/html\n\n<b>two</b>\n--c--\nepilogue\n--a b  \n\
                    Content-Type: image/png\nContent-Disposition: attachment; filename=\"x.png\"\n\
                    Content-Transfer-Encoding: base64\n\naGVsbG8=\n--a b--\nepilogue\n";
        assert_eq!(
            of(text),
            [
                part("text/plain", "", "one"),
                part("text/html", "", "<b>two</b>"),
                part("image/png", "x.png", "hello")
            ]
        );
    }

    #[test]
    fn attached_text_is_not_read_in_place() {
        let text = "Content-Type: text/html\r\nContent-Disposition: Attachment; filename=a.html\r\n\r\n<p>";
        let parts = parts(&Message::parse(Bytes::from_static(text.as_bytes())));
        assert!(!parts[0].is_inline("text/html"));
        assert_eq!(parts[0].name, "a.html");
    }

    #[test]
    fn broken_and_endless_ones_end() {
        assert_eq!(of("Content-Type: multipart/mixed; boundary=a\n\n--a\n\ncut off").len(), 1);
        assert_eq!(of("Content-Type: multipart/mixed\n\nno boundary").len(), 1);
        assert_eq!(of("Content-Type: multipart/mixed; boundary=a\n\nno part").len(), 0);
        let level = |n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n");
        let deep: Vec<String> = (0..5_000).map(level).collect();
        assert_eq!(of(&deep.concat()).len(), 1);
        let many = format!("Content-Type: multipart/mixed; boundary=a\n\n{}", "--a\n\nx\n".repeat(5_000));
        assert_eq!(of(&many).len(), MOST);
    }
}
