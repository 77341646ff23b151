//! The address under which a member leaves a list with one click (RFC 8058), and what it says when it comes back.
//!
//! `LIST-ID.MEMBER.TAG`, the last two in base64url: the tag is 128 bits of HMAC-SHA-256 over the other two. It is all
//! the right there is: who has it may end this one membership and nothing else, any number of times, as long as the key
//! lives.

use data_encoding::BASE64URL_NOPAD;
use posthaste_model::ListId;
use uuid::Uuid;

use crate::Key;

/// What the key is for, as [`Keys::key`](crate::Keys::key) wants it.
pub const ONE_CLICK: &str = "one click";

/// The same for switching delivery on again after failures.
pub const ENABLE: &str = "enable delivery";

/// Octets of the tag.
const TAG: usize = 16;

/// Makes the token for `member`, a membership's key, of `list`.
pub fn one_click_token(key: &Key, list: &ListId, member: Uuid) -> String {
    let tag = key.tag(&[list.as_str().as_bytes(), member.as_bytes()]);
    let tag = tag.get(..TAG).unwrap_or_default();
    format!("{list}.{}.{}", BASE64URL_NOPAD.encode(member.as_bytes()), BASE64URL_NOPAD.encode(tag))
}

/// List and membership, if the token is one of ours.
pub fn one_click_verify(key: &Key, token: &str) -> Option<(ListId, Uuid)> {
    let (rest, tag) = token.rsplit_once('.')?;
    let (list, member) = rest.rsplit_once('.')?;
    let member = Uuid::from_slice(&BASE64URL_NOPAD.decode(member.as_bytes()).ok()?).ok()?;
    let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).ok()?;
    (tag.len() == TAG && key.verify(&[list.as_bytes(), member.as_bytes()], &tag))
        .then(|| (ListId::new(list), member))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Keys;

    #[test]
    fn a_token_names_one_membership_and_cannot_be_bent() {
        let key = Keys::from_secret([7; 32]).key(ONE_CLICK);
        let (list, member) = (ListId::new("dev.lists.example.org"), Uuid::from_u128(42));
        let token = one_click_token(&key, &list, member);
        assert_eq!(one_click_verify(&key, &token), Some((list.clone(), member)));
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{token}");
        for at in 0..token.len() {
            let mut bent = token.clone().into_bytes();
            bent[at] = if bent[at] == b'x' { b'y' } else { b'x' };
            let bent = String::from_utf8(bent).unwrap();
            assert_eq!(one_click_verify(&key, &bent), None, "{bent}");
        }
        let other = Keys::from_secret([7; 32]).key("canary");
        assert_eq!(one_click_verify(&other, &token), None);
        for nonsense in ["", ".", "..", "a.b.c", &token[..token.len() - 1], &format!("{token}A")] {
            assert_eq!(one_click_verify(&key, nonsense), None, "{nonsense}");
        }
    }
}
