//! What we sign, others verify: here the crate that verifies for us too, with a name server of our own.

#![expect(clippy::unwrap_used, reason = "a test may stumble; that is how it fails")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use posthaste_auth::{
    ArcChain, Checker, Dns, Findings, Keyring, Peer, Policy, SigningKey, StoredKey, Verdict, seal, sign,
};
use posthaste_mime::Message;
use posthaste_testkit::NameServer;

const RSA: &str = include_str!("data/rsa.pem");
const ED25519: &str = include_str!("data/ed25519.pem");
const POST: &str = "From: Anne <anne@example.com>\r\nTo: dev@lists.example.org\r\nSubject: Hi\r\n  there\r\n\
                    Message-ID: <1@example.com>\r\nDate: Mon, 23 Nov 2026 00:00:00 +0000\r\n\r\nHello  \r\n\r\nbye\r\n\r\n";
const NOW: i64 = 1_700_000_000;

fn key(domain: &str, selector: &str, pem: &str) -> StoredKey {
    StoredKey {
        domain: domain.into(),
        selector: selector.into(),
        active: true,
        key: SigningKey::from_pem(pem.as_bytes()).unwrap(),
        file: PathBuf::new(),
    }
}

fn keys() -> Keyring {
    let mut keyring = Keyring::default();
    for (domain, selector, pem) in
        [("example.com", "r", RSA), ("example.com", "e", ED25519), ("lists.example.org", "r", RSA)]
    {
        keyring.add(key(domain, selector, pem));
    }
    keyring
}

async fn names(keyring: &Keyring) -> NameServer {
    let server = NameServer::start().await.unwrap();
    for key in keyring.keys() {
        server.txt(&key.dns_name(), &key.key.dns_record());
    }
    server
}

fn checker(server: &NameServer, trusted: &[&str], deadline: Duration) -> Checker {
    let trusted: Vec<_> = trusted.iter().map(|t| (*t).to_owned()).collect();
    Checker::new(Dns::new(&[server.addr()], deadline).unwrap(), "lists.example.org", &trusted)
}

async fn check(checker: &Checker, raw: &[u8]) -> Findings {
    let message = Message::parse(Bytes::copy_from_slice(raw));
    let peer = Peer::new("127.0.0.1:25", "anne@example.com");
    checker.check(raw, &message.head, &peer, Some("example.com")).await
}

fn signed(keyring: &Keyring, domain: &str, raw: &[u8]) -> Vec<u8> {
    let message = Message::parse(Bytes::copy_from_slice(raw));
    [sign(&message, &keyring.signing(domain), NOW), raw.to_vec()].concat()
}

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn both_kinds_of_signature_verify_and_a_changed_letter_breaks_them() {
    let keyring = keys();
    let server = names(&keyring).await;
    server.txt("_dmarc.example.com", "v=DMARC1; p=reject");
    let checker = checker(&server, &[], SOON);
    let good = signed(&keyring, "example.com", POST.as_bytes());
    let found = check(&checker, &good).await;
    let verdicts: Vec<_> = found.signatures.iter().map(|s| (s.selector.as_str(), s.verdict)).collect();
    assert_eq!(verdicts, [("r", Verdict::Pass), ("e", Verdict::Pass)], "{found:?}");
    assert!(found.aligned_signature);
    assert_eq!((found.dmarc, found.policy, found.arc), (Verdict::Pass, Policy::Reject, ArcChain::None));
    assert_eq!(
        found.results.unwrap(),
        "lists.example.org; dkim=pass header.d=example.com header.s=r; dkim=pass header.d=example.com header.s=e; \
         arc=none; dmarc=pass (p=reject) header.from=example.com"
    );
    let text = String::from_utf8(good).unwrap();
    for (from, to) in [
        ("Hello", "Hallo"),
        ("Subject: Hi", "Subject: Ho"),
        ("\r\n\r\nHello", "\r\nCc: x@y.z\r\n\r\nHello"),
        ("From: Anne", "From: Eve <eve@example.com>\r\nFrom: Anne"),
        ("bye", "bye bye"),
    ] {
        let found = check(&checker, text.replace(from, to).as_bytes()).await;
        assert!(found.signatures.iter().all(|s| s.verdict == Verdict::Fail), "{from} {to}: {found:?}");
        assert_eq!(found.dmarc, Verdict::Fail);
    }
    // White space may change on the way, and fields that are not covered may come.
    for (from, to) in [
        ("Hello  \r\n", "Hello\r\n"),
        ("Subject: Hi\r\n ", "Subject:   Hi "),
        ("From: Anne", "Received: x\r\nFrom: Anne"),
    ] {
        let found = check(&checker, text.replace(from, to).as_bytes()).await;
        assert!(found.signatures.iter().all(|s| s.verdict == Verdict::Pass), "{from} {to}: {found:?}");
    }
}

