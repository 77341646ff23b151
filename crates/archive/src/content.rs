use posthaste_mime::{ContentType, Field, Message, Part, decode_charset_lossy, file_names, html_to_text};

use crate::flowed::unflow;

/// So many characters of a post are shown; the rest is in its bytes.
const SHOWN: usize = 400_000;
/// Octets of HTML that are read.
const PAGE: usize = 4 << 20;
/// More files than these are not told of.
const FILES: usize = 200;

/// Where the text of a post comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The author's plain text.
    Plain,
    /// A page that the author wrote, as plain text.
    Html,
    /// There is none.
    Nowhere,
}

/// What a reader wants of a post.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// Its text, lines ending in LF.
    pub text: String,
    /// Where that comes from.
    pub origin: Origin,
    /// True if the text was longer.
    pub cut: bool,
    /// What else came along.
    pub files: Vec<StoredFile>,
}

/// A file that came with a post.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredFile {
    /// Its number within the post, from 1; it never changes.
    pub number: usize,
    /// A name that is safe everywhere: letters, digits, dot, dash, underscore.
    pub name: String,
    /// Its type, as its author says: `image/png`.
    pub kind: String,
    /// Its octets.
    pub size: usize,
}

impl Content {
    /// Of this post, whatever its bytes are.
    pub fn of(message: &Message) -> Self {
        let mut reader = Reader::default();
        let root = Part::of(message);
        reader.read(&root);
        let Reader { text, page, files, number: _ } = reader;
        let (text, origin) = match (text.trim().is_empty(), page.trim().is_empty()) {
            (false, _) => (text, Origin::Plain),
            (true, false) => (page, Origin::Html),
            (true, true) => (String::new(), Origin::Nowhere),
        };
        let cut = text.char_indices().nth(SHOWN).map(|(at, _)| at);
        let text = cut.and_then(|at| text.get(..at)).map_or(text.clone(), str::to_owned);
        let files = files.into_iter().map(|(file, _)| file).collect();
        Self { text, origin, cut: cut.is_some(), files }
    }

    /// The bytes of the file with this number.
    pub fn file(message: &Message, number: usize) -> Option<(StoredFile, Vec<u8>)> {
        let mut reader = Reader { number: Some(number), ..Reader::default() };
        let root = Part::of(message);
        reader.read(&root);
        reader.files.into_iter().find(|(file, _)| file.number == number)
    }
}

#[derive(Default)]
struct Reader {
    text: String,
    page: String,
    files: Vec<(StoredFile, Vec<u8>)>,
    /// The one file whose bytes are wanted.
    number: Option<usize>,
}

impl Reader {
    fn read(&mut self, part: &Part) {
        if part.is_message() {
            return self.file(part);
        }
        if part.parts().is_empty() {
            return self.leaf(part, true);
        }
        if part.kind() != "multipart/alternative" {
            return part.parts().iter().for_each(|inner| self.read(inner));
        }
        // Of several ways to say the same, the plain one; else the richest, which comes last (RFC 2046 §5.1.4).
        let plain = part.parts().iter().any(has_plain);
        for inner in part.parts() {
            let same = inner.kind() == "text/html" && !is_attached(inner);
            match (plain, same) {
                (true, true) => {}
                (true, false) if inner.kind() == "multipart/related" => {
                    // A page with its pictures: the pictures are files.
                    inner.parts().iter().filter(|p| p.kind() != "text/html").for_each(|p| self.read(p));
                }
                _ => self.read(inner),
            }
        }
    }

    fn leaf(&mut self, part: &Part, inline: bool) {
        let kind = part.kind();
        let shown = inline && !is_attached(part);
        if shown && kind == "text/plain" {
            let words = plain(part);
            join(&mut self.text, &words);
            join(&mut self.page, &words);
        } else if shown && kind == "text/html" {
            join(&mut self.page, &page(part));
        } else if !part.is_unreadable() || !part.body().is_empty() {
            self.file(part);
        }
    }

    fn file(&mut self, part: &Part) {
        let number = self.files.len() + 1;
        if number > FILES {
            return;
        }
        let bytes = if part.is_message() { None } else { part.decoded() };
        let bytes = bytes.unwrap_or_else(|| part.body().to_vec());
        let names = file_names(part.head());
        let name = safe_name(names.first().map(String::as_str), part.kind(), number);
        let file = StoredFile { number, name, kind: part.kind().to_owned(), size: bytes.len() };
        let wanted = self.number == Some(number);
        self.files.push((file, if wanted { bytes } else { vec![] }));
    }
}

fn has_plain(part: &Part) -> bool {
    let mut found = false;
    part.walk(&mut |p| {
        found |= p.kind() == "text/plain"
            && p.parts().is_empty()
            && !is_attached(p)
            && p.body().iter().any(|b| !b.is_ascii_whitespace());
    });
    found
}

/// True if its author wants it saved, not read in place (RFC 2183 §2).
fn is_attached(part: &Part) -> bool {
    let disposition = part.head().get("Content-Disposition").map(Field::unfolded).unwrap_or_default();
    let word = disposition.split(';').next().unwrap_or_default().trim();
    word.eq_ignore_ascii_case("attachment") || (!word.is_empty() && !file_names(part.head()).is_empty())
}

fn join(text: &mut String, more: &str) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(more);
}

fn decoded(part: &Part, limit: usize) -> (ContentType, String) {
    let kind = ContentType::of(part.head());
    let bytes = part.decoded().unwrap_or_else(|| part.body().to_vec());
    let bytes = bytes.get(..limit).unwrap_or(&bytes);
    let text = decode_charset_lossy(kind.parameter("charset").unwrap_or("us-ascii"), bytes);
    (kind, lines(&text))
}

