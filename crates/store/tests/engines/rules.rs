use std::time::Duration;

use posthaste_model::{EntryId, Role};
use posthaste_store::{HeaderMatch, StoreError};
use uuid::Uuid;

use super::fixture::{NOON, address, cases, crowd, list, name, seed};

cases![accepted_posts, topics, crossposts, crossposts_at_once, header_matches_move];

async fn accepted_posts(url: String) {
    let (store, list) = list(&url).await;
    store.add_members(list.id, Role::Member, &crowd(0..2), NOON).await.unwrap();
    let anne = address("member0@example.com");
    let count = async || {
        let facts = store.posting_facts(list.id, std::slice::from_ref(&anne), &[]).await.unwrap();
        facts.memberships[0].accepted_posts
    };
    let member = store.member(list.id, &anne, Role::Member).await.unwrap().unwrap().id;
    assert_eq!(count().await, 0);
    let entry = |n| EntryId::new(Uuid::from_u128(n));
    store.count_accepted(member, 0, entry(1)).await.unwrap();
    store.count_accepted(member, 0, entry(1)).await.unwrap();
    assert_eq!(count().await, 1, "the same entry counts once");
    store.count_accepted(member, 1, entry(2)).await.unwrap();
    assert_eq!(count().await, 2);
    store.count_accepted(member, 100, entry(3)).await.unwrap();
    assert_eq!(count().await, 2, "enough is enough");
    // Who has left is not counted, and is no trouble.
    store.remove_members(list.id, Role::Member, std::slice::from_ref(&anne)).await.unwrap();
    store.count_accepted(member, 2, entry(4)).await.unwrap();
}

async fn topics(url: String) {
    let (store, list) = list(&url).await;
    store.add_members(list.id, Role::Member, &crowd(0..3), NOON).await.unwrap();
    let who = |n: u32| address(&format!("member{n}@example.com"));
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    store.set_topics(list.id, &who(0), &words(&["bugs", "news", "bugs"])).await.unwrap();
    store.set_topics(list.id, &who(1), &words(&["*"])).await.unwrap();
    assert_eq!(store.topics(list.id, &who(0)).await.unwrap(), ["bugs", "news"]);
    assert_eq!(store.topics(list.id, &who(2)).await.unwrap(), Vec::<String>::new());
    let not_interested =
        async |topics: &[&str]| store.not_interested(list.id, &words(topics)).await.unwrap().len();
    assert_eq!(not_interested(&["bugs"]).await, 1, "who wants posts without a topic");
    assert_eq!(not_interested(&["*"]).await, 1);
    assert_eq!(not_interested(&["sports"]).await, 2);
    assert_eq!(not_interested(&["sports", "bugs", "*"]).await, 0);
    store.set_topics(list.id, &who(0), &[]).await.unwrap();
    assert_eq!(not_interested(&["sports"]).await, 1);
    let stranger = store.set_topics(list.id, &who(9), &[]).await;
    assert!(matches!(stranger, Err(StoreError::NoSuchMember { .. })));
}

async fn crossposts(url: String) {
    let (store, one) = list(&url).await;
    let two = store.create_list(seed("two@lists.example"), &[]).await.unwrap();
    let names = [name("two@lists.example"), name("three@lists.example"), name("two@elsewhere.example")];
    let found = store.lists_among(&names).await.unwrap();
    assert_eq!(found, [(two.name.clone(), two.id)]);
    let post = Uuid::from_u128(5);
    let note = async |list, at, since| store.note_crosspost(post, list, at, since).await.unwrap();
    assert!(note(one.id, NOON, NOON).await.is_empty());
    let earlier = note(two.id, NOON.plus(Duration::from_secs(5)), NOON).await;
    assert_eq!(earlier.iter().map(|e| (e.list, e.at)).collect::<Vec<_>>(), [(one.id, NOON)]);
    assert!(
        note(one.id, NOON.plus(Duration::from_secs(9)), NOON).await.is_empty(),
        "asked again, it stays the first"
    );
    let late = note(two.id, NOON, NOON.plus(Duration::from_secs(1))).await;
    assert!(late.is_empty(), "too long ago");
    assert_eq!(store.forget_crossposts(NOON.plus(Duration::from_secs(6))).await.unwrap(), 2);
    assert!(note(two.id, NOON, NOON).await.is_empty());
}

/// Of two lists that ask at the same time, exactly one is the first.
async fn crossposts_at_once(url: String) {
    let (store, one) = list(&url).await;
    let two = store.create_list(seed("two@lists.example"), &[]).await.unwrap();
    for n in 0..10_u128 {
        let ask = |list| {
            let store = store.clone();
            tokio::spawn(async move {
                store.note_crosspost(Uuid::from_u128(n), list, NOON, NOON).await.unwrap().len()
            })
        };
        let (a, b) = (ask(one.id), ask(two.id));
        assert_eq!(a.await.unwrap() + b.await.unwrap(), 1, "{n}");
    }
}

async fn header_matches_move(url: String) {
    let (store, list) = list(&url).await;
    let rule =
        |header: &str| HeaderMatch { header: header.into(), pattern: "x".into(), action: None, tag: None };
    for header in ["a", "b", "c", "d"] {
        store.add_header_match(list.id, &rule(header)).await.unwrap();
    }
    let order = async || {
        let rules = store.header_matches(list.id).await.unwrap();
        rules.into_iter().map(|r| r.header).collect::<String>()
    };
    store.move_header_match(list.id, 0, 2).await.unwrap();
    assert_eq!(order().await, "bcad");
    store.move_header_match(list.id, 3, 0).await.unwrap();
    assert_eq!(order().await, "dbca");
    assert_eq!(store.move_header_match(list.id, 0, 4).await, Err(StoreError::NoSuchHeaderMatch(4)));
    let bad = store.add_header_match(list.id, &rule("not a name")).await;
    assert!(matches!(bad, Err(StoreError::BadHeader(_))));
}
