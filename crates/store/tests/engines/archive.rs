//! The archive's memory: each post once, threads by references whatever the order in which posts come.

use std::collections::BTreeMap;
use std::time::Duration;

use posthaste_store::{ArchivePost, Filed, Store, ThreadsWanted};
use uuid::Uuid;

use super::fixture::{NOON, cases, list, seed};

cases![
    each_post_once_and_newest_first,
    late_parents_join_their_children,
    any_order_gives_the_same_threads,
    circles_are_cut,
    answers_without_references_by_subject,
    two_writers_thread_one_list,
    words_and_pages,
    archives_for_everybody,
];

/// A post `hash` that answers these, the nearest first; written `hour` hours after noon.
fn post(hash: &str, ancestors: &[&str], hour: u64) -> ArchivePost {
    let at = NOON.plus(Duration::from_hours(hour));
    ArchivePost {
        hash: hash.into(),
        message_id: format!("{hash}@x"),
        body: "00".repeat(32),
        size: 100,
        ancestors: ancestors.iter().map(|&hash| hash.to_owned()).collect(),
        subject: format!("About {hash}"),
        topic: format!("about {hash}"),
        is_answer: false,
        author: "Anne \0".into(),
        address: "anne@example.com".into(),
        beginning: "Hello".into(),
        words: format!(" about {hash} 100%_sure "),
        files: 0,
        at,
        kept_at: at,
    }
}

/// Who answers whom, by thread.
async fn threads(store: &Store, list: Uuid) -> BTreeMap<String, Vec<(String, Option<String>)>> {
    let mut all = BTreeMap::new();
    let found = store.archived_threads(list, &ThreadsWanted::default(), 1_000).await.unwrap();
    for thread in &found {
        let messages = store.thread_messages(list, &thread.hash, 1_000).await.unwrap();
        assert_eq!(messages.len() as u64, thread.messages, "{}", thread.hash);
        assert_eq!(messages.iter().map(|m| m.at).min(), Some(thread.started), "{}", thread.hash);
        assert_eq!(messages.iter().map(|m| m.at).max(), Some(thread.active), "{}", thread.hash);
        let mut pairs: Vec<_> = messages.into_iter().map(|m| (m.hash, m.parent)).collect();
        pairs.sort();
        all.insert(thread.hash.clone(), pairs);
    }
    let shelf = store.shelf(list).await.unwrap();
    assert_eq!(shelf.threads, found.len() as u64);
    assert_eq!(shelf.messages, all.values().map(|t| t.len() as u64).sum::<u64>());
    all
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (!b.is_empty()).then(|| (*b).to_owned()))).collect()
}

async fn each_post_once_and_newest_first(url: String) {
    let (store, list) = list(&url).await;
    assert_eq!(store.shelf(list.id).await.unwrap().messages, 0);
    let filed = store.archive(list.id, &[post("A", &[], 0), post("B", &["A"], 1)]).await.unwrap();
    let new = |thread: &str| Filed { new: true, thread: thread.into() };
    assert_eq!(filed, [new("A"), new("A")]);
    let revision = store.shelf(list.id).await.unwrap().revision;
    let again = store.archive(list.id, &[post("B", &[], 9)]).await.unwrap();
    assert_eq!(again, [Filed { new: false, thread: "A".into() }]);
    assert_eq!(store.shelf(list.id).await.unwrap().revision, revision, "nothing changed");
    // Twice in one go, and the same post in another list.
    store.archive(list.id, &[post("C", &[], 2), post("C", &[], 2)]).await.unwrap();
    let other = store.create_list(seed("other@lists.example"), &[]).await.unwrap();
    store.archive(other.id, &[post("A", &[], 0)]).await.unwrap();
    assert_eq!(store.lists_with_message("A").await.unwrap().len(), 2);
    let found = store.archived_threads(list.id, &ThreadsWanted::default(), 9).await.unwrap();
    let found: Vec<_> = found.iter().map(|t| (t.hash.as_str(), t.messages)).collect();
    assert_eq!(found, [("C", 1), ("A", 2)]);
    let b = store.archived_message(list.id, "B").await.unwrap().unwrap();
    assert_eq!((b.parent.as_deref(), b.thread.as_str(), b.author.as_str()), (Some("A"), "A", "Anne "));
    assert!(store.archive(Uuid::from_u128(1), &[post("A", &[], 0)]).await.is_err(), "no such list");
    let stats = store.archive_stats().await.unwrap();
    assert_eq!(stats.iter().map(|s| (s.messages, s.threads, s.size)).max(), Some((3, 2, 300)));
    assert_eq!(store.archived_bodies(None, 9).await.unwrap().len(), 4);
    store.remove_list(list.id).await.unwrap();
    assert_eq!(store.archived_bodies(None, 9).await.unwrap().len(), 1);
}

