use std::collections::HashSet;

use bytes::Bytes;
use posthaste_mime::{ContentType, Part};
use posthaste_model::{ListName, ListSeed, Style};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn list() -> MailingList {
    let name = ListName::parse("test@example.com").unwrap();
    ListSeed { name, style: Style::LegacyDefault, at: Timestamp::default() }.into_list(Uuid::nil())
}

/// Writes all three forms of a digest of these posts.
fn written(posts: &[Bytes], footer: &str) -> [(Form, Message); 3] {
    let (list, site) = (list(), SiteFacts { software: "Posthaste".into(), ..SiteFacts::default() });
    let digest = Digest {
        list: &list,
        site: &site,
        volume: 1,
        number: 2,
        at: Timestamp::default(),
        unique: [7; 16],
        masthead: "How to use the list.\n".into(),
        header: String::new(),
        footer: footer.into(),
        language: "en".into(),
        posts: posts.iter().cloned().map(Message::parse).collect(),
        phrase: &|key, vars| {
            let vars: Vec<_> = vars.iter().map(|(_, value)| *value).collect();
            format!(
                "{}{}",
                key.strip_prefix("digest.").unwrap_or(key),
                vars.iter().map(|v| format!(" {v}")).collect::<String>()
            )
        },
    };
    Form::ALL.map(|form| (form, Message::parse(digest.write(form).to_bytes())))
}

fn post(subject: &str, rest: &str) -> Bytes {
    Bytes::from(format!(
        "From: Anne Person <anne@example.org>\r\nSubject: {subject}\r\nDate: Sat, 02 May 2026 12:00:00 +0000\r\n\
         Message-ID: <{subject}@x>\r\nReceived: secret\r\nX-MailFrom: secret\r\n{rest}"
    ))
}

/// The text of a form as people read it.
fn text(message: &Message) -> String {
    let part = Part::of(message);
    let mut out = String::new();
    part.walk(&mut |p| {
        if p.parts().is_empty() {
            out.push_str(&String::from_utf8_lossy(&p.decoded().unwrap_or_default()));
        }
    });
    out.replace("\r\n", "\n")
}

