//! Lists of tags, as DKIM, ARC and DMARC write them (RFC 6376 §3.2).

use std::collections::BTreeSet;

use posthaste_mime::{Field, Head};

/// The value of a tag, its white space taken out; `None` if it is not there.
pub(crate) fn tag(list: &str, name: &str) -> Option<String> {
    list.split(';').find_map(|tag| {
        let (found, value) = tag.split_once('=')?;
        (found.trim() == name).then(|| value.split_whitespace().collect())
    })
}

/// The names of the fields that the message's DKIM signatures of these domains cover, lower case; of all signatures if
/// `domains` is `None`. Empty if there is no such signature.
pub fn signed_fields(head: &Head, domains: Option<&[String]>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for value in head.all("DKIM-Signature").map(Field::unfolded) {
        let domain = tag(&value, "d").unwrap_or_default();
        if domains.is_some_and(|wanted| !wanted.iter().any(|w| w.eq_ignore_ascii_case(&domain))) {
            continue;
        }
        let covered = tag(&value, "h").unwrap_or_default();
        names.extend(covered.split(':').map(str::to_ascii_lowercase));
    }
    names
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use posthaste_mime::Message;

    use super::*;

    #[test]
    fn tags() {
        assert_eq!(tag("v=1; h=From : To :\t Subject; d=x", "h").as_deref(), Some("From:To:Subject"));
        assert_eq!(tag("v=1;b=ab =cd", "b").as_deref(), Some("ab=cd"));
        assert_eq!(tag("v=1", "d"), None);
        assert_eq!(tag("", "d"), None);
    }

    #[test]
    fn what_is_signed() {
        let raw = "DKIM-Signature: d=a.example; h=From:Subject\r\nDKIM-Signature: d=b.example;\r\n h=from:To\r\n\r\n";
        let head = Message::parse(Bytes::from(raw)).head;
        let names =
            |domains: Option<&[String]>| signed_fields(&head, domains).into_iter().collect::<Vec<_>>();
        assert_eq!(names(None), ["from", "subject", "to"]);
        assert_eq!(names(Some(&["B.example".into()])), ["from", "to"]);
        assert!(names(Some(&[])).is_empty());
    }
}
