use std::collections::HashSet;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use posthaste_mime::{Field, Head, Message, address_entries, message_id_hash, message_ids};
use posthaste_model::Timestamp;
use sha2::{Digest, Sha256};

use crate::content::Content;
use crate::subject::{Topic, tidy};
use crate::text::Block;
use crate::when::written;

/// So many of the posts it names as its ancestors are remembered.
const ANCESTORS: usize = 20;
/// Characters of the beginning.
const BEGINNING: usize = 240;
/// Octets of the words it is found by.
const WORDS: usize = 2_000;

/// What had to be put right to read a post.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Repair {
    /// It has no Message-ID: one was made from its bytes.
    NoId,
    /// Its Message-ID had blanks or junk in it.
    OddId,
    /// Its Date is missing, unreadable or cannot be true.
    Date,
    /// Its author's address is missing or written `anne at example.org`.
    Author,
}

impl Repair {
    /// What it was, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoId => "without a Message-ID: one was made from the content",
            Self::OddId => "with a Message-ID that had to be cleaned",
            Self::Date => "without a Date that can be true: another was taken",
            Self::Author => "without a proper address of the author",
        }
    }
}

/// What is remembered of a post.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Its Message-ID without angle brackets.
    pub message_id: String,
    /// The Message-ID-Hash: its name in addresses of pages.
    pub hash: String,
    /// The names of those it answers, the likeliest first: In-Reply-To, then References from the end (RFC 5322 §3.6.4).
    pub ancestors: Vec<String>,
    /// Its subject, decoded, on one line; may be empty.
    pub subject: String,
    /// What that is about.
    pub topic: Topic,
    /// The author's name; may be empty.
    pub author: String,
    /// The author's address, lower case; may be empty.
    pub address: String,
    /// When it was written.
    pub at: Timestamp,
    /// The beginning of what its author wrote, on one line.
    pub beginning: String,
    /// The words to find it by: of subject, author and what the author wrote, each once, lower case, a blank before and
    /// behind each.
    pub words: String,
    /// How many files came along.
    pub files: usize,
    /// What had to be put right.
    pub repairs: Vec<Repair>,
}

impl Summary {
    /// Of these bytes, received then.
    pub fn of(raw: &Bytes, received: Timestamp) -> Self {
        let message = Message::parse(raw.clone());
        let mut repairs = vec![];
        let message_id = message_id(&message.head, raw, &mut repairs);
        let hash = message_id_hash(&format!("<{message_id}>"));
        let (at, odd) = written(&message.head, received);
        if odd {
            repairs.push(Repair::Date);
        }
        let (author, address) = author(&message.head, &mut repairs);
        let subject = tidy(&message.head.text("Subject").unwrap_or_default());
        let subject: String = subject.chars().take(1_000).collect();
        let content = Content::of(&message);
        Self {
            ancestors: ancestors(&message.head, &hash),
            topic: Topic::of(&subject),
            beginning: beginning(&content.text),
            words: words([
                &subject,
                &author,
                address.split('@').next().unwrap_or_default(),
                &own(&content.text),
            ]),
            files: content.files.len(),
            message_id,
            hash,
            subject,
            author,
            address,
            at,
            repairs,
        }
    }
}

fn message_id(head: &Head, raw: &[u8], repairs: &mut Vec<Repair>) -> String {
    let value = head.get("Message-ID").map(Field::unfolded).unwrap_or_default();
    let value = value.trim();
    let inner = value.strip_prefix('<').and_then(|v| v.strip_suffix('>')).unwrap_or(value);
    let clean: String = inner.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let clean = match clean.split_once('<') {
        // Junk around the brackets.
        Some((_, rest)) if rest.contains('@') => rest.to_owned(),
        _ => clean,
    };
    let clean = clean.split('>').next().unwrap_or_default();
    if clean.is_empty() {
        repairs.push(Repair::NoId);
        let digest = HEXLOWER.encode(&Sha256::digest(raw));
        return format!("{}@archive.invalid", digest.get(..40).unwrap_or_default());
    }
    if clean != inner || inner.len() == value.len() {
        repairs.push(Repair::OddId);
    }
    clean.to_owned()
}

fn ancestors(head: &Head, own: &str) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    let mut add = |id: &str| {
        let hash = message_id_hash(id);
        if hash != own && !found.contains(&hash) && found.len() < ANCESTORS {
            found.push(hash);
        }
    };
    let answers: Vec<String> = head.all("In-Reply-To").map(Field::unfolded).collect();
    answers.iter().flat_map(|value| message_ids(value)).for_each(&mut add);
    let references: Vec<String> = head.all("References").map(Field::unfolded).collect();
    let ids: Vec<&str> = references.iter().flat_map(|value| message_ids(value)).collect();
    ids.into_iter().rev().for_each(add);
    found
}

