use std::collections::HashSet;

use posthaste_model::{Action, DeliveryMode, DeliveryStatus, Preferences, Role};
use posthaste_store::{MemberChange, Scope, Store};
use uuid::Uuid;

use super::fixture::{Behind, NOON, address, cases, crowd, list, mailbox, seed};

cases![
    facts_of_senders,
    facts_through_other_addresses,
    facts_of_the_addressed,
    facts_of_bans,
    effective_preferences,
    pages_are_complete,
    own_names_and_wishes
];

async fn facts_of_senders(url: String) {
    let (store, list) = list(&url).await;
    let other = store.create_list(seed("other@lists.example"), &[]).await.unwrap();
    store.add_members(other.id, Role::Member, &[mailbox("carl@example.com")], NOON).await.unwrap();
    store.add_members(list.id, Role::Member, &[mailbox("Anne <anne@example.com>")], NOON).await.unwrap();
    store.add_members(list.id, Role::Owner, &[mailbox("anne@example.com")], NOON).await.unwrap();
    let change = MemberChange { moderation_action: Some(Some(Action::Discard)), ..MemberChange::default() };
    store.set_member(list.id, &address("anne@example.com"), Role::Member, &change).await.unwrap();
    let senders = [address("nobody@example.com"), address("Carl@example.com"), address("ANNE@example.com")];
    let facts = store.posting_facts(list.id, &senders, &[]).await.unwrap();
    let roles: Vec<_> =
        facts.memberships.iter().map(|m| (m.role, m.moderation_action, m.via.clone())).collect();
    assert_eq!(roles, [(Role::Member, Some(Action::Discard), None), (Role::Owner, None, None)]);
    assert_eq!(facts.memberships[0].address, senders[2]);
    // The address knows a name that the second membership was not given.
    assert_eq!(facts.memberships[1].display_name, "Anne");
    assert_eq!((facts.addressed, facts.banned), (vec![], vec![]));
}

/// Gives the addresses one user, whose key this is.
async fn link(behind: &Behind, user: Uuid, keys: &[&str], preferences: &str) {
    let user = behind.key(user);
    let columns = "id, display_name, is_server_owner, created_at";
    behind.run(&format!("INSERT INTO users ({columns}) VALUES ({user}, '', false, 0)")).await;
    if !preferences.is_empty() {
        behind.run(&format!("UPDATE users SET {preferences} WHERE id = {user}")).await;
    }
    let keys = quoted(keys);
    behind.run(&format!("UPDATE address SET \"user\" = {user} WHERE \"key\" IN ({keys})")).await;
}

fn quoted(keys: &[&str]) -> String {
    keys.iter().map(|k| format!("'{k}'")).collect::<Vec<_>>().join(",")
}

async fn facts_through_other_addresses(url: String) {
    let (store, list) = list(&url).await;
    let other = store.create_list(seed("other@lists.example"), &[]).await.unwrap();
    store.add_members(list.id, Role::Member, &[mailbox("anne@home.example")], NOON).await.unwrap();
    store.add_members(other.id, Role::Member, &[mailbox("anne@work.example")], NOON).await.unwrap();
    let behind = Behind::open(&url).await;
    link(&behind, Uuid::from_u128(9), &["anne@home.example", "anne@work.example"], "").await;
    let sender = [address("anne@work.example")];
    let facts = store.posting_facts(list.id, &sender, &[]).await.unwrap();
    assert_eq!(facts.memberships.len(), 1);
    assert_eq!(facts.memberships[0].address, sender[0]);
    assert_eq!(facts.memberships[0].via, Some(address("anne@home.example")));
    // To and Cc count as they are written.
    assert_eq!(store.posting_facts(list.id, &[], &sender).await.unwrap().addressed, vec![]);
}

async fn facts_of_the_addressed(url: String) {
    let (store, list) = list(&url).await;
    store.add_members(list.id, Role::Member, &crowd(0..600), NOON).await.unwrap();
    let everybody: Vec<_> = crowd(0..600).into_iter().map(|m| m.address).collect();
    let facts = store.posting_facts(list.id, &[], &everybody).await.unwrap();
    assert_eq!(facts.addressed.len(), 500);
    assert_eq!(facts.addressed[499].address, everybody[499]);
    assert_eq!(facts.memberships, vec![]);
}

