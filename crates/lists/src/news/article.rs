//! What a post looks like as an article, and an article as a post.

use bytes::Bytes;
use posthaste_mime::{Field, Message, clean_message_id, crlf};
use posthaste_model::{MailingList, NewsgroupModeration};

/// Fields that a mail may not bring into the news: they belong to mail servers, to news servers, or command the latter.
const REMOVED: [&str; 19] = [
    "Also-Control",
    "Approved",
    "Control",
    "Date-Received",
    "Delivered-To",
    "Injection-Date",
    "Injection-Info",
    "Newsgroups",
    "NNTP-Posting-Date",
    "NNTP-Posting-Host",
    "Path",
    "Posted",
    "Posting-Version",
    "Received",
    "Relay-Version",
    "Return-Path",
    "Supersedes",
    "X-MailFrom",
    "Xref",
];

/// Fields of which an article has one (RFC 5536 §3); later ones are kept under another name.
const ONCE: [(&str, &str); 7] = [
    ("To", "X-Original-To"),
    ("Cc", "X-Original-Cc"),
    ("Sender", "X-Original-Sender"),
    ("Reply-To", "X-Original-Reply-To"),
    ("Content-Type", "X-Original-Content-Type"),
    ("Content-Transfer-Encoding", "X-Original-Content-Transfer-Encoding"),
    ("MIME-Version", "X-MIME-Version"),
];

/// The article made of a post. `original` is the post as its author sent it, `message_id` another one for it if its own is
/// taken.
pub(crate) fn article(
    list: &MailingList,
    bare: &Message,
    original: &Message,
    message_id: Option<&str>,
) -> Bytes {
    let settings = &list.settings;
    let mut message = bare.clone();
    let head = &mut message.head;
    if !settings.nntp_prefix_subject_too
        && let Some(subject) = original.head.get("Subject")
    {
        head.replace(subject.clone());
    }
    // RFC 5536 §2.2: a field has a value.
    head.retain(|field| !REMOVED.iter().any(|name| field.is(name)) && !field.unfolded().trim().is_empty());
    for (name, other) in ONCE {
        let mut later = vec![];
        let mut seen = false;
        head.retain(|field| {
            if !field.is(name) {
                return true;
            }
            if std::mem::replace(&mut seen, true) {
                later.push(field.unfolded());
                return false;
            }
            true
        });
        for value in later {
            head.append(Field::structured(other, &value));
        }
    }
    let own = head.get("Message-ID").map(Field::unfolded).unwrap_or_default();
    let id = clean_message_id(message_id.unwrap_or(&own));
    let id: String = id.chars().filter(|c| !c.is_whitespace()).collect();
    head.replace(Field::structured("Message-ID", &id));
    if message_id.is_some() {
        head.append(Field::structured("X-Original-Message-ID", own.trim()));
    }
    head.replace(Field::structured("Newsgroups", settings.linked_newsgroup.trim()));
    if settings.newsgroup_moderation != NewsgroupModeration::None {
        head.replace(Field::structured("Approved", &list.name.to_string()));
    }
    if !head.has("Subject") {
        head.append(Field::structured("Subject", "(no subject)"));
    }
    if !head.has("Lines") {
        let lines = message.body.split_inclusive(|b| *b == b'\n').count();
        head.append(Field::structured("Lines", &lines.to_string()));
    }
    crlf(message.to_bytes())
}

/// True if an article was a post of this list.
pub(crate) fn is_of_list(list: &MailingList, article: &Message) -> bool {
    let id = format!("<{}>", list.list_id);
    let posting = list.name.to_string();
    article.head.all("List-Id").any(|field| field.unfolded().trim().ends_with(&id))
        || article.head.all("X-BeenThere").any(|field| field.unfolded().trim().eq_ignore_ascii_case(&posting))
}

