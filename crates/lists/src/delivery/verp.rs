//! The envelope sender that names its recipient, so that any report of failure tells whom it is about.

/// `dev-bounces@lists.example.org` and `anne@example.com` →
/// `dev-bounces+anne=example.com@lists.example.org`; the plain sender if either is not an address.
pub fn verp(bounces: &str, recipient: &str) -> String {
    match (bounces.rsplit_once('@'), recipient.rsplit_once('@')) {
        (Some((list, host)), Some((local, domain))) => format!("{list}+{local}={domain}@{host}"),
        _ => bounces.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let cases = [
            (
                "test-bounces@example.com",
                "aperson@example.com",
                "test-bounces+aperson=example.com@example.com",
            ),
            ("l-bounces@x.org", "a=b@y.org", "l-bounces+a=b=y.org@x.org"),
            ("l-bounces@x.org", "unqualified", "l-bounces@x.org"),
        ];
        for (bounces, recipient, wanted) in cases {
            assert_eq!(verp(bounces, recipient), wanted);
        }
    }
}
