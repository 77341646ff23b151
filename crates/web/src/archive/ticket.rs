use std::time::Duration;

use axum::http::{HeaderMap, header};
use data_encoding::BASE64URL_NOPAD;
use posthaste_model::{Address, Timestamp};
use posthaste_watch::Key;

/// What the key is for.
pub(crate) const READING: &str = "archive reading";
/// How long the link of a mail holds.
const LINK: Duration = Duration::from_mins(30);
/// How long a browser stays signed in.
const STAY: Duration = Duration::from_hours(24 * 30);
/// Octets of the tag.
const TAG: usize = 16;

/// What a signed text lets its bearer do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Use {
    /// Sign in: it came by mail.
    Link,
    /// Read: the browser keeps it.
    Stay,
}

/// A proof that somebody reads mail at an address, signed by us: `END.LIST.ADDRESS.TAG`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ticket {
    /// Whose.
    pub(crate) address: Address,
    /// The list they came for; it limits nothing.
    pub(crate) list: String,
}

impl Ticket {
    /// Signs it for a use.
    pub(crate) fn sign(&self, key: &Key, what: Use, now: Timestamp) -> String {
        let ends = now.plus(what.life()).as_secs().to_string();
        let (list, address) = (self.list.as_bytes(), self.address.as_str().as_bytes());
        let tag = key.tag(&[what.word(), ends.as_bytes(), list, address]);
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        format!("{ends}.{}.{}.{}", text(list), text(address), text(tag.get(..TAG).unwrap_or_default()))
    }

    /// What a text says, if we signed it for this use and its time is not over.
    pub(crate) fn read(key: &Key, what: Use, text: &str, now: Timestamp) -> Option<Self> {
        let mut parts = text.split('.');
        let ends = parts.next()?;
        let mut bytes = || BASE64URL_NOPAD.decode(parts.next()?.as_bytes()).ok();
        let (list, address, tag) = (bytes()?, bytes()?, bytes()?);
        if parts.next().is_some()
            || tag.len() != TAG
            || !key.verify(&[what.word(), ends.as_bytes(), &list, &address], &tag)
        {
            return None;
        }
        let ends = Timestamp::from_micros(ends.parse::<i64>().ok()?.checked_mul(1_000_000)?);
        // One that holds for longer than any we make was made by a clock that was wrong.
        let holds = now <= ends && now.plus(what.life()) >= ends;
        let address = Address::parse(std::str::from_utf8(&address).ok()?).ok()?;
        holds.then_some(Self { address, list: String::from_utf8(list).ok()? })
    }
}

impl Use {
    const fn word(self) -> &'static [u8] {
        match self {
            Self::Link => b"link",
            Self::Stay => b"stay",
        }
    }

    const fn life(self) -> Duration {
        match self {
            Self::Link => LINK,
            Self::Stay => STAY,
        }
    }
}

/// The name of the cookie; over https it is bound to this host (RFC 6265bis §4.1.3.2).
const fn name(https: bool) -> &'static str {
    if https { "__Host-posthaste-reader" } else { "posthaste-reader" }
}

/// `Set-Cookie` that keeps this, or with an empty text forgets it.
pub(crate) fn cookie(https: bool, text: &str) -> String {
    let age = if text.is_empty() { 0 } else { STAY.as_secs() };
    let secure = if https { "; Secure" } else { "" };
    format!("{}={text}; Max-Age={age}; Path=/; HttpOnly; SameSite=Lax{secure}", name(https))
}

/// What the browser keeps.
pub(crate) fn kept(https: bool, headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name(https)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use posthaste_watch::Keys;

    use super::*;

    #[test]
    fn a_ticket_proves_one_address_for_one_use_and_a_time() {
        let key = Keys::from_secret([7; 32]).key(READING);
        let now = crate::made_up::now();
        let ticket =
            Ticket { address: Address::parse("anne@example.org").unwrap(), list: "dev@x.example".into() };
        let link = ticket.sign(&key, Use::Link, now);
        assert_eq!(Ticket::read(&key, Use::Link, &link, now), Some(ticket.clone()));
        assert_eq!(Ticket::read(&key, Use::Link, &link, now.plus(LINK)), Some(ticket));
        assert_eq!(Ticket::read(&key, Use::Stay, &link, now), None, "a link is no session");
        let late = now.plus(LINK + Duration::from_secs(2));
        assert_eq!(Ticket::read(&key, Use::Link, &link, late), None);
        assert_eq!(Ticket::read(&key, Use::Link, &link, now.minus(Duration::from_secs(2))), None);
        for at in 0..link.len() {
            let mut bent = link.clone().into_bytes();
            bent[at] = if bent[at] == b'x' { b'y' } else { b'x' };
            assert_eq!(Ticket::read(&key, Use::Link, &String::from_utf8(bent).unwrap(), now), None, "{at}");
        }
        let other = Keys::from_secret([8; 32]).key(READING);
        assert_eq!(Ticket::read(&other, Use::Link, &link, now), None);
        for nonsense in ["", ".", "...", "1.2.3.4", "a.b.c.d.e"] {
            assert_eq!(Ticket::read(&key, Use::Link, nonsense, now), None, "{nonsense}");
        }
    }
}