/// The post made of an article: it is addressed to the list.
pub(crate) fn to_post(list: &MailingList, mut article: Message) -> Bytes {
    let head = &mut article.head;
    if let Some(to) = head.get("To").map(Field::unfolded) {
        head.append(Field::structured("X-Originally-To", to.trim()));
        head.remove("To");
    }
    // What the news servers wrote: nobody needs it, and Approved would be taken for a moderator's word.
    for name in ["Path", "Xref", "Approved", "Lines", "NNTP-Posting-Host", "NNTP-Posting-Date"] {
        head.remove(name);
    }
    head.append(Field::structured("To", &list.name.to_string()));
    crlf(article.to_bytes())
}

#[cfg(test)]
mod tests {
    use posthaste_model::{ListName, ListSeed, Style, Timestamp};

    use super::*;

    fn list(moderation: NewsgroupModeration) -> MailingList {
        let name = ListName::parse("dev@lists.example.org").unwrap();
        let seed = ListSeed { name, style: Style::LegacyDefault, at: Timestamp::default() };
        let mut list = seed.into_list(uuid::Uuid::nil());
        list.settings.linked_newsgroup = "local.dev".into();
        list.settings.newsgroup_moderation = moderation;
        list
    }

    fn message(text: &str) -> Message {
        Message::parse(Bytes::from(text.to_owned()))
    }

    #[test]
    fn posts_become_articles() {
        let bare = "From: a@x.example\r\nSubject: [Dev] x\r\nMessage-ID: < a@b >\r\nReceived: r\r\nControl: cancel <z>\r\n\
            X-Empty: \r\nTo: dev@lists.example.org\r\nTo: other@x.example\r\nApproved: secret\r\nNewsgroups: alt.spam\r\n\r\nx\ny\r\n";
        let original = message("Subject: x\r\n\r\n");
        let made = |moderation, prefixed| {
            let mut list = list(moderation);
            list.settings.nntp_prefix_subject_too = prefixed;
            String::from_utf8(article(&list, &message(bare), &original, None).to_vec()).unwrap()
        };
        let plain = "From: a@x.example\r\nSubject: [Dev] x\r\nMessage-ID: <a@b>\r\nTo: dev@lists.example.org\r\n\
            X-Original-To: other@x.example\r\nNewsgroups: local.dev\r\nLines: 2\r\n\r\nx\r\ny\r\n";
        assert_eq!(made(NewsgroupModeration::None, true), plain);
        assert_eq!(made(NewsgroupModeration::None, false), plain.replace("[Dev] x", "x"));
        let moderated = plain.replace("Lines:", "Approved: dev@lists.example.org\r\nLines:");
        assert_eq!(made(NewsgroupModeration::OpenModerated, true), moderated);
        assert_eq!(made(NewsgroupModeration::Moderated, true), moderated);
    }

    #[test]
    fn a_taken_id_is_kept_beside() {
        let bare = message("Message-ID: <a@b>\r\nSubject: x\r\n\r\nx\r\n");
        let made = article(&list(NewsgroupModeration::None), &bare, &bare, Some("<new@c>"));
        let made = Message::parse(made);
        assert_eq!(made.head.text("Message-ID").as_deref(), Some("<new@c>"));
        assert_eq!(made.head.text("X-Original-Message-ID").as_deref(), Some("<a@b>"));
    }

    #[test]
    fn articles_become_posts() {
        let list = list(NewsgroupModeration::None);
        let made = to_post(&list, message("Path: p\nApproved: x\nTo: a@b.c\nSubject: s\n\nx\n"));
        assert_eq!(made, "Subject: s\r\nX-Originally-To: a@b.c\r\nTo: dev@lists.example.org\r\n\r\nx\r\n");
        for (head, own) in [
            ("List-Id: The <dev.lists.example.org>", true),
            ("List-Id: <other.example.org>", false),
            ("X-BeenThere: Dev@lists.example.org", true),
            ("A: 1", false),
        ] {
            assert_eq!(is_of_list(&list, &message(&format!("{head}\r\n\r\nx"))), own, "{head}");
        }
    }
}