fn plain(part: &Part) -> String {
    let (kind, text) = decoded(part, usize::MAX);
    let is = |name: &str, value: &str| kind.parameter(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
    if is("format", "flowed") { unflow(&text, is("delsp", "yes")) } else { text }
}

fn page(part: &Part) -> String {
    html_to_text(&decoded(part, PAGE).1)
}

/// With LF at the end of lines, without the characters that no text has.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            '\n' | '\t' => out.push(c),
            '\u{c}' => out.push('\n'),
            c if c.is_control() || crate::subject::turns(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// A name that means nothing to any shell, path or browser.
fn safe_name(given: Option<&str>, kind: &str, number: usize) -> String {
    let base = given.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String =
        base.chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    let clean = clean.trim_matches(['.', '_', '-']);
    // The end of a long name says what it is.
    let skip = clean.chars().count().saturating_sub(120);
    let clean: String = clean.chars().skip(skip).collect();
    if !clean.is_empty() {
        return clean;
    }
    let end = match kind {
        "text/plain" => "txt",
        "text/html" => "html",
        "text/calendar" => "ics",
        "text/vcard" | "text/x-vcard" => "vcf",
        "message/rfc822" | "message/global" => "eml",
        "application/pgp-signature" => "asc",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => "p7s",
        "application/pdf" => "pdf",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        _ => "bin",
    };
    format!("attachment-{number}.{end}")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Content {
        Content::of(&Message::parse(Bytes::from(text.replace('\n', "\r\n"))))
    }

    fn names(content: &Content) -> Vec<&str> {
        content.files.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn plain_texts_in_any_charset() {
        for (head, body, wanted) in [
            ("A: 1", "Hi\n", "Hi\n"),
            (
                "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable",
                "Gr=FC=DFe",
                "Grüße",
            ),
            ("Content-Type: text/plain; charset=x-nonsense", "Grüße", "Grüße"),
            ("Content-Type: text/plain; format=flowed", "one \ntwo\n", "one two\n"),
            ("Content-Type: text/plain; format=flowed; delsp=yes", "one \ntwo\n", "onetwo\n"),
            ("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64", "4oKsIQ==", "€!"),
        ] {
            let content = of(&format!("{head}\n\n{body}"));
            assert_eq!((content.text.as_str(), content.origin), (wanted, Origin::Plain), "{head}");
        }
        assert_eq!(of("A: 1\n\n").origin, Origin::Nowhere);
    }

    #[test]
    fn a_page_is_read_where_there_is_no_text() {
        let html =
            of("Content-Type: text/html; charset=utf-8\n\n<p>Hello <b>all</b></p><script>alert(1)</script>");
        assert_eq!((html.text.as_str(), html.origin), ("Hello all\n", Origin::Html));
        let both = "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nplain\n--b\nContent-Type: text/html\n\n<p>rich\n--b--\n";
        let both = of(both);
        assert_eq!((both.text.trim(), both.origin, both.files.len()), ("plain", Origin::Plain, 0));
        let blank = of(
            "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n \n--b\nContent-Type: text/html\n\n<p>rich\n--b--\n",
        );
        assert_eq!((blank.text.trim(), blank.origin), ("rich", Origin::Html));
    }

    const MIXED: &str = "Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/alternative; boundary=a\n\n\
        --a\n\nplain\n--a\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n<img src=cid:x>\n\
        --r\nContent-Type: image/png; name=\"../../x y.png\"\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n--r--\n--a--\n\
        --m\nContent-Type: message/rfc822\n\nSubject: in\n\ninner\n--m\nContent-Type: text/html\nContent-Disposition: attachment; \
        filename=\"evil\u{202e}lmth.exe\"\n\n<script>\n--m\n\nfooter\n--m--\n";

    #[test]
    fn files_have_numbers_and_harmless_names() {
        let content = of(MIXED);
        assert_eq!(content.text, "plain\nfooter");
        assert_eq!(names(&content), ["x_y.png", "attachment-2.eml", "evil_lmth.exe"]);
        let message = Message::parse(Bytes::from(MIXED.replace('\n', "\r\n")));
        let (file, bytes) = Content::file(&message, 1).unwrap();
        assert_eq!((file.kind.as_str(), file.size, bytes.as_slice()), ("image/png", 5, &b"hello"[..]));
        let (_, inner) = Content::file(&message, 2).unwrap();
        assert_eq!(inner, b"Subject: in\r\n\r\ninner");
        assert!(Content::file(&message, 4).is_none() && Content::file(&message, 0).is_none());
        for evil in ["...", "/", "a/..", "\\\\x\\y", "COM1\u{0}", "-rf"] {
            let name = safe_name(Some(evil), "text/plain", 1);
            assert!(!name.contains(['/', '\\', '\0']) && !name.starts_with(['.', '-']), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
            let message = Message::parse(Bytes::from(raw));
            let content = Content::of(&message);
            for file in content.files {
                prop_assert!(Content::file(&message, file.number).is_some());
            }
        }

        #[test]
        fn any_tree_is_read(lines in proptest::collection::vec(prop_oneof![
            Just("--a"), Just("--b"), Just("--a--"), Just(""), Just("text"), Just("Content-Type: text/html"),
            Just("Content-Type: multipart/alternative; boundary=b"), Just("Content-Type: message/rfc822"),
            Just("Content-Disposition: attachment"), Just("Content-Transfer-Encoding: base64"),
        ], 0..40)) {
            let text = format!("Content-Type: multipart/mixed; boundary=a\n\n{}", lines.join("\n"));
            let message = Message::parse(Bytes::from(text));
            let content = Content::of(&message);
            prop_assert!(!content.text.contains('\r'));
        }
    }
}
