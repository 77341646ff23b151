//! What holds for every message, however strange, on its way through rules and pipeline.

#![expect(clippy::unwrap_used, reason = "a test may stumble; that is how it fails")]

use bytes::Bytes;
use posthaste_lists::facts::{Facts, MembershipFact, SiteFacts};
use posthaste_lists::pipeline::{Draft, Outgoing, Segment, Vars, render, run};
use posthaste_lists::post::Post;
use posthaste_lists::rules::judge;
use posthaste_mime::Message;
use posthaste_model::{
    Address, EntryId, Envelope, ForwardPath, ListName, ListSeed, MailingList, Preferences, ReversePath, Role,
    Style, SubAddress, Timestamp,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

fn list(settings: &Value) -> MailingList {
    let seed = ListSeed {
        name: ListName::parse("test@example.com").unwrap(),
        style: Style::LegacyDefault,
        at: Timestamp::default(),
    };
    let mut list = seed.into_list(Uuid::nil());
    for (key, value) in settings.as_object().unwrap() {
        list.settings.set(key, value).unwrap();
    }
    list
}

fn facts() -> Facts {
    let anne = Address::parse("anne@example.org").unwrap();
    Facts {
        memberships: vec![MembershipFact {
            sought: anne.clone(),
            address: anne,
            role: Role::Member,
            member: Uuid::nil(),
            display_name: "Anne".into(),
            moderation_action: None,
            preferences: Preferences {
                receive_list_copy: Some(false),
                receive_own_postings: Some(false),
                ..Preferences::default()
            },
            accepted_posts: 0,
        }],
        site: SiteFacts {
            base_url: Some("https://lists.example.com".into()),
            one_click: true,
            software: "Posthaste".into(),
            ..SiteFacts::default()
        },
        ..Facts::default()
    }
}

fn post(raw: &[u8], list: &MailingList) -> Post {
    let envelope = Envelope {
        reverse_path: ReversePath::Path("anne@example.org".into()),
        forward_path: ForwardPath::parse("test@example.com").unwrap(),
        client: "test".into(),
        received: Timestamp::default(),
    };
    let raw = Bytes::copy_from_slice(raw);
    Post::receive(EntryId::new(Uuid::nil()), envelope, raw, SubAddress::Post, &list.name)
}

fn send(raw: &[u8], list: &MailingList) -> Outgoing {
    let mut post = post(raw, list);
    let facts = facts();
    judge(&post, list, &facts).stamp(&mut post.message.head);
    run(Draft::new(&post, list, &facts)).unwrap()
}

fn copy(outgoing: &Outgoing) -> Vec<u8> {
    let vars = Vars { user_email: "bea@example.org".into(), user_name: "Bea ü".into(), ..Vars::default() };
    render(&outgoing.segments, &vars).concat()
}

#[test]
fn limits_are_exact() {
    let list = list(&json!({"max_message_size": 1, "max_num_recipients": 3}));
    let head = "From: anne@example.org\r\nSubject: x\r\nTo: test@example.com";
    for (more, body, hits) in [
        (", b@c.d", 1024, vec![]),
        (", b@c.d", 1025, vec!["max-size"]),
        (", b@c.d, no address", 1024, vec!["max-recipients"]),
        (", Staff: b@c.d;", 1024, vec![]),
    ] {
        let mut raw = format!("{head}{more}\r\n\r\n");
        raw.push_str(&"x".repeat(body - raw.len()));
        assert_eq!(judge(&post(raw.as_bytes(), &list), &list, &facts()).hits, hits, "{more} {body}");
    }
}

#[test]
fn the_archive_gets_the_post_without_header_and_footer() {
    let raw = b"From: anne@example.org\r\nTo: test@example.com\r\nSubject: x\r\n\r\nbody\r\n";
    for personalize in ["none", "individual"] {
        let list = list(&json!({"header": "h", "footer": "$user_email", "personalize": personalize}));
        let outgoing = send(raw, &list);
        assert_eq!(outgoing.archive.body, "body\r\n");
        assert_eq!(outgoing.archive.head.text("Subject").as_deref(), Some("[Test] x"));
        assert!(!copy(&outgoing).ends_with(b"body\r\n"));
    }
}

fn settings() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!({}),
        json!({"footer": "", "subject_prefix": ""}),
        json!({"footer": "Füße $user_name", "header": "$listname", "personalize": "individual"}),
        json!({"footer": "x", "personalize": "full", "reply_goes_to_list": "point_to_list", "subject_prefix": "[%d ü] "}),
        json!({"anonymous_list": true, "description": "日本", "header": "日本"}),
        json!({"reply_goes_to_list": "explicit_header", "reply_to_address": "a@b.c", "first_strip_reply_to": true}),
        json!({"allow_list_posts": false, "include_rfc2369_headers": false}),
    ])
}

