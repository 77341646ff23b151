use std::net::IpAddr;

use mail_auth::spf::verify::SpfParameters;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, SpfResult};
use posthaste_mime::{Field, Head};

use crate::arc::ArcChain;
use crate::dmarc::{self, DmarcRecord, aligned};
use crate::dns::{Dns, DnsTrouble};
use crate::findings::{Checked, Findings, Policy, Signature, Verdict};
use crate::results::{AuthResults, Method, merge};

/// More signatures than these are not looked at (RFC 6376 §8.4).
const MOST_SIGNATURES: usize = 8;

/// Finds out where a message is from.
#[derive(Debug)]
pub struct Checker {
    dns: Dns,
    authserv_id: String,
    trusted: Vec<String>,
}

/// Who handed a message over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Peer {
    /// Its address, if it is the sender's own host: SPF can be judged only there.
    pub ip: Option<IpAddr>,
    /// The envelope sender; empty = the null path.
    pub mail_from: String,
}

impl Peer {
    /// Of a peer as the listener notes it (`ip:port`, or something else for a socket) and an envelope sender. A peer on this
    /// machine or in a private network is our own mail server, not the sender's.
    pub fn new(client: &str, mail_from: &str) -> Self {
        let ip = client.parse::<std::net::SocketAddr>().map(|a| a.ip()).or_else(|_| client.parse()).ok();
        Self { ip: ip.filter(foreign), mail_from: mail_from.to_owned() }
    }
}

fn foreign(ip: &IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => !(ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()),
        IpAddr::V6(ip) => {
            !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified())
        }
    }
}

impl Checker {
    /// One that asks `dns`, calls itself `authserv_id` in what it writes, and believes what others of the names in `trusted`
    /// wrote (RFC 8601 §5); its own name is among these without being named.
    pub fn new(dns: Dns, authserv_id: &str, trusted: &[String]) -> Self {
        Self { dns, authserv_id: authserv_id.to_owned(), trusted: trusted.to_vec() }
    }

    /// What `domain` wants done with mail that only pretends to be from it.
    pub async fn policy(&self, domain: &str) -> Policy {
        match dmarc::lookup(&self.dns, domain).await {
            Ok(record) => record.map_or(Policy::None, |r| r.policy),
            Err(error) => {
                tracing::info!(%error, "a DMARC policy could not be looked up");
                Policy::Trouble
            }
        }
    }

    /// Everything: `raw` is the message as it came, `author` the domain of its From.
    pub async fn check(&self, raw: &[u8], head: &Head, peer: &Peer, author: Option<&str>) -> Findings {
        let trusted = self.believed(head);
        let mut findings = Findings { checked: Checked::Yes, ..Findings::default() };
        let sender = peer.mail_from.rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default();
        let mut methods = vec![];
        self.signatures(raw, &mut findings, &mut methods).await;
        self.spf(peer, &sender, &trusted, &mut findings, &mut methods).await;
        if let Some(author) = author {
            let record = dmarc::lookup(&self.dns, author).await;
            judge(author, &sender, &record, &mut findings);
            methods.push(dmarc_method(author, &record, &findings));
        }
        let ours = AuthResults { authserv_id: self.authserv_id.clone(), methods };
        findings.results = Some(merge(ours, &trusted).value());
        findings
    }

    /// What others found whom we believe, the newest first. Below a field of somebody else nothing counts: it may have
    /// come with the message.
    fn believed(&self, head: &Head) -> Vec<AuthResults> {
        let known = |id: &str| {
            id.eq_ignore_ascii_case(&self.authserv_id)
                || self.trusted.iter().any(|t| t.eq_ignore_ascii_case(id))
        };
        head.all("Authentication-Results")
            .map(|field| AuthResults::parse(&Field::unfolded(field)))
            .map_while(|read| read.filter(|r| known(&r.authserv_id)))
            .collect()
    }

