//! The envelope sender that names its recipient, so that any report of failure tells whom it is about.

/// `dev-bounces@lists.example.org` and `anne@example.com` →
/// `dev-bounces+anne=example.com@lists.example.org`; the plain sender if either is not an address.
pub fn verp(bounces: &str, recipient: &str) -> String {
    match (bounces.rsplit_once('@'), recipient.rsplit_once('@')) {
        (Some((list, host)), Some((local, domain))) => format!("{list}+{local}={domain}@{host}"),
        _ => bounces.to_owned(),
    }
}

/// The same with our signature: nobody else can write a report to it.
pub fn signed_verp(bounces: &str, recipient: &str, tag: &str) -> String {
    let plain = verp(bounces, recipient);
    match plain.rsplit_once('@') {
        Some((local, host)) if plain != bounces => format!("{local}+{tag}@{host}"),
        _ => plain,
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
        assert_eq!(signed_verp("l-bounces@x.org", "a@y.org", "t"), "l-bounces+a=y.org+t@x.org");
        assert_eq!(signed_verp("l-bounces@x.org", "unqualified", "t"), "l-bounces@x.org");
    }
}