/// Something like mail: known fields with odd values, a body of any bytes.
fn mail() -> impl Strategy<Value = Vec<u8>> {
    let names = [
        "From",
        "To",
        "Cc",
        "Subject",
        "Reply-To",
        "Message-ID",
        "References",
        "Content-Type",
        "List-Id",
        "List-Post",
        "Content-Transfer-Encoding",
        "X-Odd",
    ];
    let values = prop_oneof![
        "[ -~]{0,60}",
        "\\PC{0,40}",
        Just("text/plain; charset=utf-8".to_owned()),
        Just("multipart/mixed; boundary=b".to_owned()),
        Just("base64".to_owned()),
        Just("quoted-printable".to_owned()),
        Just("=?utf-8?q?Re:_=5BTest=5D?= <anne@example.org>, Re: [Test]".to_owned()),
    ];
    let fields = prop::collection::vec((prop::sample::select(names.to_vec()), values), 0..8);
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "(--b(--)?|[ -~]{0,20}|\\PC{0,9})(\r\n(--b(--)?|[ -~]{0,20})){0,8}".prop_map(String::into_bytes),
    ];
    (fields, body).prop_map(|(fields, body)| {
        let mut raw: Vec<u8> =
            fields.iter().flat_map(|(n, v)| format!("{n}: {v}\r\n").into_bytes()).collect();
        raw.extend_from_slice(b"\r\n");
        raw.extend_from_slice(&body);
        raw
    })
}

proptest! {
    #[test]
    fn nothing_panics_and_the_marks_are_always_there(raw in mail(), settings in settings()) {
        let list = list(&settings);
        let sent = Message::parse(Bytes::from(copy(&send(&raw, &list))));
        prop_assert!(sent.head.all("X-BeenThere").any(|f| f.unfolded() == "test@example.com"));
        prop_assert!(sent.head.has("Precedence"));
        if list.settings.include_rfc2369_headers {
            prop_assert_eq!(sent.head.all("List-Id").count(), 1);
        }
        prop_assert!(sent.head.fields().iter().all(|f| f.raw().ends_with(b"\n")));
    }

    #[test]
    fn nothing_panics_on_any_bytes(raw in prop::collection::vec(any::<u8>(), 0..400), settings in settings()) {
        copy(&send(&raw, &list(&settings)));
    }

    #[test]
    fn an_undecorated_body_is_shared_byte_for_byte(raw in mail()) {
        let list = list(&json!({"footer": "", "personalize": "full"}));
        let outgoing = send(&raw, &list);
        let body = Message::parse(Bytes::from(raw)).body;
        prop_assert_eq!(&outgoing.archive.body, &body);
        prop_assert!(copy(&outgoing).ends_with(&body));
        let last = outgoing.segments.last().unwrap();
        prop_assert!(body.is_empty() || *last == Segment::Shared(body));
    }

    #[test]
    fn a_second_pass_adds_no_second_prefix(subject in "\\PC{0,40}") {
        let list = list(&json!({"footer": ""}));
        let raw = format!("From: anne@example.org\r\nSubject: {}\r\n\r\n", posthaste_mime::encode_words(&subject));
        let once = copy(&send(raw.as_bytes(), &list));
        let twice = copy(&send(&once, &list));
        let subject = |raw: Vec<u8>| Message::parse(Bytes::from(raw)).head.text("Subject");
        prop_assert_eq!(subject(once), subject(twice));
    }
}
