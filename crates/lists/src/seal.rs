//! What is written on mail that must come back to us unchanged.

use std::fmt;
use std::sync::Arc;

/// Octets of a tag: 128 bits (P35).
const LENGTH: usize = 16;
/// Digits of base 32 that live through mail servers which fold case (RFC 4648 §6, lower case).
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

type Tag = dyn Fn(&[&[u8]]) -> [u8; 32] + Send + Sync;

/// Makes and checks tags over what we write into addresses. The key stays with whoever made it.
#[derive(Clone)]
pub struct Seal(Arc<Tag>);

impl Seal {
    /// Tags by `tag`: a keyed digest of all parts with their lengths, as HMAC-SHA-256.
    pub fn new(tag: impl Fn(&[&[u8]]) -> [u8; 32] + Send + Sync + 'static) -> Self {
        Self(Arc::new(tag))
    }

    /// The tag of these parts: 26 letters and digits.
    pub fn tag(&self, parts: &[&[u8]]) -> String {
        let digest = (self.0)(parts);
        base32(digest.get(..LENGTH).unwrap_or_default())
    }

    /// True if this is their tag, in whatever case. Takes as long for every wrong one of its length.
    pub fn verify(&self, parts: &[&[u8]], tag: &str) -> bool {
        let (wanted, given) = (self.tag(parts), tag.to_ascii_lowercase());
        let differ = wanted.bytes().zip(given.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
        wanted.len() == given.len() && differ == 0
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seal").finish_non_exhaustive()
    }
}

fn base32(bytes: &[u8]) -> String {
    let (mut out, mut bits, mut held) = (String::new(), 0_u32, 0);
    let mut digit = |five: u32| out.push(DIGITS.get((five & 31) as usize).map_or('a', |d| char::from(*d)));
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            digit(bits >> held);
        }
    }
    if held > 0 {
        digit(bits << (5 - held));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_32_is_that_of_the_rfc() {
        // RFC 4648 §10, without padding.
        for (text, wanted) in [
            ("", ""),
            ("f", "my"),
            ("fo", "mzxq"),
            ("foo", "mzxw6"),
            ("foob", "mzxw6yq"),
            ("foobar", "mzxw6ytboi"),
        ] {
            assert_eq!(base32(text.as_bytes()), wanted);
        }
    }

    #[test]
    fn a_tag_holds_in_any_case_and_cannot_be_cut_or_bent() {
        let seal = Seal::new(|parts| {
            let mut digest = [parts.len() as u8; 32];
            for (at, byte) in parts.concat().into_iter().enumerate() {
                digest[at % 32] ^= byte.wrapping_mul(31).wrapping_add(at as u8);
            }
            digest
        });
        let tag = seal.tag(&[b"verp", b"anne"]);
        assert_eq!(tag.len(), 26);
        assert!(
            seal.verify(&[b"verp", b"anne"], &tag) && seal.verify(&[b"verp", b"anne"], &tag.to_uppercase())
        );
        for wrong in ["", &tag[..25], &format!("{tag}a"), &tag.replace(&tag[..1], "7")] {
            assert!(!seal.verify(&[b"verp", b"anne"], wrong), "{wrong}");
        }
        assert!(!seal.verify(&[b"verp", b"bart"], &tag));
    }
}
