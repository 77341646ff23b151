use bytes::Bytes;
use posthaste_model::{DeliveryMode, EntryId, Preferences, Role, Timestamp};
use posthaste_store::{Backlog, Collected, IssueLimits, MemberChange, Numbers, Store};
use std::time::Duration;
use uuid::Uuid;

use super::fixture::{NOON, address, cases, list, mailbox, seed};

cases![
    collecting_again_changes_nothing,
    an_issue_takes_what_fits,
    one_of_two_closes,
    readers_by_every_level,
    who_leaves_gets_one_more,
    watermarks_grow
];

const ALL: IssueLimits = IssueLimits { posts: 100, size: 1 << 30 };

fn post(number: u128, list: Uuid, size: usize) -> Collected {
    let at = NOON.plus(Duration::from_secs(u64::try_from(number).unwrap()));
    Collected { id: EntryId::new(Uuid::from_u128(number)), list, at, message: Bytes::from(vec![7; size]) }
}

fn next(numbers: Numbers) -> (i64, i64) {
    (numbers.volume, numbers.number)
}

async fn collecting_again_changes_nothing(url: String) {
    let (store, list) = list(&url).await;
    assert_eq!(store.digest_backlog().await.unwrap(), []);
    let large = (1 << 20) + 3;
    for (number, size) in [(2, 5), (1, large), (2, 5)] {
        store.collect_for_digest(&post(number, list.id, size)).await.unwrap();
    }
    let oldest = NOON.plus(Duration::from_secs(1));
    let backlog = Backlog { list: list.id, posts: 2, size: large as u64 + 5, oldest };
    assert_eq!(store.digest_backlog().await.unwrap(), [backlog]);
    assert_eq!(store.digest_backlog_of(list.id).await.unwrap(), Some(backlog));
    let issue = store.close_digest(list.id, NOON, ALL, next).await.unwrap().unwrap();
    assert_eq!((issue.volume, issue.number), (1, 1));
    assert_eq!(store.open_digests().await.unwrap(), std::slice::from_ref(&issue));
    let posts = store.digest_posts(issue.id).await.unwrap();
    assert_eq!(posts, [1, 2].map(|n| EntryId::new(Uuid::from_u128(n))), "in the order they came");
    assert_eq!(store.collected(posts[0]).await.unwrap().unwrap().len(), large);
    store.digest_sent(&issue, NOON, &[]).await.unwrap();
    assert_eq!(store.open_digests().await.unwrap(), []);
    assert_eq!(store.collected(posts[0]).await.unwrap(), None);
    // A crash before the spool's record lets the runner collect it once more.
    store.collect_for_digest(&post(1, list.id, 9)).await.unwrap();
    assert_eq!(store.digest_backlog().await.unwrap(), []);
    let list = store.list_by_key(list.id).await.unwrap().unwrap();
    assert_eq!((list.volume, list.next_digest_number, list.digest_last_sent_at), (1, 2, Some(NOON)));
    assert_eq!(store.forget_digests(NOON).await.unwrap(), 0);
    assert_eq!(store.forget_digests(NOON.plus(Duration::from_secs(1))).await.unwrap(), 1);
    assert_eq!(store.digest_posts(issue.id).await.unwrap(), []);
    store.collect_for_digest(&post(3, list.id, 1)).await.unwrap();
    store.remove_list(list.id).await.unwrap();
    assert_eq!(store.digest_backlog().await.unwrap(), []);
}

async fn an_issue_takes_what_fits(url: String) {
    let (store, list) = list(&url).await;
    for number in 1..=4 {
        store.collect_for_digest(&post(number, list.id, 10)).await.unwrap();
    }
    let sizes = async |limits| {
        let issue = store.close_digest(list.id, NOON, limits, |n| (n.volume + 1, 1)).await.unwrap().unwrap();
        assert_eq!(issue.number, 1);
        (issue.volume, store.digest_posts(issue.id).await.unwrap().len())
    };
    assert_eq!(sizes(IssueLimits { posts: 9, size: 3 }).await, (2, 1), "one, however large");
    assert_eq!(sizes(IssueLimits { posts: 9, size: 20 }).await, (3, 2));
    assert_eq!(sizes(IssueLimits { posts: 1, size: 99 }).await, (4, 1));
    assert!(store.close_digest(list.id, NOON, ALL, next).await.unwrap().is_none());
}

