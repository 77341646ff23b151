use std::collections::BTreeMap;

use bytes::Bytes;
use data_encoding::BASE64;
use posthaste_mime::{Field, Head, Message, crlf};
use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::key::Algorithm;
use crate::keyring::StoredKey;
use crate::sign::{covered, folded, signed_field};
use crate::tags::tag;

/// How the chain of a message was when it came (RFC 8617 §4.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArcChain {
    /// It had none.
    #[default]
    None,
    /// It holds.
    Pass,
    /// It is broken; we are the last who say so.
    Fail,
    /// Nobody could tell. Sealing it might break it for good, so it is left alone.
    Unknown,
}

impl ArcChain {
    /// Its name in `cv=`; `None` where nothing may be sealed.
    const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => Some("none"),
            Self::Pass => Some("pass"),
            Self::Fail => Some("fail"),
            Self::Unknown => None,
        }
    }
}

/// The longest chain (RFC 8617 §4.2.1).
const LONGEST: u32 = 50;

/// What the ARC-Message-Signature covers: everything a DKIM signature does that a list has to do with, and the signatures.
const SIGNED: [&str; 22] = [
    "From",
    "Sender",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "To",
    "Cc",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "In-Reply-To",
    "References",
    "DKIM-Signature",
    "List-Id",
    "List-Help",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Subscribe",
    "List-Post",
    "List-Owner",
    "List-Archive",
];

/// The three fields of a new ARC set (RFC 8617 §5.1) that go on top of `message`; lines end in CRLF. `results` is what an
/// Authentication-Results field says, `now` in seconds since 1970.
///
/// Empty if there is nothing to seal with (ARC knows RSA only), if the chain must not be sealed, or if it is as long as a
/// chain may be.
pub fn seal(message: &Message, keys: &[&StoredKey], results: &str, chain: ArcChain, now: i64) -> Vec<u8> {
    let Some(key) = keys.iter().find(|key| key.key.algorithm() == Algorithm::Rsa) else { return vec![] };
    let Some(validation) = chain.name() else { return vec![] };
    let sets = sets(&message.head);
    let last = sets.keys().next_back().copied().unwrap_or(0);
    let ended = sets
        .get(&last)
        .and_then(|set| set.seal)
        .is_some_and(|seal| tag(&seal.unfolded(), "cv").is_some_and(|cv| cv.eq_ignore_ascii_case("fail")));
    if last >= LONGEST || ended {
        return vec![];
    }
    let instance = last + 1;
    let results = format!("ARC-Authentication-Results: i={instance}; {results}\r\n");
    let body_hash = BASE64.encode(canonical::body_hash(&crlf(message.body.clone())).as_ref());
    let (names, data) = covered(&message.head, &SIGNED, &[]);
    let (algorithm, domain, selector) = (key.key.algorithm().name(), &key.domain, &key.selector);
    let tags = format!(
        "i={instance}; a={algorithm}; c=relaxed/relaxed; d={domain};\r\n\ts={selector}; t={now};\r\n\th={};\r\n\t\
         bh={body_hash};\r\n\tb=",
        folded(&names.join(":"), ":"),
    );
    let Some(signature) = signed_field("ARC-Message-Signature", &tags, data, key) else { return vec![] };
    // A broken chain is sealed by itself (§5.1.2); a good one with all that came before.
    let mut data = vec![];
    if chain == ArcChain::Pass {
        for set in sets.values() {
            let fields = [set.results, set.signature, set.seal];
            fields.into_iter().flatten().for_each(|field| data.extend(canonical::field(field.raw())));
        }
    }
    data.extend(canonical::field(results.as_bytes()));
    data.extend(canonical::field(&signature));
    let tags = format!(
        "i={instance}; a={algorithm}; t={now}; cv={validation};\r\n\td={domain}; s={selector};\r\n\tb="
    );
    let Some(seal) = signed_field("ARC-Seal", &tags, data, key) else { return vec![] };
    [seal, signature, Bytes::from(results)].concat()
}

/// One set of a chain.
#[derive(Default)]
struct Set<'m> {
    results: Option<&'m Field>,
    signature: Option<&'m Field>,
    seal: Option<&'m Field>,
}

/// The sets of a message by their instance.
fn sets(head: &Head) -> BTreeMap<u32, Set<'_>> {
    let mut sets: BTreeMap<u32, Set<'_>> = BTreeMap::new();
    for field in head.fields() {
        let which = ["ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"];
        let Some(which) = which.iter().position(|name| field.is(name)) else { continue };
        let Some(instance) = tag(&field.unfolded(), "i").and_then(|i| i.parse().ok()) else { continue };
        let set = sets.entry(instance).or_default();
        match which {
            0 => set.results = Some(field),
            1 => set.signature = Some(field),
            _ => set.seal = Some(field),
        }
    }
    sets
}