async fn facts_of_bans(url: String) {
    let (store, list) = list(&url).await;
    let other = store.create_list(seed("other@lists.example"), &[]).await.unwrap();
    store.add_ban(Scope::List(list.id), "Bad@Example.com", NOON).await.unwrap();
    store.add_ban(Scope::List(other.id), "elsewhere@example.com", NOON).await.unwrap();
    store.add_ban(Scope::Site, "@Spam.example", NOON).await.unwrap();
    store.add_ban(Scope::Site, r"^.*[0-9]{5}@", NOON).await.unwrap();
    let senders = [
        "bad@example.com",
        "elsewhere@example.com",
        "x@spam.example",
        "U12345@example.com",
        "ok@example.com",
    ]
    .map(address);
    let facts = store.posting_facts(list.id, &senders, &senders).await.unwrap();
    let banned: Vec<_> =
        facts.banned.iter().map(|b| (b.address.as_str(), b.entry.as_str(), b.scope)).collect();
    assert_eq!(
        banned,
        [
            ("bad@example.com", "Bad@Example.com", Scope::List(list.id)),
            ("x@spam.example", "@Spam.example", Scope::Site),
            ("U12345@example.com", "^.*[0-9]{5}@", Scope::Site),
        ]
    );
}

/// Every combination of member, address and user level for mode and status, against the rule in plain Rust.
async fn effective_preferences(url: String) {
    let (store, list) = list(&url).await;
    let modes = [None, Some(DeliveryMode::Regular), Some(DeliveryMode::MimeDigests)];
    let statuses = [None, Some(DeliveryStatus::Enabled), Some(DeliveryStatus::ByBounces)];
    let behind = Behind::open(&url).await;
    let mut expected = HashSet::new();
    let mut number = 0_u32;
    for user_mode in modes {
        for user_status in statuses {
            let user = Uuid::from_u128(u128::from(number) + 100);
            let mut keys = Vec::new();
            for address_mode in modes {
                for member_mode in modes {
                    for (address_status, member_status) in
                        [(None, None), (statuses[1], None), (None, statuses[2]), (statuses[2], statuses[1])]
                    {
                        let level = |mode, status| Preferences {
                            delivery_mode: mode,
                            delivery_status: status,
                            ..Preferences::default()
                        };
                        let member = level(member_mode, member_status);
                        let address = level(address_mode, address_status);
                        let effective = member.or(&address).or(&level(user_mode, user_status));
                        let who = &crowd(number..number + 1)[0];
                        number += 1;
                        if effective.delivery_mode.unwrap_or_default() == DeliveryMode::Regular
                            && effective.delivery_status.unwrap_or_default() == DeliveryStatus::Enabled
                        {
                            expected.insert(who.address.as_str().to_owned());
                        }
                        keys.push((who.clone(), member, address));
                    }
                }
            }
            let boxes: Vec<_> = keys.iter().map(|(who, ..)| who.clone()).collect();
            store.add_members(list.id, Role::Member, &boxes, NOON).await.unwrap();
            let text = |column: &str, value: Option<String>| {
                value.map_or(format!("{column} = NULL"), |v| format!("{column} = '{v}'"))
            };
            let columns = |mode: Option<DeliveryMode>, status: Option<DeliveryStatus>| {
                let name = |v: serde_json::Value| v.as_str().map(str::to_owned);
                let mode = mode.and_then(|m| name(serde_json::to_value(m).unwrap()));
                let status = status.and_then(|s| name(serde_json::to_value(s).unwrap()));
                format!("{}, {}", text("delivery_mode", mode), text("delivery_status", status))
            };
            let all: Vec<_> = keys.iter().map(|(who, ..)| who.address.key()).collect();
            link(&behind, user, &all, &columns(user_mode, user_status)).await;
            for (who, member, address) in &keys {
                let key = who.address.key();
                let member = columns(member.delivery_mode, member.delivery_status);
                let address = columns(address.delivery_mode, address.delivery_status);
                let id = format!("(SELECT id FROM address WHERE \"key\" = '{key}')");
                behind.run(&format!("UPDATE member SET {member} WHERE address = {id}")).await;
                behind.run(&format!("UPDATE address SET {address} WHERE \"key\" = '{key}'")).await;
            }
        }
    }
    let got: HashSet<_> = all_recipients(&store, list.id, 50).await.into_iter().map(|r| r.1).collect();
    assert_eq!(got, expected);
    assert!(expected.len() > 40 && expected.len() < number as usize);
}

