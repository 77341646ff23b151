//! What a post is about, by the topics of its list.

use posthaste_mime::{Field, Message};
use posthaste_model::{MailingList, Pattern};

use crate::parts;

/// A member who has chosen this gets posts without a topic, too.
pub(crate) const NONE: &str = "*";

/// The names of the topics this message is about, sorted; none if the list has topics switched off.
pub(crate) fn of(message: &Message, list: &MailingList) -> Vec<String> {
    let settings = &list.settings;
    if !settings.topics_enabled || settings.topics.is_empty() {
        return vec![];
    }
    let head = &message.head;
    let mut texts: Vec<String> =
        ["Subject", "Keywords"].iter().flat_map(|name| head.all(name)).map(Field::text).collect();
    texts.extend(in_body(message, settings.topics_bodylines_limit));
    let about = |pattern: &str| {
        Pattern::parse(pattern.trim()).is_ok_and(|pattern| texts.iter().any(|text| pattern.is_in(text)))
    };
    let topics = settings.topics.iter().filter(|topic| topic.pattern.lines().any(about));
    let mut names: Vec<_> = topics.map(|topic| topic.name.clone()).collect();
    names.sort_unstable();
    names
}

/// The values of `Subject:` and `Keywords:` at the beginning of the text: of its first `limit` lines, or of all.
fn in_body(message: &Message, limit: i64) -> Vec<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let text = if limit == 0 { None } else { parts::first_text(message) };
    let mut found = vec![];
    for line in text.unwrap_or_default().lines().filter(|l| !l.trim().is_empty()).take(limit) {
        // The first line that can be no header field ends it.
        let Some((name, value)) =
            line.split_once(':').filter(|(n, _)| n.bytes().all(|b| b.is_ascii_graphic()))
        else {
            break;
        };
        if ["subject", "keywords"].iter().any(|wanted| name.eq_ignore_ascii_case(wanted)) {
            found.push(value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use posthaste_model::{ListName, ListSeed, Style, Timestamp};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn subjects_keywords_and_first_lines() {
        let name = ListName::parse("dev@example.org").unwrap();
        let mut list =
            ListSeed { name, style: Style::LegacyDefault, at: Timestamp::default() }.into_list(Uuid::nil());
        let set = |list: &mut MailingList, key: &str, value: &str| {
            list.settings.set(key, &serde_json::Value::from(value)).unwrap();
        };
        set(&mut list, "topics", "bugs: ^\\[?bug\nbugs: crash\nnews: announce");
        let about =
            |list: &MailingList, raw: &str| of(&Message::parse(Bytes::from(raw.to_owned())), list).join(",");
        assert_eq!(about(&list, "Subject: bug\r\n\r\n"), "", "switched off");
        set(&mut list, "topics_enabled", "yes");
        for (raw, wanted) in [
            ("Subject: [BUG] x\r\n\r\n", "bugs"),
            ("Subject: no bug\r\n\r\n", ""),
            ("Subject: it crashes\r\nKeywords: a, Announcement\r\n\r\n", "bugs,news"),
            ("Subject: x\r\n\r\nKeywords: crash\r\n\r\nHello\r\n", "bugs"),
            ("Subject: x\r\n\r\nHello\r\nKeywords: crash\r\n", ""),
            ("Subject: x\r\n\r\nA: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\nKeywords: crash\r\n", ""),
            ("Subject: =?utf-8?q?cr=61sh?=\r\n\r\n", "bugs"),
        ] {
            assert_eq!(about(&list, raw), wanted, "{raw:?}");
        }
        set(&mut list, "topics_bodylines_limit", "0");
        assert_eq!(about(&list, "Subject: x\r\n\r\nKeywords: crash\r\n"), "");
        set(&mut list, "topics_bodylines_limit", "-1");
        assert_eq!(
            about(&list, &format!("Subject: x\r\n\r\n{}Keywords: crash\r\n", "A: 1\r\n".repeat(50))),
            "bugs"
        );
    }
}
