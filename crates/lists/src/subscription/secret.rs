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
        let parts: [&[u8]; 4] = [
            id.uuid().as_bytes(),
            list.as_str().as_bytes(),
            address.key().as_bytes(),
            action.name().as_bytes(),
        ];
        (self.0)(&parts).iter().take(20).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secret").finish_non_exhaustive()
    }
}

/// True if this could be a token of ours.
pub fn is_token(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}