/// All recipients, by pages of `limit`.
async fn all_recipients(store: &Store, list: Uuid, limit: u64) -> Vec<(Uuid, String)> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.recipients_page(list, after, limit).await.unwrap();
        assert!(page.len() as u64 <= limit);
        let Some(end) = page.last() else { return all };
        after = Some(end.member);
        all.extend(page.into_iter().map(|r| (r.member, r.address)));
    }
}

/// While members come and go, each one who stays is on exactly one page.
async fn pages_are_complete(url: String) {
    let (store, list) = list(&url).await;
    store.add_members(list.id, Role::Member, &crowd(0..500), NOON).await.unwrap();
    store.add_members(list.id, Role::Owner, &crowd(0..5), NOON).await.unwrap();
    store.add_members(list.id, Role::Nonmember, &crowd(900..905), NOON).await.unwrap();
    let traffic = {
        let (store, id) = (store.clone(), list.id);
        tokio::spawn(async move {
            for i in 0..25 {
                store.add_members(id, Role::Member, &crowd(1000 + i * 4..1004 + i * 4), NOON).await.unwrap();
                let leaver = crowd(400 + i..401 + i).remove(0).address;
                store.remove_members(id, Role::Member, &[leaver]).await.unwrap();
            }
        })
    };
    let seen = all_recipients(&store, list.id, 7).await;
    traffic.await.unwrap();
    let distinct: HashSet<_> = seen.iter().map(|(id, _)| *id).collect();
    assert_eq!(distinct.len(), seen.len(), "somebody was paged twice");
    let names: HashSet<_> = seen.into_iter().map(|(_, name)| name).collect();
    for stayed in crowd(0..400) {
        assert!(names.contains(stayed.address.as_str()), "{} was missed", stayed.address);
    }
    assert_eq!(all_recipients(&store, list.id, 50).await.len(), 500 + 100 - 25);
}

async fn own_names_and_wishes(url: String) {
    let (store, list) = list(&url).await;
    let boxes = ["Anne <Anne@example.com>", "bart@example.com"].map(mailbox);
    store.add_members(list.id, Role::Member, &boxes, NOON).await.unwrap();
    Behind::open(&url)
        .await
        .run("UPDATE address SET display_name = 'Bart S.', preferred_language = 'fr'")
        .await;
    let no = Preferences {
        receive_own_postings: Some(false),
        receive_list_copy: Some(false),
        preferred_language: Some("de".into()),
        ..Preferences::default()
    };
    let change = MemberChange { preferences: Some(no), ..MemberChange::default() };
    store.set_member(list.id, &boxes[0].address, Role::Member, &change).await.unwrap();
    let page = store.recipients_page(list.id, None, 10).await.unwrap();
    let wishes = |i: usize| {
        (
            page[i].address.as_str(),
            page[i].name.as_str(),
            page[i].own_postings,
            page[i].list_copy,
            page[i].language.as_deref(),
        )
    };
    assert_eq!(wishes(0), ("Anne@example.com", "Anne", false, false, Some("de")));
    assert_eq!(wishes(1), ("bart@example.com", "Bart S.", true, true, Some("fr")));
    // A name with control characters in it must not be taken for somebody else's.
    for odd in ["Bart\u{1f}S.", "Bart\u{1e}S."] {
        let behind = Behind::open(&url).await;
        behind
            .run(&format!("UPDATE address SET display_name = '{odd}' WHERE \"key\" = 'bart@example.com'"))
            .await;
        let page = store.recipients_page(list.id, None, 10).await.unwrap();
        let names: Vec<_> = page.iter().map(|r| (r.address.as_str(), r.name.as_str())).collect();
        assert_eq!(names, [("Anne@example.com", "Anne"), ("bart@example.com", odd)]);
    }
}
