use std::time::Duration;

use posthaste_model::{
    DeliveryMode, ListId, MembershipRequest, Preferences, RequestAction, RequestDetails, Role, Timestamp,
    TokenOwner,
};
use posthaste_store::{
    Actor, AuditEntry, AuditWanted, Budget, Joining, MembershipOutcome, Scope, Spending, Spent, Store,
};
use uuid::Uuid;

use super::fixture::{NOON, address, cases, list, mailbox};

cases![
    one_request_of_a_kind,
    tokens_end,
    joining_once_and_again,
    joining_takes_the_request,
    the_banned_do_not_join,
    leaving_and_changing,
    declining,
    budgets,
    those_who_ask_at_once_share_a_budget,
    blocks
];

fn request(list: Uuid, id: u128) -> MembershipRequest {
    MembershipRequest {
        id: Uuid::from_u128(id),
        list,
        action: RequestAction::Join,
        owner: TokenOwner::Subscriber,
        address: address("Anne@example.com"),
        display_name: "Anne".into(),
        details: RequestDetails { invitation: true, ..RequestDetails::default() },
        asked_at: NOON,
        expires_at: NOON.plus(Duration::from_mins(1)),
    }
}

async fn one_request_of_a_kind(url: String) {
    let (store, list) = list(&url).await;
    let first = request(list.id, 1);
    store.put_request(&first, "one").await.unwrap();
    store.put_request(&first, "one").await.unwrap();
    assert_eq!(store.request_by_token("one", NOON).await.unwrap(), Some(first.clone()));
    let second = MembershipRequest {
        owner: TokenOwner::Moderator,
        address: address("anne@EXAMPLE.com"),
        ..request(list.id, 2)
    };
    store.put_request(&second, "two").await.unwrap();
    assert_eq!(store.request_by_token("one", NOON).await.unwrap(), None, "the newer one stands alone");
    assert_eq!(store.request(first.id, NOON).await.unwrap(), None);
    let found = store.request_of(list.id, RequestAction::Join, &first.address, NOON).await.unwrap().unwrap();
    assert_eq!((found.id, found.owner), (second.id, TokenOwner::Moderator));
    let leave = MembershipRequest { action: RequestAction::Leave, ..request(list.id, 3) };
    store.put_request(&leave, "three").await.unwrap();
    for (owner, wanted) in [(TokenOwner::Moderator, second.id), (TokenOwner::Subscriber, leave.id)] {
        let found = store.requests(Some(list.id), owner, None, 10, NOON).await.unwrap();
        assert_eq!(found.iter().map(|r| r.id).collect::<Vec<_>>(), [wanted]);
        assert_eq!(store.requests(None, owner, Some(wanted), 10, NOON).await.unwrap(), []);
    }
    assert!(store.remove_request(leave.id).await.unwrap());
    assert!(!store.remove_request(leave.id).await.unwrap());
    store.remove_list(list.id).await.unwrap();
    assert_eq!(store.request(second.id, NOON).await.unwrap(), None);
}

async fn tokens_end(url: String) {
    let (store, list) = list(&url).await;
    store.put_request(&request(list.id, 1), "t").await.unwrap();
    let late = NOON.plus(Duration::from_mins(1));
    assert_eq!(store.request_by_token("t", late).await.unwrap(), None, "expired, though not evicted");
    assert_eq!(store.request_by_token("T", NOON).await.unwrap(), None);
    assert_eq!(store.expire_requests(NOON, NOON).await.unwrap(), 0);
    assert_eq!(store.expire_requests(late, NOON).await.unwrap(), 1);
}

fn actor(list: &ListId) -> Actor<'_> {
    Actor { who: "anne by mail", list, at: NOON }
}

async fn join(
    store: &Store,
    list: Uuid,
    deed: u128,
    request: Option<&MembershipRequest>,
) -> MembershipOutcome {
    let preferences =
        Preferences { delivery_mode: Some(DeliveryMode::MimeDigests), ..Preferences::default() };
    let dev = ListId::new("dev.example.com");
    let joining = Joining {
        deed: Uuid::from_u128(deed),
        request,
        list,
        mailbox: &mailbox("Anne Person <Anne@Example.com>"),
        preferences: &preferences,
        verified: true,
        actor: actor(&dev),
    };
    store.join(&joining).await.unwrap()
}

