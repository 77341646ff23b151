use std::time::Duration;

use bytes::Bytes;
use posthaste_model::{Action, EntryId, Timestamp};
use posthaste_store::{AuditEntry, AuditWanted, Decided, Decision, Mark, Store};
use serde_json::json;
use uuid::Uuid;

use super::fixture::{Behind, NOON, cases, list, store};
use super::moderation::post;

cases![one_decides, carried_out, the_queue, marks, audit, an_audit_cannot_be_edited];

fn decision(number: u128, action: Action, who: &str) -> Decision {
    let held = EntryId::new(Uuid::from_u128(number));
    Decision {
        id: if action == Action::Defer { held.child("forward") } else { held },
        held,
        action,
        who: who.into(),
        reason: (action == Action::Reject).then(|| "too long".into()),
        forward: if action == Action::Defer { vec!["carl@example.com".into()] } else { vec![] },
        preserve: false,
        at: NOON,
    }
}

fn entry(who: &str, action: &str) -> AuditEntry {
    AuditEntry {
        at: NOON,
        who: who.into(),
        action: action.into(),
        list: "dev.lists.example".into(),
        object: "held 1".into(),
        was: json!(null),
        became: json!({ "größe": 1 }),
    }
}

async fn decide(store: &Store, decision: &Decision) -> Decided {
    store.decide(decision, &entry(&decision.who, decision.action.name())).await.unwrap()
}

/// Of many who decide at once one does, the others hear who it was, and the audit tells of that one alone.
async fn one_decides(url: String) {
    let (store, list) = list(&url).await;
    store.hold(&post(1, list.id, Bytes::from_static(b"x"))).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|i| {
            let store = store.clone();
            let action = if i % 2 == 0 { Action::Accept } else { Action::Discard };
            tokio::spawn(async move { decide(&store, &decision(1, action, &format!("m{i}"))).await })
        })
        .collect();
    let (mut now, mut before) = (0, vec![]);
    for task in tasks {
        match task.await.unwrap() {
            Decided::Now => now += 1,
            Decided::Before(by) => before.push(by),
            Decided::NotThere => panic!("it is there"),
        }
    }
    assert_eq!((now, before.len()), (1, 7));
    let open = store.open_decisions(None, 9).await.unwrap();
    assert_eq!(open.len(), 1);
    assert!(before.iter().all(|by| *by == open[0]), "{before:?}");
    let audit = store.audit_page(&AuditWanted::default(), 9).await.unwrap();
    assert_eq!(audit.iter().map(|r| r.who.as_str()).collect::<Vec<_>>(), [open[0].who.as_str()]);
    assert_eq!(decide(&store, &decision(2, Action::Accept, "m")).await, Decided::NotThere);
}

async fn carried_out(url: String) {
    let (store, list) = list(&url).await;
    for number in 1..=3 {
        store.hold(&post(number, list.id, Bytes::from_static(b"x"))).await.unwrap();
    }
    let forward = decision(1, Action::Defer, "anne");
    // Asked for twice, done once.
    for _ in 0..2 {
        assert_eq!(decide(&store, &forward).await, Decided::Now);
    }
    let accept = decision(1, Action::Accept, "anne");
    let kept = Decision { preserve: true, ..decision(2, Action::Discard, "bob") };
    assert_eq!(decide(&store, &accept).await, Decided::Now);
    assert_eq!(decide(&store, &kept).await, Decided::Now);
    let open = store.open_decisions(None, 9).await.unwrap();
    assert_eq!(open.len(), 3);
    assert!(open.contains(&forward) && open.contains(&accept) && open.contains(&kept));
    let first = store.open_decisions(None, 1).await.unwrap();
    let rest = store.open_decisions(first.last(), 9).await.unwrap();
    assert_eq!([first, rest].concat(), open, "page by page it is the same");
    for (decision, later) in open.iter().zip([1, 2, 3]) {
        store.carried_out(decision, NOON.plus(Duration::from_secs(later))).await.unwrap();
        // Once more, as after a crash.
        store.carried_out(decision, NOON.plus(Duration::from_secs(9))).await.unwrap();
    }
    assert_eq!(store.open_decisions(None, 9).await.unwrap(), []);
    assert_eq!(store.held(accept.held).await.unwrap(), None);
    assert!(store.held(kept.held).await.unwrap().is_some(), "it is preserved");
    assert_eq!(store.preserved(9).await.unwrap(), std::slice::from_ref(&kept));
    assert_eq!(store.decision(kept.held).await.unwrap(), Some(kept));
    assert_eq!(store.held_page(list.id, 0, 9).await.unwrap().len(), 1, "only the third waits");
}