#[test]
fn the_plain_form_is_rfc_1153() {
    let dashes = "-".repeat(30);
    let posts = [
        post("one", &format!("\r\nHello\r\n{dashes}\r\nWorld\r\n")),
        post(
            "=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
            "Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\u{fc}\u{df}e\r\n",
        ),
    ];
    let [(_, plain), ..] = written(&posts, "the footer\n");
    let text = text(&plain);
    let wanted = format!(
        "How to use the list.\n\ntopics\n\n   1. one (Anne Person)\n   2. Grüße (Anne Person)\n\n\n{}\n\n\
         Message: 1\nDate: Sat, 02 May 2026 12:00:00 +0000\nFrom: Anne Person <anne@example.org>\nSubject: one\n\
         Message-ID: <one@x>\n\nHello\n {dashes}\nWorld\n\n{dashes}\n\nMessage: 2\n",
        "-".repeat(70)
    );
    assert!(text.starts_with(&wanted), "{text}");
    let end = "end subject Test 1 2";
    let tail = format!(
        "\n\n{dashes}\n\nSubject: footer\n\nthe footer\n\n{dashes}\n\n{end}\n{}\n",
        "*".repeat(end.len())
    );
    assert!(text.ends_with(&tail), "{text}");
    // RFC 1153: exactly one separator ends each message, the last one too, and one ends the footer.
    assert_eq!(text.lines().filter(|line| *line == dashes).count(), 3);
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn the_mime_form_has_whole_messages() {
    let eight =
        Bytes::from_static(b"From: a@b.c\r\nSubject: x\r\nX-MailFrom: secret\r\n\r\n\xfc\r\n--=_x\r\n");
    let [_, (_, mime), _] = written(&[post("one", "\r\nHello\r\n"), eight], "foot");
    let part = Part::of(&mime);
    assert_eq!(part.kind(), "multipart/mixed");
    let kinds: Vec<_> = part.parts().iter().map(Part::kind).collect();
    assert_eq!(kinds, ["text/plain", "text/plain", "multipart/digest", "text/plain"]);
    let posts = part.parts()[2].parts();
    assert!(posts.iter().all(Part::is_message));
    let first = posts[0].parts()[0].head();
    assert_eq!(first.text("Message").as_deref(), Some("1"));
    assert_eq!((first.has("Received"), first.has("X-MailFrom"), first.has("Date")), (false, false, true));
    assert_eq!(posts[1].parts()[0].body().as_ref(), b"\xfc\r\n--=_x\r\n");
    for head in [&mime.head, part.parts()[2].head(), posts[1].head()] {
        assert_eq!(head.text("Content-Transfer-Encoding").as_deref(), Some("8bit"));
    }
    let descriptions: Vec<_> =
        part.parts().iter().filter_map(|p| p.head().text("Content-Description")).collect();
    assert_eq!(descriptions, ["subject Test 1 2", "topics_count 2", "footer"]);
    assert!(mime.body.ends_with(b"--\r\nend subject Test 1 2\r\n"));
}

#[test]
fn the_html_form_shows_text_and_no_markup_of_authors() {
    let evil = "Content-Type: text/html\r\nArchived-At: <javascript:alert(1)>\r\n\r\n<p>Hi<script>x</script> &lt;b&gt;</p>\r\n";
    let good = "Archived-At: <https://a.example/1?x=\"&y>\r\n\r\n> you said\r\nI <say>\r\n";
    let [.., (_, html)] = written(&[post("<img src=x>", evil), post("two", good)], "foot <b>");
    let part = Part::of(&html);
    assert_eq!(part.kind(), "multipart/alternative");
    let page = String::from_utf8(part.parts()[1].decoded().unwrap()).unwrap();
    for has in [
        "<li><a href=\"#m1\">&lt;img src=x&gt;</a> (Anne Person)</li>",
        "<a href=\"https://a.example/1?x=&quot;&amp;y\">two</a>",
        "&lt;b&gt;",
        "<blockquote><pre>you said</pre>",
        "I &lt;say&gt;",
        "foot &lt;b&gt;",
    ] {
        assert!(page.contains(has), "no {has} in\n{page}");
    }
    assert!(!page.contains("<script") && !page.contains("javascript:") && !page.contains("<img"), "{page}");
}

#[test]
fn what_is_no_text_is_named() {
    let mixed = "Archived-At: <https://a.example/1>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
        Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n\r\nplain words\r\n--a\r\nContent-Type: text/html\r\n\r\n\
        <p>rich words\r\n--a--\r\n\r\n--b\r\nContent-Type: image/png; name=\"x.png\"\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        AAAA\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner words\r\n--b--\r\n";
    let [(_, plain), ..] = written(&[post("one", mixed)], "");
    let text = text(&plain);
    let wanted = "plain words\n-------------- next part --------------\nscrubbed x.png image/png 3 not_available\n\
        scrubbed_link https://a.example/1\n-------------- next part --------------\nSubject: inner\n\
        -------------- next part --------------\ninner words\n";
    assert!(text.contains(wanted), "{text}");
    assert!(!text.contains("rich words"), "{text}");
}

#[test]
fn the_header_names_the_list_and_asks_for_no_answers() {
    let all = written(&[post("one", "\r\nHello\r\n")], "");
    let ids: HashSet<_> = all.iter().map(|(_, m)| m.head.text("Message-ID")).collect();
    assert_eq!(ids.len(), 3);
    for (form, message) in all {
        for (name, value) in [
            ("From", "Test <test-request@example.com>"),
            ("To", "test@example.com"),
            ("Reply-To", "test@example.com"),
            ("Subject", "subject Test 1 2"),
            ("Precedence", "list"),
            ("Auto-Submitted", "auto-generated"),
            ("List-Id", "<test.example.com>"),
            ("MIME-Version", "1.0"),
        ] {
            assert_eq!(message.head.text(name).as_deref(), Some(value), "{form:?}");
        }
        assert!(!message.head.has("Archived-At"));
        assert_eq!(message.head.all("Content-Type").count(), 1);
    }
}

#[test]
fn odd_charsets_break_nothing() {
    for (charset, body, shown) in [
        ("utf-7", &b"Hi +AOQ-\r\n"[..], "Hi"),
        ("x-unknown", b"caf\xe9\r\n", "café"),
        ("us-ascii", b"caf\xc3\xa9\r\n", "café"),
        ("iso-2022-jp", b"\x1b$B$\"\x1b(B\r\n", "あ"),
        ("koi8-r", b"\xf0\xd2\xc9\xd7\xc5\xd4\r\n", "Привет"),
    ] {
        let mut raw = post("one", &format!("Content-Type: text/plain; charset={charset}\r\n\r\n")).to_vec();
        raw.extend_from_slice(body);
        for (form, message) in written(&[Bytes::from(raw.clone())], "") {
            let whole = message.to_bytes();
            assert!(whole.split(|b| *b == b'\n').all(|line| line.len() <= 999), "{form:?}");
            if form != Form::Mime {
                assert!(text(&message).contains(shown), "{charset} {form:?}\n{}", text(&message));
            }
        }
    }
}

proptest! {
    #[test]
    fn any_posts_make_digests(posts in proptest::collection::vec(
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "(Subject: .{0,20}\r\n|From: .{0,20}\r\n|Content-Type: multipart/(mixed|alternative); boundary=b\r\n|Content-Type: text/html\r\n){0,4}\r\n(--b\r\n|--b--\r\n|\r\n|[ -~]{0,20}\r\n){0,8}".prop_map(String::into_bytes),
        ], 0..4)) {
        let posts: Vec<_> = posts.into_iter().map(Bytes::from).collect();
        let count = posts.len();
        for (form, message) in written(&posts, "foot") {
            prop_assert!(posthaste_mime::crlf(message.to_bytes()) == message.to_bytes(), "bare line ends");
            let part = Part::of(&message);
            prop_assert!(!part.is_unreadable());
            if form == Form::Mime && count > 0 {
                prop_assert_eq!(part.parts()[2].parts().len(), count);
            }
            prop_assert!(!ContentType::of(&message.head).kind().is_empty());
        }
    }
}