    /// DKIM and ARC.
    async fn signatures(&self, raw: &[u8], findings: &mut Findings, methods: &mut Vec<Method>) {
        let Some(message) = AuthenticatedMessage::parse(raw) else {
            methods.push(Method::new("dkim", "none", ""));
            methods.push(Method::new("arc", "none", ""));
            return;
        };
        let verifier = MessageAuthenticator(self.dns.resolver.clone());
        let checked = self
            .dns
            .within(async {
                let dkim = verifier.verify_dkim(&message).await;
                Ok((dkim, verifier.verify_arc(&message).await))
            })
            .await;
        let Ok((dkim, arc)) = checked else {
            findings.arc = if message.as_headers.is_empty() { ArcChain::None } else { ArcChain::Unknown };
            methods.push(Method::new("dkim", "temperror", ""));
            methods.push(Method::new("arc", "temperror", ""));
            return;
        };
        for output in dkim.iter().take(MOST_SIGNATURES) {
            let verdict = dkim_verdict(output.result());
            let Some(signature) = output.signature() else { continue };
            methods.push(Method::new(
                "dkim",
                verdict.name(),
                &format!("header.d={} header.s={}", word(&signature.d), word(&signature.s)),
            ));
            findings.signatures.push(Signature {
                domain: signature.d.to_lowercase(),
                selector: signature.s.clone(),
                verdict,
            });
        }
        if findings.signatures.is_empty() {
            methods.push(Method::new("dkim", "none", ""));
        }
        findings.arc = match arc.result() {
            DkimResult::None => ArcChain::None,
            DkimResult::Pass => ArcChain::Pass,
            DkimResult::TempError(_) => ArcChain::Unknown,
            _ => ArcChain::Fail,
        };
        let arc = match findings.arc {
            ArcChain::None => Verdict::None,
            ArcChain::Pass => Verdict::Pass,
            ArcChain::Fail => Verdict::Fail,
            ArcChain::Unknown => Verdict::TempError,
        };
        methods.push(Method::new("arc", arc.name(), ""));
    }

    /// SPF where we see the sender's host; else what our own mail server found, which does.
    async fn spf(
        &self,
        peer: &Peer,
        sender: &str,
        trusted: &[AuthResults],
        findings: &mut Findings,
        methods: &mut Vec<Method>,
    ) {
        let Some(ip) = peer.ip.filter(|_| !sender.is_empty()) else {
            let theirs = trusted.iter().find_map(|r| r.method("spf"));
            let domain = theirs.and_then(|m| m.property("smtp.mailfrom"));
            let domain = domain.as_deref().map(|d| d.rsplit_once('@').map_or(d, |(_, domain)| domain));
            let same = domain.is_none_or(|d| d.eq_ignore_ascii_case(sender));
            if theirs.is_some_and(|m| m.result == "pass") && same && !sender.is_empty() {
                findings.spf = Verdict::Pass;
            }
            return;
        };
        let verifier = MessageAuthenticator(self.dns.resolver.clone());
        let asked = self
            .dns
            .within(async {
                let parameters =
                    SpfParameters::verify_mail_from(ip, sender, &self.authserv_id, &peer.mail_from);
                Ok(verifier.verify_spf(parameters).await)
            })
            .await;
        findings.spf = asked.map_or(Verdict::TempError, |output| match output.result() {
            SpfResult::Pass => Verdict::Pass,
            SpfResult::Fail => Verdict::Fail,
            SpfResult::SoftFail => Verdict::SoftFail,
            SpfResult::Neutral => Verdict::Neutral,
            SpfResult::TempError => Verdict::TempError,
            SpfResult::PermError => Verdict::PermError,
            SpfResult::None => Verdict::None,
        });
        methods.push(Method::new(
            "spf",
            findings.spf.name(),
            &format!("smtp.mailfrom={}", word(&peer.mail_from)),
        ));
    }
}

/// DMARC from what DKIM and SPF said (RFC 7489 §6.6.2).
fn judge(
    author: &str,
    sender: &str,
    record: &Result<Option<DmarcRecord>, DnsTrouble>,
    findings: &mut Findings,
) {
    let strict = record.as_ref().ok().copied().flatten().unwrap_or_default();
    let good = |s: &Signature| s.verdict == Verdict::Pass && aligned(&s.domain, author, strict.strict_dkim);
    findings.aligned_signature = findings.signatures.iter().any(good);
    let by_spf = findings.spf == Verdict::Pass && aligned(sender, author, strict.strict_spf);
    let unknown = findings.spf == Verdict::TempError
        || findings.signatures.iter().any(|s| s.verdict == Verdict::TempError);
    (findings.policy, findings.dmarc) = match record {
        Err(_) => (Policy::Trouble, Verdict::TempError),
        Ok(None) => (Policy::None, Verdict::None),
        Ok(Some(record)) if findings.aligned_signature || by_spf => (record.policy, Verdict::Pass),
        Ok(Some(record)) if unknown => (record.policy, Verdict::TempError),
        Ok(Some(record)) => (record.policy, Verdict::Fail),
    };
}

