//! `dev-bounces+anne=example.com@lists.example.org`: the list, the sub-address, the extension.

use posthaste_model::{ListId, SubAddress};

use super::Snapshot;

/// Which list and which of its addresses a recipient means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destination {
    /// The list.
    pub list: ListId,
    /// Its address that was written to.
    pub sub: SubAddress,
    /// What stood behind the delimiter, as transmitted: a VERP address, a token; empty if nothing did.
    pub extension: String,
}

/// What separates a local part from its extension (RFC 5233 calls it the separator).
const DELIMITER: char = '+';

/// Finds what `path` (`local@domain`) names among the lists of `directory`; `None` if no list has that address.
///
/// A list whose own name ends like a sub-address wins over the sub-address of the shorter name: with lists `test` and
/// `test-join`, mail to `test-join@` is a post.
pub fn split(path: &str, directory: &Snapshot) -> Option<Destination> {
    let (local, domain) = path.rsplit_once('@')?;
    let (base, extension) = local.split_once(DELIMITER).unwrap_or((local, ""));
    let (base, domain) = (base.to_lowercase(), domain.to_lowercase());
    let host = directory.host(&domain);
    let found = |list: ListId, sub| Destination { list, sub, extension: extension.to_owned() };
    if let Some(list) = directory.list(&base, host) {
        return Some(found(list.clone(), SubAddress::Post));
    }
    let (head, word) = base.rsplit_once('-')?;
    let sub = SubAddress::from_suffix(word)?;
    directory.list(head, host).map(|list| found(list.clone(), sub))
}

#[cfg(test)]
mod tests {
    use posthaste_model::ListName;

    use super::*;

    fn directory() -> Snapshot {
        let mut snapshot = Snapshot::default();
        for name in [
            "dev@lists.example.org",
            "test@example.org",
            "test-join@example.org",
            "join@example.org",
            "-join@x.org",
        ] {
            // A list called `-join` cannot be made by us, but may be migrated.
            match ListName::parse(name) {
                Ok(name) => snapshot.add_list(&name, name.list_id()),
                Err(e) => panic!("{e}"),
            }
        }
        snapshot.add_domain("lists.example.org", Some("virtual.example.org"));
        snapshot
    }

    #[test]
    fn table() {
        use SubAddress::{Bounces, Confirm, Join, Leave, Owner, Post, Request};
        let cases = [
            ("dev@lists.example.org", Some(("dev.lists.example.org", Post, ""))),
            ("DEV@Lists.Example.ORG", Some(("dev.lists.example.org", Post, ""))),
            ("dev+tag@lists.example.org", Some(("dev.lists.example.org", Post, "tag"))),
            ("dev-owner@lists.example.org", Some(("dev.lists.example.org", Owner, ""))),
            ("dev-request@lists.example.org", Some(("dev.lists.example.org", Request, ""))),
            ("dev-bounces@lists.example.org", Some(("dev.lists.example.org", Bounces, ""))),
            (
                "dev-bounces+Anne=example.com@lists.example.org",
                Some(("dev.lists.example.org", Bounces, "Anne=example.com")),
            ),
            ("dev-confirm+12ab@lists.example.org", Some(("dev.lists.example.org", Confirm, "12ab"))),
            ("dev-join@lists.example.org", Some(("dev.lists.example.org", Join, ""))),
            ("dev-subscribe@lists.example.org", Some(("dev.lists.example.org", Join, ""))),
            ("dev-leave@lists.example.org", Some(("dev.lists.example.org", Leave, ""))),
            ("dev-unsubscribe@lists.example.org", Some(("dev.lists.example.org", Leave, ""))),
            ("dev@virtual.example.org", Some(("dev.lists.example.org", Post, ""))),
            ("test-join@example.org", Some(("test-join.example.org", Post, ""))),
            ("test-join-join@example.org", Some(("test-join.example.org", Join, ""))),
            ("join@example.org", Some(("join.example.org", Post, ""))),
            ("-join@x.org", Some(("-join.x.org", Post, ""))),
            ("dev-bogus@lists.example.org", None),
            ("dev@example.org", None),
            ("dev", None),
            ("+x@lists.example.org", None),
        ];
        let directory = directory();
        for (path, wanted) in cases {
            let wanted = wanted.map(|(list, sub, extension)| Destination {
                list: ListId::new(list),
                sub,
                extension: extension.into(),
            });
            assert_eq!(split(path, &directory), wanted, "{path}");
        }
    }
}
