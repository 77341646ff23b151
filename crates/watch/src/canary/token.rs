//! What stands behind the `+` of the canary's address: which canary, since when, and the proof that it is ours.

use data_encoding::BASE32_NOPAD;
use posthaste_lists::canary::Leg;
use posthaste_model::Timestamp;

use crate::Key;

/// Octets of the tag: 128 bits (P35).
const TAG: usize = 16;

/// A canary as its address tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token {
    /// Which one.
    pub(super) number: u32,
    /// When it was sent, seconds of wall time.
    pub(super) sent: u32,
}

impl Token {
    pub(super) fn new(number: u32, sent: Timestamp) -> Self {
        Self { number, sent: u32::try_from(sent.as_micros() / 1_000_000).unwrap_or(u32::MAX) }
    }

    /// `back.mzxw6ytb…`, good for this leg only. Lower case and short, so that no mail server on the way minds.
    pub(super) fn extension(self, leg: Leg, key: &Key) -> String {
        let mut bytes = self.number.to_be_bytes().to_vec();
        bytes.extend(self.sent.to_be_bytes());
        let tag = self.tag(leg, key);
        bytes.extend(tag.iter().take(TAG));
        format!("{}.{}", word(leg), BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
    }

    /// Reads what [`Token::extension`] wrote; `None` if it did not.
    pub(super) fn read(extension: &str, key: &Key) -> Option<(Leg, Self)> {
        let (word, text) = extension.split_once('.')?;
        let leg = [Leg::Out, Leg::Back, Leg::Gone]
            .into_iter()
            .find(|leg| self::word(*leg).eq_ignore_ascii_case(word))?;
        let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()?;
        let (number, rest) = bytes.split_first_chunk()?;
        let (sent, tag) = rest.split_first_chunk()?;
        let token = Self { number: u32::from_be_bytes(*number), sent: u32::from_be_bytes(*sent) };
        (tag.len() == TAG && key.verify(&token.parts(leg).each_ref().map(Vec::as_slice), tag))
            .then_some((leg, token))
    }

    fn tag(self, leg: Leg, key: &Key) -> [u8; 32] {
        key.tag(&self.parts(leg).each_ref().map(Vec::as_slice))
    }

    fn parts(self, leg: Leg) -> [Vec<u8>; 3] {
        [word(leg).as_bytes().to_vec(), self.number.to_be_bytes().to_vec(), self.sent.to_be_bytes().to_vec()]
    }
}

const fn word(leg: Leg) -> &'static str {
    match leg {
        Leg::Out => "out",
        Leg::Back => "back",
        Leg::Gone => "gone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Keys;

    #[test]
    fn p25_only_ours_is_read_and_only_for_its_leg() {
        let key = Keys::from_secret([7; 32]).key("canary");
        let token = Token::new(12, Timestamp::from_micros(1_700_000_000_000_000));
        let back = token.extension(Leg::Back, &key);
        assert_eq!(Token::read(&back, &key), Some((Leg::Back, token)));
        assert_eq!(
            Token::read(&back.to_uppercase(), &key),
            Some((Leg::Back, token)),
            "some servers fold case"
        );
        assert_eq!(Token::read(&back.replacen("back", "out", 1), &key), None, "another leg");
        assert_eq!(Token::read(&back, &Keys::from_secret([8; 32]).key("canary")), None, "another site");
        assert_eq!(Token::read(&back, &Keys::from_secret([7; 32]).key("ack")), None, "another purpose");
        for bad in ["", ".", "back", "back.", "back.a", "back.é", "back.aaaa", "x.y"] {
            assert_eq!(Token::read(bad, &key), None, "{bad}");
        }
        for at in 5..back.len() {
            let mut forged = back.clone().into_bytes();
            if let Some(byte) = forged.get_mut(at) {
                *byte = if *byte == b'a' { b'b' } else { b'a' };
            }
            assert_eq!(Token::read(&String::from_utf8(forged).unwrap(), &key), None, "octet {at}");
        }
        assert!("posthaste-canary+".len() + back.len() <= 64, "RFC 5321 §4.5.3.1.1: {back}");
    }
}