#[tokio::test]
async fn seals_hold_one_after_another_over_changed_text() {
    let keyring = keys();
    let server = names(&keyring).await;
    let checker = checker(&server, &[], SOON);
    let mut raw = signed(&keyring, "example.com", POST.as_bytes());
    for round in 1..=3 {
        let found = check(&checker, &raw).await;
        let wanted = if round == 1 { ArcChain::None } else { ArcChain::Pass };
        assert_eq!(found.arc, wanted, "round {round}: {found:?}");
        // A list changes the text, and seals what it found before.
        raw.extend_from_slice(b"-- \r\nfooter\r\n");
        let message = Message::parse(Bytes::from(raw.clone()));
        let results = found.results.unwrap();
        let set = seal(&message, &keyring.signing("lists.example.org"), &results, found.arc, NOW + round);
        let text = String::from_utf8(set.clone()).unwrap();
        assert!(text.contains(&format!("i={round}; {results}")), "{text}");
        raw = [set, raw].concat();
    }
    assert_eq!(check(&checker, &raw).await.arc, ArcChain::Pass);
    // Whoever changes it now without sealing breaks the chain; we say so, by itself, and nobody says more.
    raw.extend_from_slice(b"more\r\n");
    let found = check(&checker, &raw).await;
    assert_eq!(found.arc, ArcChain::Fail);
    let sealed = |raw: &[u8], chain| {
        let message = Message::parse(Bytes::copy_from_slice(raw));
        seal(&message, &keyring.signing("lists.example.org"), "lists.example.org; arc=fail", chain, NOW)
    };
    let set = sealed(&raw, ArcChain::Fail);
    assert!(String::from_utf8_lossy(&set).contains("cv=fail"));
    assert!(sealed(&[set, raw.clone()].concat(), ArcChain::Fail).is_empty(), "the chain has ended");
    assert!(sealed(&raw, ArcChain::Unknown).is_empty(), "nobody could tell");
}

#[tokio::test]
async fn policies_come_from_the_domain_or_the_organisation_above() {
    let server = NameServer::start().await.unwrap();
    for (name, text) in [
        ("_dmarc.plain.example.com", "v=DMARC1; p=none"),
        ("_dmarc.example.com", "v=DMARC1; p=reject; sp=quarantine"),
        ("_dmarc.example.co.uk", "v=DMARC1; p=reject"),
        ("_dmarc.two.example.net", "v=DMARC1; p=reject"),
        ("_dmarc.two.example.net", "v=DMARC1; p=none"),
        ("_dmarc.example.net", "hello"),
    ] {
        server.txt(name, text);
    }
    let checker = checker(&server, &[], SOON);
    for (domain, wanted) in [
        ("example.com", Policy::Reject),
        ("Mail.Example.com", Policy::Quarantine),
        ("plain.example.com", Policy::None),
        ("a.b.example.co.uk", Policy::Reject),
        ("two.example.net", Policy::None),
        ("unknown.example", Policy::None),
    ] {
        assert_eq!(checker.policy(domain).await, wanted, "{domain}");
    }
}