async fn joining_once_and_again(url: String) {
    let (store, list) = list(&url).await;
    store.ensure_nonmembers(list.id, &[address("anne@example.com")], NOON).await.unwrap();
    assert!(!store.is_verified(&address("anne@example.com")).await.unwrap());
    let first = join(&store, list.id, 1, None).await;
    let MembershipOutcome::Done(member) = &first else { panic!("{first:?}") };
    assert_eq!(member.preferences.delivery_mode, Some(DeliveryMode::MimeDigests));
    assert_eq!(member.display_name, "Anne Person");
    assert!(store.is_verified(&address("anne@example.com")).await.unwrap());
    assert_eq!(store.member_count(list.id, Role::Nonmember).await.unwrap(), 0, "no stranger any more");
    assert_eq!(join(&store, list.id, 1, None).await, first, "the same deed tells the same");
    assert_eq!(join(&store, list.id, 2, None).await, MembershipOutcome::Already);
    assert_eq!(store.member_count(list.id, Role::Member).await.unwrap(), 1);
    assert_eq!(store.deed(Uuid::from_u128(1)).await.unwrap().unwrap().outcome, first);
    store.expire_requests(NOON, NOON.plus(Duration::from_secs(1))).await.unwrap();
    assert_eq!(store.deed(Uuid::from_u128(1)).await.unwrap(), None);
}

async fn joining_takes_the_request(url: String) {
    let (store, list) = list(&url).await;
    let request = request(list.id, 9);
    store.put_request(&request, "t").await.unwrap();
    assert!(matches!(join(&store, list.id, 1, Some(&request)).await, MembershipOutcome::Done(_)));
    assert_eq!(store.request_by_token("t", NOON).await.unwrap(), None);
    assert_eq!(join(&store, list.id, 2, Some(&request)).await, MembershipOutcome::Gone);
    let deed = store.deed(Uuid::from_u128(1)).await.unwrap().unwrap();
    assert_eq!(deed.request, Some(request));
}

async fn the_banned_do_not_join(url: String) {
    let (store, list) = list(&url).await;
    store.add_ban(Scope::Site, "@example.com", NOON).await.unwrap();
    assert_eq!(join(&store, list.id, 1, None).await, MembershipOutcome::Banned);
    assert_eq!(store.member_count(list.id, Role::Member).await.unwrap(), 0);
}

async fn leaving_and_changing(url: String) {
    let (store, list) = list(&url).await;
    join(&store, list.id, 1, None).await;
    let mut ask = MembershipRequest { action: RequestAction::Set, ..request(list.id, 5) };
    ask.details.preferences.hide_address = Some(true);
    store.put_request(&ask, "s").await.unwrap();
    let changed = store.change(Uuid::from_u128(6), &ask, actor(&list.list_id)).await.unwrap();
    let MembershipOutcome::Done(member) = changed else { panic!("{changed:?}") };
    assert_eq!(member.preferences.hide_address, Some(true));
    assert_eq!(member.preferences.delivery_mode, Some(DeliveryMode::MimeDigests), "the rest stays");
    let anne = address("ANNE@example.com");
    assert_eq!(store.member(list.id, &anne, Role::Member).await.unwrap().unwrap(), *member);
    let actor = actor(&list.list_id);
    let leave = async |deed| store.leave(Uuid::from_u128(deed), None, list.id, &anne, actor).await.unwrap();
    assert_eq!(leave(7).await, MembershipOutcome::Done(member.clone()));
    assert_eq!(leave(7).await, MembershipOutcome::Done(member));
    assert_eq!(leave(8).await, MembershipOutcome::Absent);
    // Each change that was made stands in the log once, however often it was asked for.
    let told = store.audit_page(&AuditWanted::default(), 10).await.unwrap();
    let told: Vec<_> =
        told.iter().rev().map(|r| (r.action.as_str(), r.object.as_str(), r.who.as_str())).collect();
    let anne = "Anne@Example.com";
    assert_eq!(
        told,
        [("join", anne, "anne by mail"), ("set", anne, "anne by mail"), ("leave", anne, "anne by mail")]
    );
    assert_eq!(store.verify_audit().await.unwrap(), Ok(3));
}

