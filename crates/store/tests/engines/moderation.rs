use std::time::Duration;

use bytes::Bytes;
use posthaste_model::{Action, Address, EntryId, Envelope, ForwardPath, ReversePath, Role, Timestamp};
use posthaste_store::{Ban, HeaderMatch, HeldMessage, Pending, Scope, StoreError};
use serde_json::json;
use uuid::Uuid;

use super::fixture::{Behind, NOON, cases, crowd, list, store};

cases![
    bans,
    header_matches,
    held_messages,
    large_messages,
    held_at_once,
    one_taker,
    a_deadlock_is_done_again,
    pendings,
    answers
];

async fn bans(url: String) {
    let (store, list) = list(&url).await;
    let here = Scope::List(list.id);
    for entry in ["Zoe@Example.com", "zoe@example.com", "@spam.example", r"^\d+@", r"^\D+@x"] {
        store.add_ban(here, entry, NOON).await.unwrap();
    }
    store.add_ban(Scope::Site, "zoe@example.com", NOON).await.unwrap();
    let entries: Vec<_> = store.bans(here).await.unwrap().into_iter().map(|b| b.entry).collect();
    assert_eq!(entries.len(), 4, "{entries:?}");
    let site = Ban { scope: Scope::Site, entry: "zoe@example.com".into() };
    assert_eq!(store.bans(Scope::Site).await.unwrap(), [site]);
    assert!(store.remove_ban(here, "ZOE@example.com").await.unwrap());
    assert!(!store.remove_ban(here, "zoe@example.com").await.unwrap());
    assert_eq!(store.bans(Scope::Site).await.unwrap().len(), 1);
    assert!(matches!(store.add_ban(here, "^[", NOON).await, Err(StoreError::BadPattern { .. })));
    assert!(matches!(store.add_ban(here, "zoe", NOON).await, Err(StoreError::BadBan(_))));
    let nowhere = store.add_ban(Scope::List(Uuid::from_u128(3)), "a@b.example", NOON).await;
    assert!(matches!(nowhere, Err(StoreError::NoSuchList(_))));
}

async fn answers(url: String) {
    let (store, list) = list(&url).await;
    let day = Duration::from_hours(24);
    let at = |hours: u64| Timestamp::from_micros(NOON.as_micros() + (hours * 3_600_000_000).cast_signed());
    let entry = |n: u128| EntryId::new(Uuid::from_u128(n));
    let zoe = Address::parse("Zoe@example.com").unwrap();
    let same = Address::parse("zoe@EXAMPLE.com").unwrap();
    let may = async |address: &Address, kind: &str, cause, now| {
        store.claim_answer(list.id, address, kind, cause, now, day).await.unwrap()
    };
    assert!(may(&zoe, "post", entry(1), at(0)).await);
    assert!(may(&zoe, "post", entry(1), at(1)).await, "done again after a crash");
    assert!(!may(&same, "post", entry(2), at(23)).await, "too soon, whatever the spelling");
    assert!(may(&zoe, "owner", entry(2), at(23)).await, "another kind");
    assert!(may(&zoe, "post", entry(3), at(24)).await, "a day later");
    assert!(!may(&zoe, "post", entry(4), at(25)).await);
    let always = store.claim_answer(list.id, &zoe, "post", entry(5), at(25), Duration::ZERO).await;
    assert!(always.unwrap());
    let nowhere = store.claim_answer(Uuid::from_u128(9), &zoe, "post", entry(6), NOON, day).await;
    assert!(matches!(nowhere, Err(StoreError::NoSuchList(_))));
}

async fn header_matches(url: String) {
    let (store, list) = list(&url).await;
    let rule = |header: &str, pattern: &str| HeaderMatch {
        header: header.into(),
        pattern: pattern.into(),
        action: Some(Action::Discard),
        tag: Some("t".into()),
    };
    let rules = [
        rule("x-spam", "yes"),
        rule("subject", "^buy"),
        HeaderMatch { action: None, tag: None, ..rule("x-spam", "YES") },
    ];
    for (i, r) in (0..).zip(&rules) {
        assert_eq!(store.add_header_match(list.id, r).await.unwrap(), i);
    }
    assert_eq!(store.header_matches(list.id).await.unwrap(), rules);
    let twice = store.add_header_match(list.id, &rule("X-Spam", "yes")).await.unwrap_err();
    assert_eq!(twice, StoreError::HeaderMatchExists { header: "x-spam".into(), pattern: "yes".into() });
    assert!(matches!(
        store.add_header_match(list.id, &rule("x", "[")).await,
        Err(StoreError::BadPattern { .. })
    ));
    store.remove_header_match(list.id, 0).await.unwrap();
    assert_eq!(store.header_matches(list.id).await.unwrap(), rules[1..]);
    assert_eq!(store.add_header_match(list.id, &rules[0]).await.unwrap(), 2);
    assert_eq!(store.remove_header_match(list.id, 7).await, Err(StoreError::NoSuchHeaderMatch(7)));
}

