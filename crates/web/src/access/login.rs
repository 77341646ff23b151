use std::time::Duration;

use posthaste_model::Timestamp;
use posthaste_watch::Key;

use super::{decode, encode, random};

/// How long a link holds.
pub(super) const LIFE: Duration = Duration::from_mins(10);
/// Octets of a name in a link; names are for people and short.
const LONGEST_NAME: usize = 60;

/// A link that lets an operator in once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Link {
    /// Tells it from every other.
    pub(super) nonce: String,
    /// Who was invited.
    pub(crate) name: String,
    /// When it stops to hold.
    pub(super) ends: Timestamp,
}

/// `nonce.seconds.name.tag`; the tag proves the rest.
pub(super) fn invite(key: &Key, name: &str, now: Timestamp) -> String {
    let nonce = random::<16>().unwrap_or_default();
    let ends = now.plus(LIFE).as_secs().to_string();
    let mut short = name.to_owned();
    while short.len() > LONGEST_NAME {
        short.pop();
    }
    let name = encode(short.as_bytes());
    let tag = key.tag(&[nonce.as_bytes(), ends.as_bytes(), name.as_bytes()]);
    format!("{nonce}.{ends}.{name}.{}", encode(&tag))
}

/// What the link says, if we made it and its time is not over.
pub(super) fn read(key: &Key, token: &str, now: Timestamp) -> Option<Link> {
    let mut parts = token.split('.');
    let (nonce, ends, name, tag) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let tag = decode(tag).filter(|tag| tag.len() == 32)?;
    if parts.next().is_some()
        || nonce.is_empty()
        || !key.verify(&[nonce.as_bytes(), ends.as_bytes(), name.as_bytes()], &tag)
    {
        return None;
    }
    let ends = Timestamp::from_micros(ends.parse::<i64>().ok()?.checked_mul(1_000_000)?);
    // One that holds for longer than any we make was made by a clock that was wrong.
    let holds = now <= ends && now.plus(LIFE) >= ends;
    let name = String::from_utf8(decode(name)?).ok()?;
    holds.then(|| Link { nonce: nonce.to_owned(), name, ends })
}
