//! Where posts are from, and that what we send is from us: the room `auth`, as lists use it.

use std::sync::Arc;

use bytes::Bytes;
use posthaste_auth::{ArcChain, Checker, Findings, Keyring, Peer, Policy, Verdict, organisation, seal, sign};
use posthaste_mime::{Message, mailboxes};
use posthaste_model::{Address, DmarcMitigateAction, Envelope, MailingList, Timestamp};
use serde::{Deserialize, Serialize};

use crate::delivery::Plan;
use crate::post::Post;

/// What a site does about SPF, DKIM, ARC and DMARC.
#[derive(Clone, Debug, Default)]
pub struct Authenticity {
    /// Who looks into the DNS; `None` if it cannot be used.
    pub checker: Option<Arc<Checker>>,
    /// Every post is checked, and says so in Authentication-Results.
    pub check: bool,
    /// The keys that sign.
    pub keyring: Arc<Keyring>,
    /// What we send gets a DKIM signature.
    pub sign: bool,
    /// What we pass on gets an ARC set.
    pub seal: bool,
    /// Signatures and results of others are taken out of what we pass on.
    pub remove_dkim_headers: bool,
}

/// What is known of a post when it is planned, for the ARC set of its copies.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Provenance {
    /// What Authentication-Results says.
    pub results: String,
    /// How its chain was.
    pub chain: ArcChain,
    /// The author's own domain says it is not from there: we do not vouch for it in that domain's name.
    #[serde(default)]
    pub forged: bool,
}

impl Provenance {
    /// Of a post that was checked.
    pub fn of(findings: &Findings) -> Option<Self> {
        Some(Self {
            results: findings.results.clone()?,
            chain: findings.arc,
            forged: findings.dmarc == Verdict::Fail,
        })
    }
}

impl Authenticity {
    /// What is to be known of a post to this list; `raw` is the message as it came.
    pub async fn findings(&self, raw: &[u8], post: &Post, list: &MailingList) -> Findings {
        let author = author_domain(&post.message);
        let asks = self.check || asks_policy(list);
        let (Some(checker), true) = (&self.checker, asks) else {
            // What nobody can look up may be anything.
            let policy = if asks { Policy::Trouble } else { Policy::Unasked };
            return Findings { policy, ..Findings::default() };
        };
        if self.check {
            let peer = peer(&post.envelope);
            return checker.check(raw, &post.message.head, &peer, author.as_deref()).await;
        }
        let policy = match author {
            Some(author) => checker.policy(&author).await,
            None => Policy::None,
        };
        Findings { policy, ..Findings::default() }
    }

    /// The fields that go on top of a message before it is sent; empty if nothing signs it.
    pub(crate) fn stamp(&self, pieces: &[Bytes], plan: &Plan, now: Timestamp) -> Bytes {
        let host = plan.owner_address.rsplit_once('@').map_or("", |(_, host)| host.trim_end_matches('>'));
        let keys = self.keyring.signing(host);
        if keys.is_empty() || !(self.sign || self.seal) {
            return Bytes::new();
        }
        let mut message = Message::parse(Bytes::from(pieces.concat()));
        let now = now.as_secs();
        let mut stamp = vec![];
        let author = author_domain(&message).unwrap_or_default();
        // Once From is the list, nothing is pretended any more.
        let own = plan.owner_address.replacen("-owner@", "@", 1);
        let munged = author_address(&message).is_some_and(|a| a.key() == own.to_lowercase());
        let forged = !munged && plan.provenance.as_ref().is_some_and(|p| p.forged);
        let ours: Vec<_> = keys
            .iter()
            .copied()
            .filter(|key| !forged || organisation(&key.domain) != organisation(&author))
            .collect();
        if self.sign {
            stamp = sign(&message, &ours, now);
        }
        if let Some(provenance) = plan.provenance.as_ref().filter(|_| self.seal) {
            // The seal covers our signature, too.
            if !stamp.is_empty() {
                message = Message::parse(Bytes::from([stamp.clone(), message.to_bytes().to_vec()].concat()));
            }
            let set = seal(&message, &keys, &provenance.results, provenance.chain, now);
            stamp = [set, stamp].concat();
        }
        Bytes::from(stamp)
    }
}

/// Whether what happens to a post on this list depends on what its author's domain wants.
fn asks_policy(list: &MailingList) -> bool {
    match list.settings.dmarc_mitigate_action {
        DmarcMitigateAction::NoMitigation => false,
        DmarcMitigateAction::MungeFrom | DmarcMitigateAction::WrapMessage => {
            !list.settings.dmarc_mitigate_unconditionally
        }
        DmarcMitigateAction::Reject | DmarcMitigateAction::Discard => true,
    }
}

fn peer(envelope: &Envelope) -> Peer {
    Peer::new(&envelope.client, envelope.reverse_path.as_str())
}

/// The domain of the first author, lower case.
fn author_domain(message: &Message) -> Option<String> {
    Some(author_address(message)?.domain().to_lowercase())
}

fn author_address(message: &Message) -> Option<Address> {
    let from = message.head.get("From")?.unfolded();
    mailboxes(&from).into_iter().next().map(|mailbox| mailbox.address)
}

#[cfg(test)]
mod tests {
    use posthaste_auth::{SigningKey, StoredKey};

    use super::*;

    const KEY: &str = include_str!("../../auth/tests/data/rsa.pem");

    #[test]
    fn nobody_vouches_for_a_forged_author_and_everybody_for_the_list() {
        let mut keyring = Keyring::default();
        keyring.add(StoredKey {
            domain: "example.org".into(),
            selector: "s".into(),
            active: true,
            key: SigningKey::from_pem(KEY.as_bytes()).unwrap(),
            file: std::path::PathBuf::new(),
        });
        let auth =
            Authenticity { keyring: Arc::new(keyring), sign: true, seal: true, ..Authenticity::default() };
        let plan = |forged| Plan {
            sender: "dev-bounces@example.org".into(),
            personal: false,
            message_id: String::new(),
            owners: vec![],
            owner_address: "dev-owner@example.org".into(),
            display_name: String::new(),
            subject: String::new(),
            provenance: Some(Provenance { results: "x; none".into(), chain: ArcChain::None, forged }),
        };
        for (from, forged, signed) in [
            ("ceo@example.org", false, true),
            ("ceo@example.org", true, false),
            ("Ceo via Dev <Dev@example.org>", true, true),
            ("ceo@example.com", true, true),
        ] {
            let pieces = [Bytes::from(format!("From: {from}\r\n\r\nx\r\n"))];
            let stamp = auth.stamp(&pieces, &plan(forged), Timestamp::default());
            let stamp = String::from_utf8_lossy(&stamp);
            assert_eq!(stamp.contains("DKIM-Signature"), signed, "{from} {forged}");
            assert!(stamp.contains("ARC-Seal"), "{stamp}");
        }
    }
}