async fn the_queue(url: String) {
    let (store, list) = list(&url).await;
    let other = store.create_list(super::fixture::seed("ops@lists.example"), &[]).await.unwrap();
    for (number, on) in [(1, list.id), (2, other.id), (3, list.id)] {
        let held_at = NOON.plus(Duration::from_secs(number));
        let held = posthaste_store::HeldMessage { held_at, ..post(number.into(), on, Bytes::new()) };
        assert_eq!(store.hold(&held).await.unwrap(), i64::try_from(number).unwrap());
        assert_eq!(store.hold(&held).await.unwrap(), i64::try_from(number).unwrap(), "held already");
    }
    let numbers = async |list, after| {
        let page = store.held_queue(list, after, 9).await.unwrap();
        page.iter().map(|s| s.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(None, 0).await, [1, 2, 3]);
    assert_eq!(numbers(None, 2).await, [3]);
    assert_eq!(numbers(Some(list.id), 0).await, [1, 3]);
    decide(&store, &decision(1, Action::Defer, "a")).await;
    decide(&store, &decision(3, Action::Discard, "a")).await;
    assert_eq!(numbers(None, 0).await, [1, 2], "decided ones do not wait; deferred ones do");
    let mut counts = store.held_counts().await.unwrap();
    counts.sort_by_key(|count| count.oldest);
    let counts: Vec<_> = counts.iter().map(|c| (c.list, c.count, c.oldest)).collect();
    let at = |s| NOON.plus(Duration::from_secs(s));
    assert_eq!(counts, [(list.id, 1, at(1)), (other.id, 1, at(2))]);
    assert_eq!(store.held_before(list.id, at(1), 9).await.unwrap(), []);
    assert_eq!(store.held_before(list.id, at(2), 9).await.unwrap().len(), 1);
    assert_eq!(store.held_by_number(2).await.unwrap().map(|s| s.list), Some(other.id));
    assert_eq!(store.held_by_number(7).await.unwrap(), None);
}

async fn marks(url: String) {
    let store = store(&url).await;
    let (one, at) = (Uuid::from_u128(1), |s| NOON.plus(Duration::from_secs(s)));
    let mark = |who: &str, s| Mark { who: who.into(), at: at(s) };
    let set = async |who: &str, s, stale| store.mark("claim", one, &mark(who, s), at(stale)).await.unwrap();
    assert_eq!(set("anne", 10, 0).await, None);
    assert_eq!(set("bob", 11, 0).await, Some(mark("anne", 10)), "anne has it");
    assert_eq!(set("anne", 12, 0).await, None, "one's own is renewed");
    assert_eq!(set("bob", 13, 12).await, Some(mark("anne", 12)));
    assert_eq!(set("bob", 14, 13).await, None, "anne's is stale");
    assert_eq!(store.marks("claim").await.unwrap().get(&one), Some(&mark("bob", 14)));
    assert!(store.unmark("claim", one).await.unwrap());
    assert!(!store.unmark("claim", one).await.unwrap());
    // Nobody's marks say when something was done last.
    let due = async |s, stale| store.mark("reminder", one, &mark("", s), at(stale)).await.unwrap().is_none();
    assert!(due(100, 50).await);
    assert!(!due(101, 51).await);
    assert!(due(200, 150).await);
    // Set by a clock that was wrong by years.
    assert!(due(300_000_000, 299_999_950).await);
    assert!(due(200, 150).await);
    assert_eq!(store.forget_marks("reminder", at(200)).await.unwrap(), 0);
    assert_eq!(store.forget_marks("reminder", at(201)).await.unwrap(), 1);
    let tasks: Vec<_> = (0..8)
        .map(|i| {
            let store = store.clone();
            let mark = Mark { who: format!("m{i}"), at: NOON };
            tokio::spawn(
                async move { store.mark("claim", Uuid::from_u128(2), &mark, Timestamp::default()).await },
            )
        })
        .collect();
    let mut got = 0;
    for task in tasks {
        got += u32::from(task.await.unwrap().unwrap().is_none());
    }
    assert_eq!(got, 1, "one has the claim");
}

async fn audit(url: String) {
    let store = store(&url).await;
    for (i, who) in (0..).zip(["anne by mail", "bob", "a_ne", "anne"]) {
        let at = NOON.plus(Duration::from_secs(i));
        let list = if i == 3 { String::new() } else { "dev.lists.example".into() };
        let number = store.audit(&AuditEntry { at, list, ..entry(who, "set") }).await.unwrap();
        assert_eq!(number, i64::try_from(i).unwrap() + 1);
    }
    let numbers = async |wanted: AuditWanted| {
        let page = store.audit_page(&wanted, 9).await.unwrap();
        page.iter().map(|r| r.number).collect::<Vec<_>>()
    };
    let all = AuditWanted::default;
    assert_eq!(numbers(all()).await, [4, 3, 2, 1]);
    assert_eq!(numbers(AuditWanted { before: Some(3), ..all() }).await, [2, 1]);
    assert_eq!(numbers(AuditWanted { who: Some("anne".into()), ..all() }).await, [4, 1]);
    assert_eq!(numbers(AuditWanted { who: Some("a_".into()), ..all() }).await, [3], "_ is itself");
    assert_eq!(numbers(AuditWanted { list: Some("dev.lists.example".into()), ..all() }).await, [3, 2, 1]);
    assert_eq!(
        numbers(AuditWanted { since: Some(NOON.plus(Duration::from_secs(2))), ..all() }).await,
        [4, 3]
    );
    assert!(numbers(AuditWanted { action: Some("accept".into()), ..all() }).await.is_empty());
    let first = store.audit_page(&AuditWanted { before: Some(2), ..all() }, 1).await.unwrap();
    assert_eq!((first[0].became.clone(), first[0].at), (json!({ "größe": 1 }), NOON));
    assert_eq!(store.verify_audit().await.unwrap(), Ok(4));
    // What is old may go; the rest still holds.
    assert_eq!(store.forget_audit(NOON.plus(Duration::from_secs(2))).await.unwrap(), 2);
    assert_eq!(store.verify_audit().await.unwrap(), Ok(2));
}

/// What was written down is changed, taken out, cut off: each is found.
async fn an_audit_cannot_be_edited(url: String) {
    let store = store(&url).await;
    assert_eq!(store.verify_audit().await.unwrap(), Ok(0));
    for i in 0..5 {
        store.audit(&entry(&format!("m{i}"), "accept")).await.unwrap();
    }
    let behind = Behind::open(&url).await;
    behind.run("UPDATE audit SET who = 'm9' WHERE number = 3").await;
    assert_eq!(store.verify_audit().await.unwrap(), Err(3));
    behind.run("UPDATE audit SET who = 'm2' WHERE number = 3").await;
    assert_eq!(store.verify_audit().await.unwrap(), Ok(5));
    behind.run("UPDATE audit SET at = at + 1 WHERE number = 1").await;
    assert_eq!(store.verify_audit().await.unwrap(), Err(1));
    behind.run("UPDATE audit SET at = at - 1 WHERE number = 1").await;
    behind.run("DELETE FROM audit WHERE number = 5").await;
    assert_eq!(store.verify_audit().await.unwrap(), Err(5), "the end is missing");
    behind.run("DELETE FROM audit WHERE number = 2").await;
    assert_eq!(store.verify_audit().await.unwrap(), Err(3));
}
