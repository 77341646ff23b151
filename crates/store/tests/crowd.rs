//! A hundred thousand members on `SQLite`.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use posthaste_model::{ListName, ListSeed, Mailbox, Role, Style, Timestamp};
use posthaste_store::{ROWS, Store};

const MANY: u32 = 100_000;
/// Seconds on an idle machine even without optimisation; the rest is for busy ones.
const BOUND: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_members_are_added_paged_and_synced() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::connect(&format!("sqlite:{}", folder.path().join("db").display())).await.unwrap();
    store.migrate().await.unwrap();
    store.add_domain("lists.example", "", None).await.unwrap();
    let name = ListName::parse("all@lists.example").unwrap();
    let at = Timestamp::from_micros(1_700_000_000_000_000);
    let list = store.create_list(ListSeed { name, style: Style::LegacyDefault, at }, &[]).await.unwrap();
    let crowd: Vec<_> =
        (0..MANY).map(|i| Mailbox::parse(&format!("Member {i} <member{i}@example.com>")).unwrap()).collect();

    let begin = Instant::now();
    let mut added = 0;
    for chunk in crowd.chunks(ROWS) {
        added += store.add_members(list.id, Role::Member, chunk, at).await.unwrap().added;
    }
    eprintln!("added {added} in {:?}", begin.elapsed());
    assert_eq!(added, u64::from(MANY));

    let paging = Instant::now();
    let (mut seen, mut after, mut longest) = (HashSet::new(), None, Duration::ZERO);
    loop {
        let page = Instant::now();
        let rows = store.recipients_page(list.id, after, 5_000).await.unwrap();
        longest = longest.max(page.elapsed());
        let Some(end) = rows.last() else { break };
        after = Some(end.member);
        seen.extend(rows.into_iter().map(|r| r.address));
    }
    eprintln!("paged in {:?}, the longest page {longest:?}", paging.elapsed());
    assert_eq!(seen.len(), MANY as usize);

    let syncing = Instant::now();
    let synced = store.sync_members(list.id, Role::Member, &crowd[10..], at).await.unwrap();
    eprintln!("synced in {:?}", syncing.elapsed());
    assert_eq!((synced.added, synced.removed, synced.kept), (0, 10, u64::from(MANY) - 10));
    assert_eq!(store.member_count(list.id, Role::Member).await.unwrap(), u64::from(MANY) - 10);
    assert!(begin.elapsed() < BOUND, "it took {:?}", begin.elapsed());
}
