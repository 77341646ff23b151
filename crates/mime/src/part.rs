mod multipart;
mod write;

use bytes::Bytes;

use self::multipart::Multipart;
use crate::{ContentType, Head, Message, TransferEncoding};

/// Parts within parts are read so deep; what lies deeper is left alone as a leaf, which costs neither stack nor time.
const DEEPEST: usize = 32;

/// A message or one of its parts, read down to its leaves (RFC 2046 §5), to be looked at, changed and written again. What
/// nobody changes keeps every byte.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    head: Head,
    kind: String,
    /// What was read behind the head.
    body: Bytes,
    /// All of it as it was read; `None` for the outermost, whose head may have been changed before.
    raw: Option<Bytes>,
    /// The line before it and the line end behind it, if it was read from a multipart.
    frame: Option<(Bytes, Bytes)>,
    content: Content,
    head_changed: bool,
    body_changed: bool,
}

/// What is in a part.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Content {
    Leaf,
    Multipart(Multipart),
    Message(Box<Part>),
}

impl Part {
    /// Reads a message.
    pub fn of(message: &Message) -> Self {
        Self::with(message.head.clone(), message.body.clone(), None, "text/plain", 0)
    }

    /// Reads a part; `default` is what it is if it does not say (RFC 2046 §5.1.5).
    fn read(raw: Bytes, default: &str, depth: usize) -> Self {
        let Message { head, body } = Message::parse_part(raw.clone());
        Self::with(head, body, Some(raw), default, depth)
    }

    fn with(head: Head, body: Bytes, raw: Option<Bytes>, default: &str, depth: usize) -> Self {
        let content_type =
            if head.has("Content-Type") { ContentType::of(&head) } else { ContentType::new(default) };
        let content = if depth >= DEEPEST {
            Content::Leaf
        } else if content_type.main_type() == "multipart" {
            let default =
                if content_type.kind() == "multipart/digest" { "message/rfc822" } else { "text/plain" };
            content_type
                .parameter("boundary")
                .and_then(|boundary| Multipart::read(&body, boundary, default, depth))
                .map_or(Content::Leaf, Content::Multipart)
        } else if matches!(content_type.kind(), "message/rfc822" | "message/global") {
            let inner = match TransferEncoding::of(&head) {
                // RFC 2046 §5.2.1 forbids it, and some do it.
                Some(coded @ (TransferEncoding::Base64 | TransferEncoding::QuotedPrintable)) => {
                    Bytes::from(coded.decode(&body))
                }
                _ => body.clone(),
            };
            Content::Message(Box::new(Self::read(inner, "text/plain", depth + 1)))
        } else {
            Content::Leaf
        };
        let kind = content_type.kind().to_owned();
        Self { head, kind, body, raw, frame: None, content, head_changed: false, body_changed: false }
    }

    /// A new part.
    pub fn new(head: Head, body: Bytes) -> Self {
        let mut part = Self::with(head, body, None, "text/plain", 0);
        part.head_changed = true;
        part
    }

    /// Its type, lower case: `text/plain`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its header.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Its body as written, transfer encoding and all; of a changed multipart, what it was before.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The bytes a leaf means; `None` if its transfer encoding is unknown.
    pub fn decoded(&self) -> Option<Vec<u8>> {
        Some(TransferEncoding::of(&self.head)?.decode(&self.body))
    }

    /// The parts of a multipart, or the message in a message/rfc822; nothing for a leaf.
    pub fn parts(&self) -> &[Self] {
        match &self.content {
            Content::Leaf => &[],
            Content::Multipart(multipart) => &multipart.parts,
            Content::Message(message) => std::slice::from_ref(message),
        }
    }

    /// The same, to be changed each in its place.
    pub fn parts_mut(&mut self) -> &mut [Self] {
        match &mut self.content {
            Content::Leaf => &mut [],
            Content::Multipart(multipart) => &mut multipart.parts,
            Content::Message(message) => std::slice::from_mut(message),
        }
    }

    /// True if it says that it has parts and none can be found: there is no boundary, or no line with it, or it is nested
    /// too deep.
    pub fn is_unreadable(&self) -> bool {
        let composite = self.kind.starts_with("multipart/")
            || matches!(self.kind.as_str(), "message/rfc822" | "message/global");
        composite && self.content == Content::Leaf
    }

