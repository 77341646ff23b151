//! The rights that stand in a moderator's notice of a held post: a link to its page, and the tag of the address to answer
//! to. Each names one held post and one moderator, and is worth nothing once the post is decided about or the moderator
//! is none any more.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use posthaste_model::ListId;

use crate::Key;

/// What the key of links is for, as [`Keys::key`](crate::Keys::key) wants it.
pub const MODERATE_BY_LINK: &str = "moderate by link";
/// What the key of addresses to answer to is for.
pub const MODERATE_BY_MAIL: &str = "moderate by mail";

/// Octets of a tag.
const TAG: usize = 16;

/// The end of the link for `moderator` to the held post with this number: `LIST-ID.NUMBER.MODERATOR.TAG`.
pub fn moderate_token(key: &Key, list: &ListId, number: i64, moderator: &str) -> String {
    let tag = tag(key, list.as_str(), number, moderator);
    let moderator = BASE64URL_NOPAD.encode(moderator.as_bytes());
    format!("{list}.{number}.{moderator}.{}", BASE64URL_NOPAD.encode(&tag))
}

/// List, number and moderator, if the token is one of ours.
pub fn moderate_verify(key: &Key, token: &str) -> Option<(ListId, i64, String)> {
    let (rest, tag) = token.rsplit_once('.')?;
    let (rest, moderator) = rest.rsplit_once('.')?;
    let (list, digits) = rest.rsplit_once('.')?;
    let number: i64 = digits.parse().ok()?;
    let moderator = String::from_utf8(BASE64URL_NOPAD.decode(moderator.as_bytes()).ok()?).ok()?;
    let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).ok()?;
    let ours = number.to_string() == digits
        && tag.len() == TAG
        && key.verify(&[list.as_bytes(), digits.as_bytes(), moderator.as_bytes()], &tag);
    ours.then(|| (ListId::new(list), number, moderator))
}

/// The tag of the address to which `moderator` answers: base 32 in small letters, which survives every mail server.
pub fn moderate_tag(key: &Key, list: &ListId, number: i64, moderator: &str) -> String {
    BASE32_NOPAD.encode(&tag(key, list.as_str(), number, moderator)).to_ascii_lowercase()
}

fn tag(key: &Key, list: &str, number: i64, moderator: &str) -> Vec<u8> {
    let tag = key.tag(&[list.as_bytes(), number.to_string().as_bytes(), moderator.as_bytes()]);
    tag.get(..TAG).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Keys;

    #[test]
    fn a_link_names_one_post_and_one_moderator_and_cannot_be_bent() {
        let key = Keys::from_secret([7; 32]).key(MODERATE_BY_LINK);
        let list = ListId::new("dev.lists.example.org");
        let token = moderate_token(&key, &list, 42, "anne.o'hara@example.com");
        assert_eq!(moderate_verify(&key, &token), Some((list.clone(), 42, "anne.o'hara@example.com".into())));
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{token}");
        for at in 0..token.len() {
            let mut bent = token.clone().into_bytes();
            bent[at] = if bent[at] == b'x' { b'y' } else { b'x' };
            let bent = String::from_utf8(bent).unwrap();
            assert_eq!(moderate_verify(&key, &bent), None, "{bent}");
        }
        for bent in [token.replace(".42.", ".042."), token.replace(".42.", ".+42."), format!("{token}A")] {
            assert_eq!(moderate_verify(&key, &bent), None, "{bent}");
        }
        let mail = Keys::from_secret([7; 32]).key(MODERATE_BY_MAIL);
        assert_eq!(moderate_verify(&mail, &token), None, "one purpose is not the other");
        assert_ne!(moderate_tag(&mail, &list, 42, "a@x.org"), moderate_tag(&mail, &list, 43, "a@x.org"));
        assert_eq!(moderate_tag(&mail, &list, 42, "a@x.org").len(), 26);
    }
}