#[tokio::test]
async fn silent_name_servers_cost_one_deadline_and_are_never_an_error() {
    let keyring = keys();
    let server = names(&keyring).await;
    server.silence(true);
    let checker = checker(&server, &[], Duration::from_millis(300));
    let raw = signed(&keyring, "example.com", POST.as_bytes());
    let began = Instant::now();
    let found = check(&checker, &raw).await;
    assert_eq!((found.dmarc, found.policy), (Verdict::TempError, Policy::Trouble), "{found:?}");
    assert!(found.results.unwrap().contains("dkim=temperror"));
    for _ in 0..50 {
        assert_eq!(checker.policy("example.com").await, Policy::Trouble);
    }
    assert!(began.elapsed() < Duration::from_secs(3), "posts waited one by one: {:?}", began.elapsed());
}

#[tokio::test]
async fn what_our_own_mail_server_found_counts_and_what_strangers_claim_does_not() {
    let server = NameServer::start().await.unwrap();
    server.txt("_dmarc.example.com", "v=DMARC1; p=reject");
    let checker = checker(&server, &["mx.example.org"], SOON);
    let spf = "spf=pass smtp.mailfrom=anne@example.com";
    let found = |id: &str| format!("Authentication-Results: {id}; {spf}; iprev=pass\r\n{POST}");
    let ours = check(&checker, found("MX.example.org").as_bytes()).await;
    assert_eq!((ours.spf, ours.dmarc), (Verdict::Pass, Verdict::Pass), "{ours:?}");
    assert!(ours.results.unwrap().ends_with(&format!("{spf}; iprev=pass")));
    let forged = check(&checker, found("mx.evil.example").as_bytes()).await;
    assert_eq!((forged.spf, forged.dmarc), (Verdict::None, Verdict::Fail), "{forged:?}");
    assert!(!forged.results.unwrap().contains("iprev"));
    let below = format!("Authentication-Results: mx.evil.example; dkim=pass\r\n{}", found("mx.example.org"));
    assert_eq!(check(&checker, below.as_bytes()).await.spf, Verdict::None, "it came with the message");
}

#[tokio::test]
async fn spf_is_judged_where_the_sender_speaks_to_us() {
    let server = NameServer::start().await.unwrap();
    server.txt("example.com", "v=spf1 ip4:192.0.2.0/24 -all");
    server.txt("_dmarc.example.com", "v=DMARC1; p=quarantine");
    let checker = checker(&server, &[], SOON);
    let head = Message::parse(Bytes::from(POST)).head;
    for (client, spf, dmarc) in [
        ("192.0.2.1:4711", Verdict::Pass, Verdict::Pass),
        ("198.51.100.1:4711", Verdict::Fail, Verdict::Fail),
        ("127.0.0.1:4711", Verdict::None, Verdict::Fail),
    ] {
        let peer = Peer::new(client, "anne@example.com");
        let found = checker.check(POST.as_bytes(), &head, &peer, Some("example.com")).await;
        assert_eq!((found.spf, found.dmarc), (spf, dmarc), "{client} {found:?}");
    }
}

/// Broken, hostile and empty messages are findings, not trouble.
#[tokio::test]
async fn any_bytes_are_checked() {
    let keyring = keys();
    let server = names(&keyring).await;
    let checker = checker(&server, &[], SOON);
    for raw in [
        &b""[..],
        b"\r\n",
        b"no header",
        b"From: a@b.c\r\nDKIM-Signature: \r\n\r\n",
        b"From: a@b.c\r\nDKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=r; h=From; bh=; b=\r\n\r\n\xff",
        b"From: a@b.c\r\nARC-Seal: i=1; cv=none\r\n\r\nx",
        b"From: a@b.c\r\nARC-Seal: i=99999999999999; a=b\r\nARC-Message-Signature: i=0;\r\n\r\nx",
        b"From: a@b.c\r\nDKIM-Signature: v=1; d=\xff.example; h=:::; l=99999999999999999999\r\n\r\nx",
    ] {
        let found = check(&checker, raw).await;
        assert!(found.signatures.iter().all(|s| s.verdict != Verdict::Pass), "{raw:?}");
        let message = Message::parse(Bytes::copy_from_slice(raw));
        sign(&message, &keyring.signing("example.com"), NOW);
        seal(&message, &keyring.signing("example.com"), "x; none", found.arc, NOW);
    }
}
