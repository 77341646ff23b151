//! The words a person wrote, out of whatever their mail program made of them.

use posthaste_mime::{ContentType, Message, Part, decode_charset_lossy};

/// The first plain text of a message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Written {
    /// The text; empty if there is none.
    pub(super) text: String,
    /// There are other parts, which are no commands.
    pub(super) others: bool,
}

/// Looks for it.
pub(super) fn written(message: &Message) -> Written {
    let mut found = Search::default();
    found.walk(&Part::of(message));
    Written { text: found.text.unwrap_or_default(), others: found.others }
}

#[derive(Default)]
struct Search {
    text: Option<String>,
    others: bool,
}

impl Search {
    fn walk(&mut self, part: &Part) {
        if part.kind().starts_with("multipart/") && !part.is_unreadable() {
            part.parts().iter().for_each(|part| self.walk(part));
        } else if part.kind() == "text/plain" && self.text.is_none() {
            let bytes = part.decoded().unwrap_or_else(|| part.body().to_vec());
            let kind = ContentType::of(part.head());
            self.text = Some(decode_charset_lossy(kind.parameter("charset").unwrap_or("us-ascii"), &bytes));
        } else {
            // Somebody else's mail within this one is no command either.
            self.others = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn read(raw: &str) -> (String, bool) {
        let written = written(&Message::parse(Bytes::from(raw.replace('\n', "\r\n"))));
        (written.text.replace("\r\n", "\n"), written.others)
    }

    #[test]
    fn shapes() {
        let mixed = "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative;\n boundary=y\n\n\
                     --y\n\njoin\n--y\nContent-Type: text/html\n\n<p>leave\n--y--\n--x\n\nhelp\n--x--\n";
        for (raw, text, others) in [
            ("A: 1\n\njoin\n", "join\n", false),
            ("Content-Transfer-Encoding: base64\n\nam9pbgo=\n", "join\n", false),
            (
                "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nj=C3=B6in\n",
                "jöin\n",
                false,
            ),
            ("Content-Type: text/html\n\n<p>join\n", "", true),
            (mixed, "join", true),
            ("Content-Type: multipart/mixed; boundary=x\n\n--x\n\njoin\n", "join\n", false),
            ("Content-Type: multipart/mixed\n\n--x\n\njoin\n", "", true),
            ("", "", false),
        ] {
            assert_eq!(read(raw), (text.to_owned(), others), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(raw in "(Content-Type: multipart/x; boundary=b\n\n|--b\n|--b--\n|join\n|\n){0,40}") {
            read(&raw);
        }
    }
}
