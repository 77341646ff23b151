use std::fmt;
use std::sync::Arc;

use posthaste_model::{Address, EntryId, ListId, RequestAction};

type Tag = dyn Fn(&[&[u8]]) -> [u8; 32] + Send + Sync;

/// Makes tokens that nobody can guess: a keyed digest (HMAC-SHA-256) over what they are for, so that the same request has
/// the same token when it is worked on again after a crash (P35).
#[derive(Clone)]
pub struct Secret(Arc<Tag>);

impl Secret {
    /// Digests made by `tag`.
    pub fn new(tag: impl Fn(&[&[u8]]) -> [u8; 32] + Send + Sync + 'static) -> Self {
        Self(Arc::new(tag))
    }

    /// The token of the request `id`: 160 bits in 40 lower-case hexadecimal digits, which survive what mail programs do to
    /// the case of an address.
    pub(crate) fn token(
        &self,
        id: EntryId,
        list: &ListId,
        address: &Address,
        action: RequestAction,
    ) -> String {
        let id = id.uuid();
        hex(self.tag(&[
            b"request",
            id.as_bytes(),
            list.as_str().as_bytes(),
            address.key().as_bytes(),
            action.name().as_bytes(),
        ]))
    }

    /// What proves that this target read a mail of ours, and may ask for no more of them. It holds as long as the key.
    pub(crate) fn never(&self, target: &str) -> String {
        let tag = self.tag(&[b"never", target.as_bytes()]);
        format!("{}.{}", hex(target.bytes()), hex(tag.into_iter().take(16)))
    }

    /// The target, if this is what [`never`](Self::never) made for it.
    pub(crate) fn read_never(&self, token: &str) -> Option<String> {
        let (target, _) = token.split_once('.')?;
        let bytes: Option<Vec<u8>> = target.as_bytes().chunks(2).map(unhex).collect();
        let target = String::from_utf8(bytes?).ok()?;
        same(self.never(&target).as_bytes(), token.as_bytes()).then_some(target)
    }

    fn tag(&self, parts: &[&[u8]]) -> impl Iterator<Item = u8> + use<> {
        (self.0)(parts).into_iter().take(20)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secret").finish_non_exhaustive()
    }
}

/// True if this could be the token of a request.
pub fn is_token(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn hex(bytes: impl IntoIterator<Item = u8>) -> String {
    bytes.into_iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(pair: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(pair).ok().filter(|t| t.len() == 2)?;
    u8::from_str_radix(text, 16).ok()
}

/// Takes the same time for every wrong one.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn secret(key: u8) -> Secret {
        // Good enough to tell values apart.
        Secret::new(move |parts| {
            let mix = |state: u64, byte: u8| {
                (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
            };
            let mut state =
                parts.iter().flat_map(|p| p.iter().chain([&0xff])).fold(0xcbf2, |s, b| mix(s, *b));
            [key; 32].map(|byte| {
                state = mix(state, byte);
                state.to_le_bytes()[3]
            })
        })
    }

    #[test]
    fn p35_a_token_is_for_one_request() {
        let token = |id: u128, list: &str, address: &str, action| {
            let address = Address::parse(address).unwrap();
            secret(1).token(EntryId::new(Uuid::from_u128(id)), &ListId::new(list), &address, action)
        };
        let one = token(1, "dev.x.org", "Anne@x.org", RequestAction::Join);
        assert!(is_token(&one), "{one}");
        assert_eq!(one, token(1, "dev.x.org", "anne@x.org", RequestAction::Join));
        for other in [
            token(2, "dev.x.org", "anne@x.org", RequestAction::Join),
            token(1, "ops.x.org", "anne@x.org", RequestAction::Join),
            token(1, "dev.x.org", "bart@x.org", RequestAction::Join),
            token(1, "dev.x.org", "anne@x.org", RequestAction::Set),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn p37_only_what_we_gave_out_blocks() {
        let given = secret(1).never("anne@x.org");
        assert_eq!(secret(1).read_never(&given).as_deref(), Some("anne@x.org"));
        assert_eq!(secret(2).read_never(&given), None);
        for at in 0..given.len() {
            let mut bent = given.clone().into_bytes();
            bent[at] = if bent[at] == b'1' { b'2' } else { b'1' };
            assert_eq!(secret(1).read_never(&String::from_utf8(bent).unwrap()), None);
        }
        for nonsense in ["", ".", "6.", "zz.00", "61"] {
            assert_eq!(secret(1).read_never(nonsense), None);
        }
    }
}