async fn late_parents_join_their_children(url: String) {
    let (store, list) = list(&url).await;
    // The answers come first, each a thread of its own.
    for late in [post("B", &["A"], 1), post("C", &["B", "A"], 2), post("D", &["A"], 3)] {
        store.archive(list.id, &[late]).await.unwrap();
    }
    assert_eq!(threads(&store, list.id).await.len(), 2, "B with C, and D");
    store.archive(list.id, &[post("A", &[], 0)]).await.unwrap();
    let wanted = BTreeMap::from([("A".to_owned(), pairs(&[("A", ""), ("B", "A"), ("C", "B"), ("D", "A")]))]);
    assert_eq!(threads(&store, list.id).await, wanted);
    // One that stands between two that are there.
    store.archive(list.id, &[post("F", &["E", "D"], 5)]).await.unwrap();
    store.archive(list.id, &[post("E", &[], 4)]).await.unwrap();
    let thread = store.thread_messages(list.id, "A", 99).await.unwrap();
    let parent = |hash: &str| thread.iter().find(|m| m.hash == hash).and_then(|m| m.parent.clone());
    assert_eq!((parent("E").as_deref(), parent("F").as_deref()), (Some("D"), Some("E")));
}

async fn any_order_gives_the_same_threads(url: String) {
    let (store, _) = list(&url).await;
    let posts = [
        post("A", &[], 0),
        post("B", &["A"], 1),
        post("C", &["B", "A"], 2),
        post("D", &["C", "B", "A"], 3),
        post("X", &[], 4),
    ];
    let wanted = BTreeMap::from([
        ("A".to_owned(), pairs(&[("A", ""), ("B", "A"), ("C", "B"), ("D", "C")])),
        ("X".to_owned(), pairs(&[("X", "")])),
    ]);
    // Every order of five.
    let mut orders: Vec<Vec<usize>> = vec![vec![]];
    for _ in 0..5 {
        orders = orders
            .into_iter()
            .flat_map(|order| {
                let rest: Vec<usize> = (0..5).filter(|i| !order.contains(i)).collect();
                rest.into_iter().map(move |next| [order.clone(), vec![next]].concat())
            })
            .collect();
    }
    for (number, order) in orders.into_iter().enumerate().filter(|(number, _)| number % 5 == 0) {
        let list = store.create_list(seed(&format!("l{number}@lists.example")), &[]).await.unwrap();
        let mixed: Vec<_> = order.iter().map(|at| posts[*at].clone()).collect();
        // One by one, or together.
        for some in mixed.chunks(1 + number % 3) {
            store.archive(list.id, some).await.unwrap();
        }
        assert_eq!(threads(&store, list.id).await, wanted, "{order:?}");
    }
}

async fn circles_are_cut(url: String) {
    let (store, list) = list(&url).await;
    let circle = [post("A", &["C"], 0), post("B", &["A"], 1), post("C", &["B"], 2), post("D", &["E"], 3)];
    for one in circle {
        store.archive(list.id, &[one]).await.unwrap();
    }
    store.archive(list.id, &[post("E", &["D"], 4)]).await.unwrap();
    let wanted = BTreeMap::from([
        ("A".to_owned(), pairs(&[("A", ""), ("B", "A"), ("C", "B")])),
        ("D".to_owned(), pairs(&[("D", ""), ("E", "D")])),
    ]);
    assert_eq!(threads(&store, list.id).await, wanted);
}

async fn answers_without_references_by_subject(url: String) {
    let (store, list) = list(&url).await;
    let answer = |hash: &str, topic: &str, hour| ArchivePost {
        topic: topic.into(),
        is_answer: true,
        ..post(hash, &[], hour)
    };
    store.archive(list.id, &[post("A", &[], 0), post("B", &["A"], 1)]).await.unwrap();
    let posts = [
        answer("C", "about A", 5),
        answer("D", "about B", 6),
        answer("E", "about A", 24 * 40),
        answer("F", "", 7),
        ArchivePost { topic: "about A".into(), ..post("G", &[], 8) },
    ];
    let filed = store.archive(list.id, &posts).await.unwrap();
    let threads: Vec<_> = filed.iter().map(|filed| filed.thread.as_str()).collect();
    assert_eq!(
        threads,
        ["A", "A", "E", "F", "G"],
        "too late, without a subject, no answer: threads of their own"
    );
}