    /// True if it holds a whole message.
    pub fn is_message(&self) -> bool {
        matches!(self.content, Content::Message(_))
    }

    /// Takes away the parts of a multipart for which `keep` does not hold; says how many.
    pub fn retain(&mut self, keep: impl FnMut(&mut Self) -> bool) -> usize {
        let Content::Multipart(multipart) = &mut self.content else { return 0 };
        let before = multipart.parts.len();
        multipart.parts.retain_mut(keep);
        let gone = before - multipart.parts.len();
        self.body_changed |= gone > 0;
        gone
    }

    /// Becomes its part at `place`: what describes the content (Content-*) comes from there, the rest of the header stays.
    /// Says whether there is such a part.
    pub fn become_part(&mut self, place: usize) -> bool {
        let taken = match std::mem::replace(&mut self.content, Content::Leaf) {
            Content::Multipart(mut multipart) if place < multipart.parts.len() => {
                multipart.parts.swap_remove(place)
            }
            other => {
                self.content = other;
                return false;
            }
        };
        let described = |field: &crate::Field| {
            field.name().get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case("content-"))
        };
        let at = self.head.fields().iter().position(described).unwrap_or(self.head.fields().len());
        self.head.retain(|field| !described(field));
        let mut said = false;
        for (offset, field) in taken.head.fields().iter().filter(|f| described(f)).enumerate() {
            said |= field.is("Content-Type");
            self.head.insert(at + offset, field.clone());
        }
        if !said && taken.kind != "text/plain" {
            self.head.insert(at, crate::Field::structured("Content-Type", &taken.kind));
        }
        self.kind = taken.kind;
        self.body = taken.body;
        self.content = taken.content;
        self.head_changed = true;
        self.body_changed = taken.body_changed;
        // What was decoded to be read is written so.
        self.recoded();
        true
    }

    /// Gives a leaf another header and body.
    pub fn set_leaf(&mut self, head: Head, body: Bytes) {
        let frame = self.frame.take();
        *self = Self { frame, ..Self::new(head, body) };
        self.body_changed = true;
    }

    /// True if anything in it was changed.
    pub fn is_changed(&self) -> bool {
        self.head_changed || self.body_is_changed()
    }

    fn body_is_changed(&self) -> bool {
        self.body_changed || self.parts().iter().any(Self::is_changed)
    }

    /// A changed message that was written in Base64 is written in the clear from now on.
    fn recoded(&mut self) {
        let coded = matches!(
            TransferEncoding::of(&self.head),
            Some(TransferEncoding::Base64 | TransferEncoding::QuotedPrintable)
        );
        if coded && self.is_message() && self.body_is_changed() {
            self.head.replace(crate::Field::structured("Content-Transfer-Encoding", "8bit"));
            self.head_changed = true;
        }
    }

    /// It and everything in it, each before what it holds.
    pub fn walk<'a>(&'a self, see: &mut impl FnMut(&'a Self)) {
        see(self);
        for part in self.parts() {
            part.walk(see);
        }
    }

    /// How many leaves it has.
    pub fn leaves(&self) -> usize {
        let mut count = 0;
        self.walk(&mut |part| count += usize::from(part.parts().is_empty()));
        count
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Part {
        Part::of(&Message::parse(Bytes::from(text.to_owned())))
    }

    fn kinds(part: &Part) -> Vec<String> {
        let mut kinds = vec![];
        part.walk(&mut |p| kinds.push(p.kind().to_owned()));
        kinds
    }

    const NESTED: &str = "A: 1\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b \r\n\r\none\r\n--b\r\n\
        Content-Type: multipart/alternative; boundary=bb\r\n\r\n--bb\r\nContent-Type: text/html\r\n\r\nx\r\n--bb--\r\n\r\n\
        --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninner\r\n--b--\r\nepilogue";

    #[test]
    fn reads_down_to_the_leaves() {
        let part = read(NESTED);
        assert_eq!(
            kinds(&part),
            [
                "multipart/mixed",
                "text/plain",
                "multipart/alternative",
                "text/html",
                "message/rfc822",
                "text/plain"
            ]
        );
        assert_eq!(part.leaves(), 3);
        assert_eq!(part.into_message().to_bytes(), NESTED);
    }

    #[test]
    fn what_goes_takes_its_delimiter_with_it() {
        for (gone, wanted) in [
            (0, NESTED.replace("--b \r\n\r\none\r\n", "")),
            (
                2,
                NESTED.replace("--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninner\r\n", ""),
            ),
        ] {
            let mut part = read(NESTED);
            let mut at = 0;
            part.retain(|_| {
                at += 1;
                at - 1 != gone
            });
            assert!(part.is_changed());
            assert_eq!(part.into_message().to_bytes(), wanted);
        }
    }

    #[test]
    fn a_part_takes_the_place_of_the_whole() {
        let mut part = read(NESTED);
        assert!(part.parts_mut()[1].become_part(0));
        assert_eq!(part.parts()[1].kind(), "text/html");
        assert!(part.become_part(1));
        assert_eq!(part.into_message().to_bytes(), "A: 1\r\nContent-Type: text/html\r\n\r\nx");
        let mut digest =
            read("Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nA: 1\r\n\r\nx\r\n--b--\r\n");
        assert_eq!(kinds(&digest), ["multipart/digest", "message/rfc822", "text/plain"]);
        assert!(digest.become_part(0));
        assert_eq!(digest.into_message().to_bytes(), "Content-Type: message/rfc822\r\n\r\nA: 1\r\n\r\nx");
    }

    #[test]
    fn broken_multiparts() {
        for (text, count, unreadable) in [
            ("Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n", 0, true),
            ("Content-Type: multipart/mixed; boundary=c\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n", 0, true),
            ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx", 1, false),
            ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n", 0, true),
            ("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n\ny\n--b--\n", 2, false),
            ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n--b--", 2, false),
        ] {
            let part = read(text);
            assert_eq!((part.parts().len(), part.is_unreadable()), (count, unreadable), "{text:?}");
            assert_eq!(part.into_message().to_bytes(), text);
        }
        // What is not closed is closed once it is written anew.
        let mut open = read("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n\r\ny");
        open.retain(|part| part.body() == "y");
        assert_eq!(open.into_message().body, "--b\r\n\r\ny\r\n--b--\r\n");
    }

    #[test]
    fn depth_has_an_end() {
        let mut text = String::from("Content-Type: text/plain\r\n\r\nx\r\n");
        for level in 0..200 {
            text = format!(
                "Content-Type: multipart/mixed; boundary=\"b{level}\"\r\n\r\n--b{level}\r\n{text}\r\n--b{level}--\r\n"
            );
        }
        let part = read(&text);
        assert_eq!(kinds(&part).len(), DEEPEST + 1);
        assert_eq!(part.into_message().to_bytes(), text);
    }

    #[test]
    fn a_coded_message_is_read_and_written_clear_once_changed() {
        let inner =
            "Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--i\r\n\r\ny\r\n--i--\r\n";
        let coded = String::from_utf8(TransferEncoding::Base64.encode(inner.as_bytes())).unwrap();
        let text =
            format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{coded}");
        let mut part = read(&text);
        assert_eq!(part.clone().into_message().to_bytes(), text);
        part.parts_mut()[0].retain(|p| p.body() == "x");
        let written = part.into_message().to_bytes();
        assert_eq!(
            written,
            "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
             Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--i--\r\n"
        );
    }

    proptest! {
        #[test]
        fn untouched_bytes_stay(lines in proptest::collection::vec(
            prop_oneof![
                Just("--b".to_owned()), Just("--b--".to_owned()), Just("--c".to_owned()), Just(String::new()),
                Just("Content-Type: multipart/mixed; boundary=c".to_owned()),
                Just("Content-Type: message/rfc822".to_owned()), Just("From x".to_owned()), "[ -~]{0,10}",
            ], 0..30), ends in "[\r]?\n") {
            let text = format!("Content-Type: multipart/mixed; boundary=b{ends}{ends}{}", lines.join(&ends));
            let mut part = read(&text);
            prop_assert_eq!(part.clone().into_message().to_bytes(), &text);
            // Written anew it means the same.
            let before = kinds(&part);
            part.retain(|_| true);
            part.mark_for_test();
            let again = Part::of(&part.into_message());
            prop_assert_eq!(kinds(&again), before);
        }
    }
}
