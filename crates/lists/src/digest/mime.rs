//! Whole messages in one (RFC 2046 §5.1.5).

use bytes::Bytes;
use posthaste_mime::{Field, Message, crlf};

use super::{Digest, Form, contents, part, present};

/// The fields of a post that go into a digest. What mail servers and filters wrote on its way, and what only the list may
/// know, stays out.
const KEPT: [&str; 15] = [
    "Date",
    "From",
    "To",
    "Cc",
    "Subject",
    "Message-ID",
    "Keywords",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Precedence",
    "Reply-To",
    "Sender",
    "List-Post",
    "Archived-At",
];

pub(super) fn body(digest: &Digest<'_>, form: Form) -> Message {
    let seed = seed(digest, form);
    let count = digest.posts.len().to_string();
    let topics = (digest.phrase)("digest.topics_count", &[("count", &count)]);
    let bytes = |text: &str, title: &str| part::text("plain", &format!("{text}\n"), Some(title)).to_bytes();
    let mut parts = vec![bytes(digest.masthead.trim_end(), &digest.subject())];
    parts.extend(present(&digest.header).map(|text| bytes(text, &digest.say("digest.header"))));
    parts.push(bytes(contents::text(digest).trim_end(), &topics));
    let posts: Vec<_> = (1..).zip(&digest.posts).map(|(number, post)| post_part(number, post)).collect();
    parts.push(part::multipart("digest", &format!("{seed}d"), &posts, "").to_bytes());
    parts.extend(present(&digest.footer).map(|text| bytes(text, &digest.say("digest.footer"))));
    part::multipart("mixed", &seed, &parts, &format!("{}\r\n", posthaste_mime::encode_words(&digest.end())))
}

/// What boundaries are made of.
pub(super) fn seed(digest: &Digest<'_>, form: Form) -> String {
    digest.message_id(form).chars().filter(char::is_ascii_alphanumeric).take(24).collect()
}

/// One post as message/rfc822.
fn post_part(number: usize, post: &Message) -> Bytes {
    let mut message = post.clone();
    let content = |name: &str| name.get(..8).is_some_and(|n| n.eq_ignore_ascii_case("content-"));
    message.head.retain(|field| KEPT.iter().any(|kept| field.is(kept)) || content(field.name()));
    message.head.append(Field::structured("Message", &number.to_string()));
    let message = crlf(message.to_bytes());
    let bits = if message.is_ascii() { "7bit" } else { "8bit" };
    let head = format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: {bits}\r\n\r\n");
    [head.as_bytes(), &message].concat().into()
}