async fn two_writers_thread_one_list(url: String) {
    let (store, list) = list(&url).await;
    let other = Store::connect(&url).await.unwrap();
    let posts: Vec<_> = (0..30_u64)
        .map(|n| {
            let before = n.checked_sub(1).map(|n| format!("M{n:02}"));
            post(&format!("M{n:02}"), &before.as_deref().map(|b| vec![b]).unwrap_or_default(), n)
        })
        .collect();
    let (even, odd): (Vec<_>, Vec<_>) = posts.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
    let write = async |store: &Store, posts: Vec<(usize, ArchivePost)>| {
        for (_, post) in posts.into_iter().rev() {
            store.archive(list.id, &[post]).await.unwrap();
        }
    };
    tokio::join!(write(&store, even), write(&other, odd));
    let threads = threads(&store, list.id).await;
    assert_eq!(threads.keys().collect::<Vec<_>>(), ["M00"]);
    assert!(threads["M00"].iter().skip(1).all(|(_, parent)| parent.is_some()));
}

async fn words_and_pages(url: String) {
    let (store, list) = list(&url).await;
    let posts: Vec<_> = (0..7).map(|n| post(&format!("P{n}"), &[], n * 24 * 10)).collect();
    store.archive(list.id, &posts).await.unwrap();
    let find = async |words: &[&str]| {
        let words: Vec<_> = words.iter().map(|w| (*w).to_owned()).collect();
        let found = store.newest_archived(list.id, &words, None, 99).await.unwrap();
        found.into_iter().map(|m| m.hash).collect::<Vec<_>>()
    };
    assert_eq!(find(&["P3", "about"]).await, ["P3"]);
    assert_eq!(find(&["P"]).await.len(), 7);
    assert_eq!(find(&["100%_"]).await.len(), 7);
    assert_eq!(find(&["1%0"]).await.len(), 0, "a percent sign is one");
    assert_eq!(find(&["_"]).await.len(), 0);
    let mut seen = vec![];
    let mut before = None;
    loop {
        let page = store.newest_archived(list.id, &[], before, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some((last.at, last.id));
        seen.extend(page.iter().map(|m| m.hash.clone()));
    }
    assert_eq!(seen, ["P6", "P5", "P4", "P3", "P2", "P1", "P0"]);
    let (from, until) = (posts[2].at, posts[5].at);
    let range = store.archived_between(list.id, Some(from), Some(until), None, 2).await.unwrap();
    let last = range.last().map(|m| (m.at, m.id));
    let rest = store.archived_between(list.id, Some(from), Some(until), last, 9).await.unwrap();
    let range: Vec<_> = range.iter().chain(&rest).map(|m| m.hash.as_str()).collect();
    assert_eq!(range, ["P2", "P3", "P4"]);
    let months = store.archived_months(list.id).await.unwrap();
    assert_eq!(months.iter().map(|m| m.messages).sum::<u64>(), 7);
    assert_eq!(months.last().map(|m| (m.year, m.month)), Some((2023, 11)));
    let wanted = ThreadsWanted { from: Some(from), until: Some(until), before: None };
    let some = store.archived_threads(list.id, &wanted, 2).await.unwrap();
    let before = some.last().map(|t| (t.active, t.id));
    let more = store.archived_threads(list.id, &ThreadsWanted { before, ..wanted }, 9).await.unwrap();
    let some: Vec<_> = some.iter().chain(&more).map(|t| t.hash.as_str()).collect();
    assert_eq!(some, ["P4", "P3", "P2"]);
}

async fn archives_for_everybody(url: String) {
    use posthaste_model::ArchivePolicy::{Never, Private, Public};
    let (store, _) = list(&url).await;
    for (name, policy, advertised) in [
        ("a", Public, true),
        ("b", Private, true),
        ("c", Never, true),
        ("d", Public, false),
        ("e", Public, true),
    ] {
        let mut list = store.create_list(seed(&format!("{name}@lists.example")), &[]).await.unwrap();
        list.settings.archive_policy = policy;
        list.settings.advertised = advertised;
        store.save_settings(list.id, &list.settings).await.unwrap();
        store.archive(list.id, &[post("A", &[], 0)]).await.unwrap();
    }
    let (mut seen, mut after) = (vec![], None);
    loop {
        let (page, next) = store.public_archives(after.as_ref(), 2).await.unwrap();
        seen.extend(page.into_iter().map(|archive| archive.name.local().to_owned()));
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["a", "e"]);
}
