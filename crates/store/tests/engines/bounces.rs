use std::time::Duration;

use bytes::Bytes;
use posthaste_model::{DeliveryStatus, Member, Role, Timestamp};
use posthaste_store::{BounceEnd, BounceEvent, BounceVerdict, MemberChange, Standing, Store};
use uuid::Uuid;

use super::fixture::{NOON, address, cases, crowd, list, mailbox};

cases![
    failures_are_kept_once_and_end_once,
    failures_are_counted,
    standings,
    probes,
    those_switched_off_by_others
];

fn event(id: u128, list: Uuid, address: &str) -> BounceEvent {
    BounceEvent {
        id: Uuid::from_u128(id),
        list,
        address: address.into(),
        at: NOON,
        blame: "recipient".into(),
        proven: true,
        probe: false,
        status: "5.1.1".into(),
        diagnostic: "550 no — niemand".into(),
        post: "HASH".into(),
        verdict: BounceVerdict::Waiting,
        report: Some(Bytes::from_static(b"\0\xff report")),
    }
}

fn hours(n: u64) -> Duration {
    Duration::from_hours(n)
}

async fn member(store: &Store, list: Uuid, text: &str) -> Member {
    store.add_members(list, Role::Member, &[mailbox(text)], NOON).await.unwrap();
    store.member(list, &address(text), Role::Member).await.unwrap().unwrap()
}

fn end(event: u128, verdict: BounceVerdict) -> BounceEnd<'static> {
    BounceEnd { event: Uuid::from_u128(event), verdict, standing: None, disable: false, probe: None }
}

async fn failures_are_kept_once_and_end_once(url: String) {
    let (store, list) = list(&url).await;
    let one = event(1, list.id, "anne@example.com");
    store.add_bounces(&[one.clone(), event(2, list.id, "Bart@Example.com")]).await.unwrap();
    store.add_bounces(&[BounceEvent { diagnostic: "other".into(), ..one.clone() }]).await.unwrap();
    let due = store.bounces_due(NOON, 10).await.unwrap();
    assert_eq!(due.len(), 2);
    assert_eq!(due[0], one, "the first telling stays");
    assert_eq!(due[1].address, "bart@example.com");
    assert_eq!(store.bounces_due(NOON.minus(hours(1)), 10).await.unwrap(), []);

    let anne = member(&store, list.id, "anne@example.com").await;
    let standing = Standing { score: 1, reason: "no".into(), last_bounce: Some(NOON), ..Standing::default() };
    let counted = BounceEnd { standing: Some((anne.id, &standing)), ..end(1, BounceVerdict::Counted) };
    store.end_bounce(counted).await.unwrap();
    // Done again after a crash, it changes nothing more.
    let twice = Standing { score: 2, ..standing.clone() };
    store.end_bounce(BounceEnd { standing: Some((anne.id, &twice)), ..counted }).await.unwrap();
    assert_eq!(store.standing(anne.id).await.unwrap(), standing);
    assert_eq!(store.bounces_due(NOON, 10).await.unwrap().len(), 1);
    let told = store.bounces_of(list.id, "ANNE@example.com", 10).await.unwrap();
    assert_eq!(told.iter().map(|e| e.verdict).collect::<Vec<_>>(), [BounceVerdict::Counted]);
    // Somebody who has left meanwhile is no error.
    let gone = Uuid::from_u128(77);
    store
        .end_bounce(BounceEnd { standing: Some((gone, &standing)), ..end(2, BounceVerdict::Counted) })
        .await
        .unwrap();

    store.forget_bounces(NOON, NOON.plus(hours(1))).await.unwrap();
    assert_eq!(store.bounces_of(list.id, "anne@example.com", 10).await.unwrap()[0].report, None);
    assert_eq!(store.forget_bounces(NOON.plus(hours(1)), NOON).await.unwrap(), 2);
    store.remove_list(list.id).await.unwrap();
}

async fn failures_are_counted(url: String) {
    let (store, list) = list(&url).await;
    store.add_members(list.id, Role::Member, &crowd(0..6), NOON).await.unwrap();
    store.add_members(list.id, Role::Owner, &crowd(6..9), NOON).await.unwrap();
    let events: Vec<_> = (0..4_u32)
        .map(|n| BounceEvent {
            blame: "post".into(),
            at: NOON.plus(hours(u64::from(n) * 24)),
            ..event(u128::from(n), list.id, &format!("member{}@example.com", n / 2))
        })
        .collect();
    store.add_bounces(&events).await.unwrap();
    assert_eq!(store.bounces_of_post(list.id, "HASH", "post").await.unwrap(), (2, false));
    assert_eq!(store.bounces_of_post(list.id, "HASH", "host").await.unwrap(), (0, false));
    store.end_bounce(end(0, BounceVerdict::Post)).await.unwrap();
    assert_eq!(store.bounces_of_post(list.id, "HASH", "post").await.unwrap(), (2, true));
    assert_eq!(store.failing_at("example.com", NOON, NOON.plus(hours(24))).await.unwrap(), 1);
    assert_eq!(store.failing_at("example.com", NOON, NOON.plus(hours(96))).await.unwrap(), 2);
    assert_eq!(store.failing_at("example.org", NOON, NOON.plus(hours(96))).await.unwrap(), 0);
    assert_eq!(store.members_at("example.com").await.unwrap(), 6);
    assert_eq!(store.members_at("ample.com").await.unwrap(), 0);
    for id in 1..4 {
        store.end_bounce(end(id, BounceVerdict::Outage)).await.unwrap();
    }
    let days = |now: Timestamp| store.outage_days("example.com", NOON, now);
    assert_eq!(days(NOON.plus(hours(240))).await.unwrap(), 3);
    assert_eq!(days(NOON.plus(hours(24))).await.unwrap(), 2, "the day itself is left out");
    let judged = |but| store.bounces_judged(list.id, BounceVerdict::Outage, NOON, Uuid::from_u128(but));
    assert_eq!((judged(1).await.unwrap(), judged(99).await.unwrap()), (2, 3));
}