fn dmarc_method(
    author: &str,
    record: &Result<Option<DmarcRecord>, DnsTrouble>,
    findings: &Findings,
) -> Method {
    let policy = match (record, findings.policy) {
        (Ok(Some(_)), Policy::Reject) => "(p=reject) ",
        (Ok(Some(_)), Policy::Quarantine) => "(p=quarantine) ",
        (Ok(Some(_)), _) => "(p=none) ",
        _ => "",
    };
    Method::new("dmarc", findings.dmarc.name(), &format!("{policy}header.from={}", word(author)))
}

fn dkim_verdict(result: &DkimResult) -> Verdict {
    match result {
        DkimResult::Pass => Verdict::Pass,
        // A body that is not the signed one is as forged as a header that is not (RFC 6376 §6.1.3).
        DkimResult::Neutral(mail_auth::Error::Dkim(mail_auth::dkim::DkimError::FailedBodyHashMatch)) => {
            Verdict::Fail
        }
        DkimResult::Neutral(_) => Verdict::Neutral,
        DkimResult::Fail(_) => Verdict::Fail,
        DkimResult::PermError(_) => Verdict::PermError,
        DkimResult::TempError(_) => Verdict::TempError,
        DkimResult::None => Verdict::None,
    }
}

/// A value as it may stand in a property: what could end it is left out.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric() || "@.-_+=!#$%&'*/?^`{|}~".contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_foreign_peers_are_judged() {
        for (client, wanted) in [
            ("127.0.0.1:2525", None),
            ("[::1]:25", None),
            ("10.1.2.3:25", None),
            ("unix", None),
            ("[fe80::1]:25", None),
            ("192.0.2.7:4711", Some("192.0.2.7")),
            ("[2001:db8::1]:25", Some("2001:db8::1")),
            ("[::ffff:127.0.0.1]:25", None),
        ] {
            assert_eq!(Peer::new(client, "a@b.c").ip.map(|ip| ip.to_string()).as_deref(), wanted, "{client}");
        }
    }

    #[test]
    fn dmarc_needs_one_aligned_proof() {
        let sign = |domain: &str, verdict| Signature { domain: domain.into(), selector: "s".into(), verdict };
        let reject = DmarcRecord { policy: Policy::Reject, ..DmarcRecord::default() };
        let trouble = Err(DnsTrouble("x".into()));
        for (record, signature, spf, sender, wanted) in [
            (Ok(Some(reject)), sign("example.com", Verdict::Pass), Verdict::None, "", Verdict::Pass),
            (Ok(Some(reject)), sign("m.example.com", Verdict::Pass), Verdict::None, "", Verdict::Pass),
            (Ok(Some(reject)), sign("example.com", Verdict::Fail), Verdict::None, "", Verdict::Fail),
            (Ok(Some(reject)), sign("example.net", Verdict::Pass), Verdict::None, "", Verdict::Fail),
            (
                Ok(Some(reject)),
                sign("example.net", Verdict::Pass),
                Verdict::Pass,
                "b.example.com",
                Verdict::Pass,
            ),
            (
                Ok(Some(reject)),
                sign("example.net", Verdict::Pass),
                Verdict::Pass,
                "example.net",
                Verdict::Fail,
            ),
            (
                Ok(Some(reject)),
                sign("example.com", Verdict::TempError),
                Verdict::None,
                "",
                Verdict::TempError,
            ),
            (Ok(None), sign("example.com", Verdict::Pass), Verdict::None, "", Verdict::None),
            (trouble, sign("example.com", Verdict::Pass), Verdict::None, "", Verdict::TempError),
            (
                Ok(Some(DmarcRecord { strict_dkim: true, ..reject })),
                sign("m.example.com", Verdict::Pass),
                Verdict::None,
                "",
                Verdict::Fail,
            ),
        ] {
            let mut findings = Findings { signatures: vec![signature], spf, ..Findings::default() };
            judge("example.com", sender, &record, &mut findings);
            assert_eq!(findings.dmarc, wanted, "{record:?} {findings:?}");
        }
    }
}
