//! What stands in an address of ours that a report came back to: whose copy it was, or which probe.

use std::time::Duration;

use posthaste_mime::Message;
use posthaste_model::{ListId, ListName, SubAddress, Timestamp};

use super::address;
use crate::seal::Seal;

/// A signature holds for this period and the next.
const PERIOD: Duration = Duration::from_hours(16 * 24);
/// What these tags are for; no other tag has it.
const PURPOSE: &[u8] = b"verp";
/// Where servers write to whom a report was delivered.
const FIELDS: &[&str] = &["Delivered-To", "X-Original-To", "Envelope-To", "Apparently-To", "To"];
/// The most addresses read from a header.
const MOST: usize = 16;

/// What an address of ours says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Named {
    /// The copy of this address.
    Copy {
        /// The member's address.
        address: String,
        /// We signed it: nobody else can have written it.
        signed: bool,
    },
    /// A probe with this token.
    Probe(String),
}

/// Reads what stood behind the delimiter: `anne=example.com`, `anne=example.com+TAG`, or a probe's token.
pub fn named(extension: &str, list: &ListId, seal: Option<&Seal>, now: Timestamp) -> Option<Named> {
    let Some((local, rest)) = extension.rsplit_once('=') else {
        let token = extension.to_ascii_lowercase();
        let plausible = token.len() >= 20 && token.bytes().all(|b| b.is_ascii_alphanumeric());
        return plausible.then_some(Named::Probe(token));
    };
    let (domain, tag) = rest.split_once('+').unwrap_or((rest, ""));
    let address =
        address::word(&format!("{local}@{domain}")).filter(|a| a.len() == local.len() + domain.len() + 1)?;
    let signed = seal.is_some_and(|seal| {
        [0, 1].into_iter().any(|back| {
            let period = (period(now) - back).to_be_bytes();
            seal.verify(&[PURPOSE, list.as_str().as_bytes(), address.to_lowercase().as_bytes(), &period], tag)
        })
    });
    Some(Named::Copy { address, signed })
}

/// The tag that stands behind `recipient` in the sender of their copy.
pub(crate) fn tag(seal: &Seal, list: &ListId, recipient: &str, now: Timestamp) -> String {
    let period = period(now).to_be_bytes();
    seal.tag(&[PURPOSE, list.as_str().as_bytes(), recipient.to_lowercase().as_bytes(), &period])
}

/// What stood behind the delimiter of this list's `-bounces` address in the fields that tell where a report went.
pub fn extensions(message: &Message, list: &ListName) -> Vec<String> {
    let own = list.address(SubAddress::Bounces);
    let Some((local, host)) = own.split_once('@') else { return vec![] };
    let fields = FIELDS.iter().flat_map(|f| message.head.all(f));
    let mut found: Vec<String> = fields
        .flat_map(|field| {
            posthaste_mime::address_entries(&field.unfolded())
                .iter()
                .map(|e| e.address.clone())
                .collect::<Vec<_>>()
        })
        .filter_map(|address| {
            let (base, domain) = address.rsplit_once('@')?;
            let (head, extension) = base.split_once('+')?;
            (head.eq_ignore_ascii_case(local) && domain.eq_ignore_ascii_case(host))
                .then(|| extension.to_owned())
        })
        .take(MOST)
        .collect();
    found.dedup();
    found
}

fn period(now: Timestamp) -> i64 {
    now.as_secs().div_euclid(PERIOD.as_secs().cast_signed())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn seal() -> Seal {
        Seal::new(|parts| {
            let mut digest = [7_u8; 32];
            for (at, byte) in parts.concat().into_iter().enumerate() {
                digest[at % 16] = digest[at % 16].wrapping_mul(33) ^ byte;
            }
            digest
        })
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the reader gives it")]
    fn copy(address: &str, signed: bool) -> Option<Named> {
        Some(Named::Copy { address: address.into(), signed })
    }

    #[test]
    fn addresses_of_ours_are_read() {
        let (list, now) = (ListId::new("dev.example.org"), Timestamp::from_micros(1_700_000_000_000_000));
        let read = |extension: &str| named(extension, &list, Some(&seal()), now);
        assert_eq!(read("anne=example.com"), copy("anne@example.com", false));
        assert_eq!(read("anne+lists=example.com"), copy("anne+lists@example.com", false));
        assert_eq!(read("a=b=example.com"), copy("a=b@example.com", false));
        assert_eq!(
            read("aaaaaaaaaaaaaaaaaaaaaaaa7Z"),
            Some(Named::Probe("aaaaaaaaaaaaaaaaaaaaaaaa7z".into()))
        );
        for nothing in ["", "anne", "anne=", "=example.com", "anne=nowhere", "short"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_signature_holds_for_one_member_of_one_list_for_a_while() {
        let (list, now) = (ListId::new("dev.example.org"), Timestamp::from_micros(1_700_000_000_000_000));
        let signed = format!("anne=example.com+{}", tag(&seal(), &list, "Anne@example.com", now));
        let at = |list: &ListId, extension: &str, now| named(extension, list, Some(&seal()), now);
        assert_eq!(at(&list, &signed, now), copy("anne@example.com", true));
        assert_eq!(
            at(&list, &signed.to_uppercase(), now),
            copy("ANNE@EXAMPLE.COM", true),
            "servers fold case"
        );
        assert_eq!(
            at(&list, &signed, now.plus(Duration::from_hours(15 * 24))),
            copy("anne@example.com", true)
        );
        assert_eq!(
            at(&list, &signed, now.plus(Duration::from_hours(40 * 24))),
            copy("anne@example.com", false)
        );
        assert_eq!(at(&ListId::new("other.example.org"), &signed, now), copy("anne@example.com", false));
        let bent = signed.replace("anne", "bart");
        assert_eq!(at(&list, &bent, now), copy("bart@example.com", false));
        assert_eq!(named(&signed, &list, None, now), copy("anne@example.com", false));
    }

    #[test]
    fn the_header_tells_where_a_report_went() {
        let name = ListName::parse("dev@example.org").unwrap();
        let text = "To: x@example.org, Dev <DEV-bounces+anne=x.org@Example.org>\r\nDelivered-To: \
                    dev-bounces+bart=x.org@example.org\r\nEnvelope-To: dev-bounces@example.org\r\n\
                    X-Original-To: other-bounces+c=x.org@example.org\r\n\r\n";
        let message = Message::parse(Bytes::from(text));
        assert_eq!(extensions(&message, &name), ["bart=x.org", "anne=x.org"]);
    }
}