async fn standings(url: String) {
    let (store, list) = list(&url).await;
    let anne = member(&store, list.id, "anne@example.com").await;
    assert_eq!(store.standing(anne.id).await.unwrap(), Standing::default());
    let off = Standing {
        score: 0,
        proven: true,
        last_bounce: Some(NOON),
        reason: "5.1.1 weg".into(),
        disabled_at: Some(NOON),
        warnings: 1,
        last_warning: Some(NOON),
        probed_at: Some(NOON),
    };
    store.add_bounces(&[event(1, list.id, "anne@example.com")]).await.unwrap();
    let disabled =
        BounceEnd { standing: Some((anne.id, &off)), disable: true, ..end(1, BounceVerdict::Counted) };
    store.end_bounce(disabled).await.unwrap();
    let status =
        async || store.membership(list.id, anne.id).await.unwrap().unwrap().preferences.delivery_status;
    assert_eq!(status().await, Some(DeliveryStatus::ByBounces));
    let page = store.off_for_bounces(None, 10).await.unwrap();
    assert_eq!(page.iter().map(|(m, s)| (m.id, s.clone())).collect::<Vec<_>>(), [(anne.id, off.clone())]);
    assert_eq!(store.off_for_bounces(Some(anne.id), 10).await.unwrap(), []);
    assert_eq!(store.standings(list.id, None, 10).await.unwrap().len(), 1);
    let warned = Standing { warnings: 2, ..off };
    store.set_standing(anne.id, &warned).await.unwrap();
    assert_eq!(store.standing(anne.id).await.unwrap(), warned);
    assert!(store.forgive(anne.id).await.unwrap());
    assert!(!store.forgive(anne.id).await.unwrap());
    assert_eq!((status().await, store.standing(anne.id).await.unwrap()), (None, Standing::default()));
    // Switched off by the member: that is theirs.
    let mut preferences = anne.preferences.clone();
    preferences.delivery_status = Some(DeliveryStatus::ByUser);
    let change = MemberChange { preferences: Some(preferences), ..MemberChange::default() };
    store.set_member(list.id, &anne.address, Role::Member, &change).await.unwrap();
    assert!(!store.forgive(anne.id).await.unwrap());
    assert_eq!(status().await, Some(DeliveryStatus::ByUser));
    store.set_standing(anne.id, &warned).await.unwrap();
    store.remove_members(list.id, Role::Member, &[anne.address]).await.unwrap();
    assert_eq!(store.standings(list.id, None, 10).await.unwrap(), [], "it goes with the membership");
}

async fn probes(url: String) {
    let (store, list) = list(&url).await;
    let anne = member(&store, list.id, "anne@example.com").await;
    store.add_bounces(&[event(1, list.id, "anne@example.com")]).await.unwrap();
    let standing = Standing { probed_at: Some(NOON), ..Standing::default() };
    let sent = BounceEnd {
        standing: Some((anne.id, &standing)),
        probe: Some("token"),
        ..end(1, BounceVerdict::Counted)
    };
    store.end_bounce(sent).await.unwrap();
    assert_eq!(store.probed("token").await.unwrap(), Some((list.id, anne.id, NOON)));
    assert_eq!(store.probed("Token").await.unwrap(), None);
    // A later failure leaves the probe alone.
    store.set_standing(anne.id, &Standing { score: 1, ..standing }).await.unwrap();
    assert!(store.probed("token").await.unwrap().is_some());
    store.forgive(anne.id).await.unwrap();
    assert_eq!(store.probed("token").await.unwrap(), None);
}

async fn those_switched_off_by_others(url: String) {
    let (store, list) = list(&url).await;
    let anne = member(&store, list.id, "anne@example.com").await;
    assert_eq!(store.adopt_off_for_bounces(NOON).await.unwrap(), 0);
    let mut preferences = anne.preferences.clone();
    preferences.delivery_status = Some(DeliveryStatus::ByBounces);
    let change = MemberChange { preferences: Some(preferences), ..MemberChange::default() };
    store.set_member(list.id, &anne.address, Role::Member, &change).await.unwrap();
    assert_eq!(store.adopt_off_for_bounces(NOON).await.unwrap(), 1);
    assert_eq!(store.adopt_off_for_bounces(NOON).await.unwrap(), 0);
    assert_eq!(store.off_for_bounces(None, 10).await.unwrap()[0].1.disabled_at, Some(NOON));
}
