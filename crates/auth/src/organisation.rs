/// The organisational domain (RFC 7489 §3.2): the public suffix and one label, by the list that came with this release; the
/// name itself where that says nothing.
pub fn organisation(domain: &str) -> &str {
    psl::domain_str(domain).unwrap_or(domain)
}

#[cfg(test)]
mod tests {
    use super::organisation;

    #[test]
    fn suffixes_wildcards_and_exceptions() {
        for (domain, wanted) in [
            ("example.com", "example.com"),
            ("a.b.example.com", "example.com"),
            ("mail.example.co.uk", "example.co.uk"),
            ("co.uk", "co.uk"),
            ("x.y.unknown-tld-of-ours", "y.unknown-tld-of-ours"),
            ("a.b.c.ck", "b.c.ck"),
            ("x.www.ck", "www.ck"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(organisation(domain), wanted, "{domain}");
        }
    }
}
