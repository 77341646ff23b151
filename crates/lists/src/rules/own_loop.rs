use posthaste_mime::Field;
use posthaste_model::MailingList;

use super::Rule;
use crate::{facts::Facts, post::Post, reason::Reason};

/// More Received fields than this are a loop nobody else has noticed (RFC 5321 §6.3 asks for at least 100 in relays; a
/// message to a list has no such journey behind it).
const MOST_HOPS: usize = 50;

/// The list has sent it before.
pub(super) struct Loop;

impl Rule for Loop {
    const NAME: &'static str = "loop";

    fn check(post: &Post, list: &MailingList, _: &Facts) -> Option<Reason> {
        if sent_before(post, list) {
            return Some(Reason::phrase(Self::NAME, "reason.loop", []));
        }
        let hops = post.message.head.all("Received").count();
        (hops > MOST_HOPS).then(|| Reason::phrase(Self::NAME, "reason.hops", [("hops", hops.to_string())]))
    }

    fn passed(_: &Post, _: &MailingList, _: &Facts) -> String {
        "the list has not sent it before".into()
    }
}

/// True if the list has sent it.
pub(super) fn sent_before(post: &Post, list: &MailingList) -> bool {
    let head = &post.message.head;
    let address = list.name.to_string();
    let values = |name| head.all(name).map(Field::unfolded);
    values("List-Post").any(|v| mailto_addresses(&v).any(|a| a == address))
        || values("List-Id").any(|v| last_bracketed(&v).eq_ignore_ascii_case(list.list_id.as_str()))
        || values("X-BeenThere").any(|v| v.trim().eq_ignore_ascii_case(&address))
}

/// The addresses of the mailto URIs in a List-Post value (RFC 2369 §3.4), lower case.
fn mailto_addresses(value: &str) -> impl Iterator<Item = String> {
    value.split('<').skip(1).filter_map(|part| {
        let uri = part.split('>').next()?.trim();
        let scheme = uri.get(..7).filter(|s| s.eq_ignore_ascii_case("mailto:"))?;
        let address = uri.get(scheme.len()..)?.split('?').next()?;
        Some(address.replace("%40", "@").trim().to_lowercase())
    })
}

/// What stands in the last pair of angle brackets (RFC 2919 §3), else the whole value.
fn last_bracketed(value: &str) -> &str {
    match value.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default().trim(),
        None => value.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let found: Vec<_> =
            mailto_addresses("<MailTo:Dev@Example.org?subject=x> (c), <https://x>, < mailto:b@c >").collect();
        assert_eq!(found, ["dev@example.org", "b@c"]);
        assert_eq!(mailto_addresses("NO").count(), 0);
        assert_eq!(last_bracketed("\"<odd>\" <dev.example.org>"), "dev.example.org");
        assert_eq!(last_bracketed(" dev.example.org "), "dev.example.org");
    }
}