pub(crate) fn post(number: u128, list: Uuid, message: impl Into<Bytes>) -> HeldMessage {
    HeldMessage {
        id: EntryId::new(Uuid::from_u128(number)),
        list,
        sender: "anne@example.com".into(),
        subject: "Größe 🐎".into(),
        message_id: "<1@example.com>".into(),
        message_id_hash: "ABC".into(),
        reasons: vec!["not a member".into(), "too large".into()],
        envelope: Envelope {
            reverse_path: ReversePath::Null,
            forward_path: ForwardPath::parse("dev@lists.example").unwrap(),
            client: "127.0.0.1:25".into(),
            received: NOON,
        },
        held_at: NOON,
        message: message.into(),
    }
}

async fn held_messages(url: String) {
    let (store, list) = list(&url).await;
    let first = post(7, list.id, Bytes::from_static(b"Subject: x\r\n\r\n\x00\xff\xfe\r\n"));
    let second = post(3, list.id, Bytes::new());
    for held in [&first, &second, &first] {
        store.hold(held).await.unwrap();
    }
    assert_eq!(store.held(first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.held(second.id).await.unwrap(), Some(second.clone()));
    let page = store.held_page(list.id, 0, 10).await.unwrap();
    let numbers: Vec<_> = page.iter().map(|s| (s.number, s.id, s.size)).collect();
    assert_eq!(numbers, [(1, first.id, first.message.len() as u64), (2, second.id, 0)]);
    assert_eq!((&page[0].subject, &page[0].reasons), (&first.subject, &first.reasons));
    assert_eq!(store.held_page(list.id, 1, 1).await.unwrap().len(), 1);
    assert_eq!(store.held_page(list.id, 2, 1).await.unwrap().len(), 0);
    assert!(store.remove_held(first.id).await.unwrap());
    assert!(!store.remove_held(first.id).await.unwrap());
    assert_eq!(store.held(first.id).await.unwrap(), None);
    let homeless = store.hold(&post(9, Uuid::from_u128(1), Bytes::new())).await;
    assert!(matches!(homeless, Err(StoreError::NoSuchList(_))));
}

/// The largest message we accept fits through every server's packet limit.
async fn large_messages(url: String) {
    let (store, list) = list(&url).await;
    let message: Vec<u8> = (0..26_214_400_u32).map(|i| (i % 251) as u8).collect();
    let held = post(1, list.id, message);
    store.hold(&held).await.unwrap();
    assert!(store.held(held.id).await.unwrap() == Some(held), "the message came back changed");
}

async fn held_at_once(url: String) {
    let (store, list) = list(&url).await;
    let tasks: Vec<_> = (0..20_u128)
        .map(|i| {
            let (store, held) = (store.clone(), post(i / 2 + 1, list.id, Bytes::from_static(b"x")));
            tokio::spawn(async move { store.hold(&held).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let page = store.held_page(list.id, 0, 100).await.unwrap();
    assert_eq!(page.iter().map(|s| s.number).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
}

async fn pendings(url: String) {
    let store = store(&url).await;
    let later = |micros| Timestamp::from_micros(NOON.as_micros() + micros);
    let pending =
        |n: i32| Pending { kind: "subscription".into(), payload: json!({"n": n}), expires_at: later(10) };
    store.put_pending("aaa", &pending(1)).await.unwrap();
    store.put_pending("aaa", &pending(2)).await.unwrap();
    store.put_pending("bbb", &pending(3)).await.unwrap();
    store.put_pending("ccc", &pending(4)).await.unwrap();
    assert_eq!(store.take_pending("zzz", NOON).await.unwrap(), None);
    assert_eq!(store.take_pending("aaa", NOON).await.unwrap(), Some(pending(2)));
    assert_eq!(store.take_pending("aaa", NOON).await.unwrap(), None);
    assert_eq!(store.take_pending("bbb", later(10)).await.unwrap(), None);
    assert_eq!(store.expire_pendings(later(9)).await.unwrap(), 0);
    assert_eq!(store.expire_pendings(later(10)).await.unwrap(), 1);
}

/// Of many who come with one token at the same time, one gets what it stands for.
async fn one_taker(url: String) {
    let store = store(&url).await;
    for token in ["a", "b", "c", "d", "e"] {
        let pending =
            Pending { kind: "probe".into(), payload: json!(null), expires_at: Timestamp::from_micros(1) };
        store.put_pending(token, &pending).await.unwrap();
        let takers: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.take_pending(token, Timestamp::default()).await.unwrap() })
            })
            .collect();
        let mut got = 0;
        for taker in takers {
            got += u32::from(taker.await.unwrap().is_some());
        }
        assert_eq!(got, 1, "token {token}");
    }
}

/// Two transactions that wait for each other: the server ends ours, and nobody hears of it.
async fn a_deadlock_is_done_again(url: String) {
    let (store, list) = list(&url).await;
    let behind = Behind::open(&url).await;
    store.add_members(list.id, Role::Member, &crowd(0..50), NOON).await.unwrap();
    store.hold(&post(1, list.id, Bytes::new())).await.unwrap();
    let other = behind.begin().await;
    other.never_ended().await;
    other.lock("mailing_list").await;
    let ours = {
        let (store, held) = (store.clone(), post(2, list.id, Bytes::new()));
        tokio::spawn(async move { store.hold(&held).await })
    };
    // Ours has the counter now, and waits for the list to stay as it is.
    behind.somebody_waits().await;
    other.run("UPDATE counter SET next = next").await;
    other.commit().await;
    ours.await.unwrap().unwrap();
    assert_eq!(store.held_page(list.id, 0, 9).await.unwrap().len(), 2);
}