async fn declining(url: String) {
    let (store, list) = list(&url).await;
    let request = request(list.id, 1);
    store.put_request(&request, "t").await.unwrap();
    let audit = AuditEntry {
        at: NOON,
        who: "bart by page".into(),
        action: "reject".into(),
        list: list.list_id.to_string(),
        object: request.address.to_string(),
        was: serde_json::Value::Null,
        became: serde_json::Value::Null,
    };
    assert!(store.decline_request(request.id, &audit).await.unwrap());
    assert!(!store.decline_request(request.id, &audit).await.unwrap(), "nothing is there any more");
    assert_eq!(store.verify_audit().await.unwrap(), Ok(1));
}

const BUDGET: Budget = Budget {
    per_target: 3,
    target_span: Duration::from_hours(24),
    per_scope: 5,
    scope_span: Duration::from_hours(1),
};

fn spending(id: u128, target: &str, scope: &str, at: Timestamp) -> Spending {
    Spending { id: Uuid::from_u128(id), kind: "confirmation", target: target.into(), scope: scope.into(), at }
}

async fn budgets(url: String) {
    let (store, _) = list(&url).await;
    let spend =
        async |id, target, scope, at| store.spend(&spending(id, target, scope, at), &BUDGET).await.unwrap();
    for id in 1..=3 {
        assert_eq!(spend(id, "a@x.org", "net", NOON).await, Spent::Granted);
    }
    assert_eq!(spend(3, "a@x.org", "net", NOON).await, Spent::Granted, "the same mail again");
    assert_eq!(spend(4, "a@x.org", "", NOON).await, Spent::TargetFull);
    assert_eq!(spend(5, "b@x.org", "net", NOON).await, Spent::Granted);
    assert_eq!(spend(6, "c@x.org", "net", NOON).await, Spent::Granted);
    assert_eq!(spend(7, "d@x.org", "net", NOON).await, Spent::ScopeFull);
    assert_eq!(spend(8, "d@x.org", "", NOON).await, Spent::Granted, "on nobody's account");
    let other = Spending { kind: "answer", ..spending(9, "a@x.org", "net", NOON) };
    assert_eq!(store.spend(&other, &BUDGET).await.unwrap(), Spent::Granted, "another account");
    let hour = NOON.plus(Duration::from_hours(1));
    assert_eq!(spend(10, "e@x.org", "net", hour).await, Spent::Granted);
    assert_eq!(spend(11, "a@x.org", "", hour).await, Spent::TargetFull);
    assert_eq!(spend(12, "a@x.org", "", NOON.plus(Duration::from_hours(24))).await, Spent::Granted);
}

async fn those_who_ask_at_once_share_a_budget(url: String) {
    let (store, _) = list(&url).await;
    let tasks: Vec<_> = (0..8)
        .map(|id| {
            let store = store.clone();
            tokio::spawn(
                async move { store.spend(&spending(id, "a@x.org", "", NOON), &BUDGET).await.unwrap() },
            )
        })
        .collect();
    let mut granted = 0;
    for task in tasks {
        granted += u32::from(task.await.unwrap() == Spent::Granted);
    }
    assert_eq!(granted, 3);
}

async fn blocks(url: String) {
    let (store, _) = list(&url).await;
    assert!(!store.is_blocked("a@x.org").await.unwrap());
    store.block("a@x.org", NOON).await.unwrap();
    store.block("a@x.org", NOON).await.unwrap();
    assert!(store.is_blocked("a@x.org").await.unwrap());
    assert!(store.unblock("a@x.org").await.unwrap());
    assert!(!store.unblock("a@x.org").await.unwrap());
}