async fn one_of_two_closes(url: String) {
    let (store, list) = list(&url).await;
    let other = store.create_list(seed("other@lists.example"), &[]).await.unwrap();
    for number in 1..=5 {
        store.collect_for_digest(&post(number, list.id, 10)).await.unwrap();
    }
    store.collect_for_digest(&post(6, other.id, 10)).await.unwrap();
    let close = || store.close_digest(list.id, NOON, ALL, next);
    let (a, b, c) = tokio::join!(close(), close(), close());
    let closed: Vec<_> = [a, b, c].into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(closed.len(), 1);
    assert_eq!(store.digest_posts(closed[0].id).await.unwrap().len(), 5);
    assert_eq!(store.digest_backlog().await.unwrap().len(), 1);
}

async fn prefer(store: &Store, list: Uuid, who: &str, mode: Option<DeliveryMode>) {
    let preferences = Some(Preferences { delivery_mode: mode, ..Preferences::default() });
    let change = MemberChange { preferences, ..MemberChange::default() };
    store.set_member(list, &address(who), Role::Member, &change).await.unwrap();
}

async fn readers_by_every_level(url: String) {
    let (store, list) = list(&url).await;
    let people = ["Anne <Anne@example.com>", "bart@example.com", "cris@example.com"].map(mailbox);
    store.add_members(list.id, Role::Member, &people, NOON).await.unwrap();
    assert!(!store.has_digest_readers(list.id).await.unwrap());
    prefer(&store, list.id, "anne@example.com", Some(DeliveryMode::MimeDigests)).await;
    prefer(&store, list.id, "bart@example.com", Some(DeliveryMode::PlaintextDigests)).await;
    assert!(store.has_digest_readers(list.id).await.unwrap());
    let readers = store.digest_readers(list.id, None, 1).await.unwrap();
    assert_eq!((readers[0].address.as_str(), readers[0].name.as_str()), ("Anne@example.com", "Anne"));
    assert_eq!(readers[0].mode, DeliveryMode::MimeDigests);
    let rest = store.digest_readers(list.id, Some(readers[0].member), 9).await.unwrap();
    assert_eq!(rest.len(), 1);
    prefer(&store, list.id, "anne@example.com", Some(DeliveryMode::Regular)).await;
    prefer(&store, list.id, "bart@example.com", None).await;
    assert!(!store.has_digest_readers(list.id).await.unwrap());
    let behind = super::fixture::Behind::open(&url).await;
    behind
        .run("UPDATE address SET delivery_mode = 'summary_digests' WHERE \"key\" = 'bart@example.com'")
        .await;
    behind
        .run("UPDATE address SET delivery_mode = 'summary_digests' WHERE \"key\" = 'anne@example.com'")
        .await;
    assert!(store.has_digest_readers(list.id).await.unwrap());
    let readers = store.digest_readers(list.id, None, 9).await.unwrap();
    assert_eq!(readers.len(), 1, "what a member says goes before what the address says");
    assert_eq!(readers[0].mode, DeliveryMode::SummaryDigests);
}

async fn who_leaves_gets_one_more(url: String) {
    let (store, list) = list(&url).await;
    store.add_members(list.id, Role::Member, &["Anne@example.com"].map(mailbox), NOON).await.unwrap();
    let prefer = async |mode| prefer(&store, list.id, "anne@example.com", mode).await;
    let owed = async || {
        let last = store.last_digests(list.id).await.unwrap();
        last.into_iter().map(|r| (r.address.to_string(), r.mode)).collect::<Vec<_>>()
    };
    prefer(Some(DeliveryMode::MimeDigests)).await;
    prefer(Some(DeliveryMode::Regular)).await;
    assert_eq!(owed().await, [], "nothing waits");
    store.collect_for_digest(&post(1, list.id, 10)).await.unwrap();
    prefer(Some(DeliveryMode::MimeDigests)).await;
    prefer(None).await;
    let one = ("Anne@example.com".to_owned(), DeliveryMode::MimeDigests);
    assert_eq!(owed().await, std::slice::from_ref(&one));
    prefer(None).await;
    assert_eq!(owed().await, std::slice::from_ref(&one), "an unrelated change");
    prefer(Some(DeliveryMode::PlaintextDigests)).await;
    assert_eq!(owed().await, [], "back again");
    prefer(Some(DeliveryMode::Regular)).await;
    let issue = store.close_digest(list.id, NOON, ALL, next).await.unwrap().unwrap();
    store.digest_sent(&issue, Timestamp::default(), &[address("anne@example.com")]).await.unwrap();
    assert_eq!(owed().await, []);
}

async fn watermarks_grow(url: String) {
    let (store, list) = list(&url).await;
    let mark = async || store.list_by_key(list.id).await.unwrap().unwrap().usenet_watermark;
    for (article, afresh, wanted) in [(5, false, 5), (3, false, 5), (9, false, 9), (2, true, 2)] {
        store.set_watermark(list.id, article, afresh).await.unwrap();
        assert_eq!(mark().await, Some(wanted));
    }
}
