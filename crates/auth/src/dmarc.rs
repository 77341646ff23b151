use crate::dns::{Dns, DnsTrouble};
use crate::findings::Policy;
use crate::organisation::organisation;
use crate::tags::tag;

/// What a domain publishes under `_dmarc` (RFC 7489 §6.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DmarcRecord {
    /// For the domain itself.
    pub policy: Policy,
    /// For domains below; `None` = the same.
    pub subdomains: Option<Policy>,
    /// DKIM signatures must name the very domain of the author.
    pub strict_dkim: bool,
    /// The envelope sender must.
    pub strict_spf: bool,
}

impl DmarcRecord {
    /// Reads a TXT record; `None` if it is no DMARC record.
    pub fn parse(text: &str) -> Option<Self> {
        let (version, _) = text.split_once(';').unwrap_or((text, ""));
        let (name, value) = version.split_once('=')?;
        if name.trim() != "v" || value.trim() != "DMARC1" {
            return None;
        }
        let policy = |name| tag(text, name).and_then(|value| policy(&value));
        let strict = |name| tag(text, name).is_some_and(|value| value.eq_ignore_ascii_case("s"));
        Some(Self {
            policy: policy("p").unwrap_or(Policy::None),
            subdomains: policy("sp"),
            strict_dkim: strict("adkim"),
            strict_spf: strict("aspf"),
        })
    }
}

fn policy(value: &str) -> Option<Policy> {
    match value.to_ascii_lowercase().as_str() {
        "none" => Some(Policy::None),
        "quarantine" => Some(Policy::Quarantine),
        "reject" => Some(Policy::Reject),
        _ => None,
    }
}

/// The record that holds for `domain`, its policy being the one for that name (RFC 7489 §6.6.3); `None` if there is none.
/// More than one record at a name is none.
pub(crate) async fn lookup(dns: &Dns, domain: &str) -> Result<Option<DmarcRecord>, DnsTrouble> {
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    if let Some(record) = at(dns, &domain).await? {
        return Ok(Some(record));
    }
    let above = organisation(&domain);
    if above == domain {
        return Ok(None);
    }
    let found = at(dns, above).await?;
    Ok(found.map(|record| DmarcRecord { policy: record.subdomains.unwrap_or(record.policy), ..record }))
}

async fn at(dns: &Dns, domain: &str) -> Result<Option<DmarcRecord>, DnsTrouble> {
    if !domain.contains('.') {
        return Ok(None);
    }
    Ok(only(dns.txt(&format!("_dmarc.{domain}")).await?.iter().map(String::as_str)))
}

fn only<'t>(texts: impl Iterator<Item = &'t str>) -> Option<DmarcRecord> {
    let mut records = texts.filter_map(DmarcRecord::parse);
    records.next().filter(|_| records.next().is_none())
}

/// Whether an identity of domain `found` speaks for an author of domain `author` (RFC 7489 §3.1).
pub(crate) fn aligned(found: &str, author: &str, strict: bool) -> bool {
    if strict {
        return found.eq_ignore_ascii_case(author);
    }
    let lower = |domain: &str| domain.to_ascii_lowercase();
    organisation(&lower(found)) == organisation(&lower(author))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        for (text, wanted) in [
            ("v=DMARC1; p=reject", Some((Policy::Reject, None))),
            (
                "v=DMARC1;p=none; sp=quarantine; rua=mailto:a@b.c",
                Some((Policy::None, Some(Policy::Quarantine))),
            ),
            (" v = DMARC1 ; P=x; p = Quarantine", Some((Policy::Quarantine, None))),
            ("v=DMARC1", Some((Policy::None, None))),
            ("v=DMARC1; p=perhaps", Some((Policy::None, None))),
            ("p=reject; v=DMARC1", None),
            ("v=DMARC2; p=reject", None),
            ("v=spf1 -all", None),
            ("", None),
        ] {
            let read = DmarcRecord::parse(text).map(|r| (r.policy, r.subdomains));
            assert_eq!(read, wanted, "{text}");
        }
        let strict = DmarcRecord::parse("v=DMARC1; p=none; adkim=s; aspf=r").unwrap();
        assert!(strict.strict_dkim && !strict.strict_spf);
        let two = ["v=DMARC1; p=reject", "hello", "v=DMARC1; p=none"];
        assert_eq!(only(two.into_iter()), None, "two records are none");
        assert!(only(two.into_iter().take(2)).is_some());
    }

    #[test]
    fn alignment() {
        for (found, author, strict, wanted) in [
            ("example.com", "example.com", true, true),
            ("Mail.example.com", "example.COM", false, true),
            ("mail.example.com", "example.com", true, false),
            ("example.net", "example.com", false, false),
            ("a.co.uk", "b.co.uk", false, false),
        ] {
            assert_eq!(aligned(found, author, strict), wanted, "{found} {author}");
        }
    }
}