fn author(head: &Head, repairs: &mut Vec<Repair>) -> (String, String) {
    let value = head.get("From").map(Field::unfolded).unwrap_or_default();
    let entry = address_entries(&value).into_iter().next();
    let (name, mut address) = entry.map(|e| (e.name, e.address.to_lowercase())).unwrap_or_default();
    if !address.contains('@') {
        repairs.push(Repair::Author);
        // What pipermail wrote: `anne at example.org (Anne Person)`.
        let plain = value.split(['(', '<']).find(|piece| piece.contains(" at ")).unwrap_or_default();
        let mut words = plain.trim_end_matches(['>', ')', ' ']).split(" at ");
        address = match (words.next(), words.next(), words.next()) {
            (Some(local), Some(host), None) if !local.trim().contains(' ') && host.contains('.') => {
                format!("{}@{}", local.trim(), host.trim()).to_lowercase()
            }
            _ => String::new(),
        };
    }
    let name = tidy(&name);
    let name: String = if name.contains('@') { String::new() } else { name.chars().take(200).collect() };
    (name, address.chars().filter(|c| !c.is_control()).take(255).collect())
}

/// What the author wrote, not what they quote; of a long text, the first part.
fn own(text: &str) -> String {
    let mut out = String::new();
    for block in Block::of(text.get(..floor(text, 20_000)).unwrap_or_default()) {
        if let Block::Text(text) | Block::Patch(text) = block {
            out.push_str(&text);
            out.push('\n');
        }
    }
    out
}

/// The first words of it.
fn beginning(text: &str) -> String {
    let mut out = String::new();
    for word in own(text).split_whitespace() {
        if out.chars().count() + word.chars().count() >= BEGINNING {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Each word of these texts once.
fn words(texts: [&str; 4]) -> String {
    let (mut seen, mut out) = (HashSet::new(), String::from(" "));
    for word in texts.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_')) {
        let word: String = word.to_lowercase().chars().take(40).collect();
        if word.is_empty() || out.len() + word.len() > WORDS {
            continue;
        }
        if seen.insert(word.clone()) {
            out.push_str(&word);
            out.push(' ');
        }
    }
    out
}

/// The last border of characters at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Summary {
        let received = Timestamp::parse_rfc3339("2023-03-07T15:00:00Z").unwrap();
        Summary::of(&Bytes::from(text.replace('\n', "\r\n")), received)
    }

    #[test]
    fn a_post() {
        let post =
            of("From: Anne Person <Anne@Example.org>\nSubject: Re: [Dev] =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\
            Message-ID: <ant>\nIn-Reply-To: <dog> of yesterday\nReferences: <aardvark> <badger>\n <dog>\n\
            Date: Tue, 07 Mar 2023 15:35:31 +0100\n\nBart wrote:\n> a\n\nI  agree\nwholly.\n-- \nA.\n");
        assert_eq!(post.message_id, "ant");
        assert_eq!(post.hash, "MS6QLWERIJLGCRF44J7USBFDELMNT2BW");
        let dog = "4SKREUSPI62BHDMFBSOZ3BMXFETSQHNA";
        let badger = "JYMZWSQ4IC2JPKK7ZUONRFRVC4ZYJGKJ";
        let aardvark = "75E2XSUXAFQGWANWEROVQ7JGYMNWHJBT";
        assert_eq!(post.ancestors, [dog, badger, aardvark]);
        assert_eq!((post.subject.as_str(), post.topic.words.as_str()), ("Re: [Dev] Grüße", "grüße"));
        assert_eq!((post.author.as_str(), post.address.as_str()), ("Anne Person", "anne@example.org"));
        assert_eq!(post.at.to_string(), "2023-03-07T14:35:31.000000Z");
        assert_eq!(post.beginning, "Bart wrote: I agree wholly.");
        assert_eq!(post.words, " re dev grüße anne person bart wrote i agree wholly ");
        assert_eq!((post.files, post.repairs.as_slice()), (0, &[][..]));
    }

    #[test]
    fn what_is_wrong_is_put_right() {
        for (text, id, repair) in [
            (
                "From: a@b.c\nDate: Tue, 07 Mar 2023 15:35:31 +0100\nMessage-ID: <a b@c>\n\n",
                "ab@c",
                Repair::OddId,
            ),
            ("From: a@b.c\nDate: Tue, 07 Mar 2023 15:35:31 +0100\nMessage-ID: a@c\n\n", "a@c", Repair::OddId),
            (
                "From: a@b.c\nDate: Tue, 07 Mar 2023 15:35:31 +0100\nMessage-ID: <a@c> (x)\n\n",
                "a@c",
                Repair::OddId,
            ),
            ("From: a@b.c\nDate: nonsense\nMessage-ID: <a@c>\n\n", "a@c", Repair::Date),
            (
                "From: nobody\nDate: Tue, 07 Mar 2023 15:35:31 +0100\nMessage-ID: <a@c>\n\n",
                "a@c",
                Repair::Author,
            ),
        ] {
            let post = of(text);
            assert_eq!((post.message_id.as_str(), post.repairs.as_slice()), (id, &[repair][..]), "{text}");
        }
        let old = of("From: anne at example.org (Anne Person)\nMessage-ID: <a@c>\n\n");
        assert_eq!((old.author.as_str(), old.address.as_str()), ("Anne Person", "anne@example.org"));
        let none = of("Message-ID: <>\n\nx");
        assert_eq!(none.message_id, of("Message-ID: <>\n\nx").message_id, "the same each time");
        assert_ne!(none.message_id, of("Message-ID: <>\n\ny").message_id);
        assert!(none.repairs.contains(&Repair::NoId));
    }

    proptest! {
        #[test]
        fn any_bytes_are_summed_up(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
            let post = Summary::of(&Bytes::from(raw), Timestamp::from_micros(0));
            prop_assert_eq!(post.hash.len(), 32);
        }
    }
}
