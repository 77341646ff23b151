use bytes::Bytes;
use data_encoding::BASE64;
use posthaste_mime::{Head, Message};

use crate::canonical;
use crate::keyring::StoredKey;

/// The fields that are signed, where they are there. What other hosts add on the way (Received, Return-Path) is not among
/// them.
const SIGNED: [&str; 32] = [
    "From",
    "Sender",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "To",
    "Cc",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-ID",
    "Content-Description",
    "Content-Disposition",
    "Resent-Date",
    "Resent-From",
    "Resent-Sender",
    "Resent-To",
    "Resent-Cc",
    "Resent-Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "List-Id",
    "List-Help",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Subscribe",
    "List-Post",
    "List-Owner",
    "List-Archive",
    "Archived-At",
];

/// Named once more than they are there, so that nobody can add another one (RFC 6376 §8.15).
const SEALED: [&str; 10] = [
    "From",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "To",
    "Cc",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// The DKIM-Signature fields (RFC 6376) that go on top of `message`, one for each key; lines end in CRLF. `now` in seconds
/// since 1970.
///
/// Line ends of `message` are taken as they go over the wire, as CRLF. A message without From cannot be signed (§5.4).
pub fn sign(message: &Message, keys: &[&StoredKey], now: i64) -> Vec<u8> {
    if keys.is_empty() || !message.head.has("From") {
        return vec![];
    }
    let body_hash = BASE64.encode(canonical::body_hash(&posthaste_mime::crlf(message.body.clone())).as_ref());
    let (names, data) = covered(&message.head, &SIGNED, &SEALED);
    let mut out = vec![];
    for key in keys {
        let tags = format!(
            "v=1; a={}; c=relaxed/relaxed; d={};\r\n\ts={}; t={now};\r\n\th={};\r\n\tbh={body_hash};\r\n\tb=",
            key.key.algorithm().name(),
            key.domain,
            key.selector,
            folded(&names.join(":"), ":"),
        );
        if let Some(field) = signed_field("DKIM-Signature", &tags, data.clone(), key) {
            out.extend_from_slice(&field);
        }
    }
    out
}

/// The names for `h=` and the canonical fields they stand for, in this order (RFC 6376 §5.4.2: of several fields of one
/// name the last comes first).
pub(crate) fn covered(head: &Head, signed: &[&str], sealed: &[&str]) -> (Vec<String>, Vec<u8>) {
    let (mut names, mut data) = (vec![], vec![]);
    for name in signed {
        let fields: Vec<_> = head.all(name).collect();
        for field in fields.iter().rev() {
            names.push((*name).to_owned());
            data.extend(canonical::field(field.raw()));
        }
        if sealed.contains(name) {
            names.push((*name).to_owned());
        }
    }
    (names, data)
}

/// `name: tags` with the signature over `data` and itself behind its last tag, `b=`.
pub(crate) fn signed_field(name: &str, tags: &str, mut data: Vec<u8>, key: &StoredKey) -> Option<Bytes> {
    let mut own = canonical::field(format!("{name}: {tags}\r\n").as_bytes());
    own.truncate(own.len() - 2);
    data.extend(own);
    let Some(signature) = key.key.sign(&data) else {
        tracing::error!(
            selector = key.selector,
            domain = key.domain,
            "a key cannot sign; mail goes unsigned"
        );
        return None;
    };
    let signature = BASE64.encode(&signature);
    Some(Bytes::from(format!("{name}: {tags}{}\r\n", folded(&signature, ""))))
}

/// `text` on lines of about seventy octets, cut behind `at`; anywhere if that is empty.
pub(crate) fn folded(text: &str, at: &str) -> String {
    const LINE: usize = 70;
    let mut out = String::with_capacity(text.len() + text.len() / 20);
    let mut used = 8;
    let mut add = |piece: &str| {
        if used + piece.len() > LINE && used > 8 {
            out.push_str("\r\n\t");
            used = 8;
        }
        out.push_str(piece);
        used += piece.len();
    };
    if at.is_empty() {
        let bytes = text.as_bytes();
        bytes.chunks(LINE - 8).filter_map(|c| std::str::from_utf8(c).ok()).for_each(&mut add);
    } else {
        text.split_inclusive(at).for_each(&mut add);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::key::SigningKey;
    use crate::key::tests::RSA;

    #[test]
    fn folding() {
        assert_eq!(folded("a:b", ":"), "a:b");
        let long = ["Content-Transfer-Encoding"; 5].join(":");
        let text = folded(&long, ":");
        assert!(text.split("\r\n\t").all(|line| line.len() <= 62), "{text}");
        assert_eq!(text.replace("\r\n\t", ""), long);
        let long = "x".repeat(200);
        assert_eq!(folded(&long, "").replace("\r\n\t", ""), long);
    }

    #[test]
    fn the_last_of_several_fields_comes_first_and_absent_ones_are_sealed() {
        let message = Message::parse(Bytes::from("From: a@b.c\r\nTo: 1\r\nTo: 2\r\n\r\nx\r\n"));
        let (names, data) = covered(&message.head, &["From", "To", "Cc"], &["From", "Cc"]);
        assert_eq!(names.join(":"), "From:From:To:To:Cc");
        assert_eq!(String::from_utf8(data).unwrap(), "from:a@b.c\r\nto:2\r\nto:1\r\n");
    }

    #[test]
    fn the_signature_is_the_same_for_the_same_message_and_time() {
        let key = StoredKey {
            domain: "example.org".into(),
            selector: "s".into(),
            active: true,
            key: SigningKey::from_pem(RSA.as_bytes()).unwrap(),
            file: PathBuf::new(),
        };
        let message = |raw: &'static str| Message::parse(Bytes::from_static(raw.as_bytes()));
        let of = |raw, now| String::from_utf8(sign(&message(raw), &[&key], now)).unwrap();
        let once = of("From: a@b.c\r\n\r\nx\r\n", 7);
        assert_eq!(once, of("From: a@b.c\r\n\r\nx\r\n", 7));
        assert_eq!(once, of("From:  a@b.c \r\n\r\nx \n\n", 7), "relaxed, and the wire has CRLF");
        assert_ne!(once, of("From: a@b.c\r\n\r\nx\r\n", 8));
        assert!(once.lines().all(|line| line.len() <= 78), "{once}");
        assert_eq!(of("Subject: x\r\n\r\nx\r\n", 7), "");
        assert_eq!(sign(&message("From: a@b.c\r\n\r\n"), &[], 7), b"");
    }
}
