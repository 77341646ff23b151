use posthaste_model::{Action, DeliveryMode, DeliveryStatus, Preferences, Role};
use posthaste_store::{Added, MemberChange, ROWS, Scope, Store, StoreError, Synced};

use super::fixture::{NOON, address, cases, crowd, list, mailbox};

cases![
    members_are_added_once,
    many_chunks,
    banned_are_left_out,
    same_members_at_once,
    sync_makes_equal,
    members_change,
    nonmembers,
    roles_are_apart
];

async fn members_are_added_once(url: String) {
    let (store, list) = list(&url).await;
    let three = ["Anne Person <Anne@Example.com>", "bart@example.com", "ANNE@example.com"].map(mailbox);
    let add = async || store.add_members(list.id, Role::Member, &three, NOON).await.unwrap();
    assert_eq!(add().await, Added { added: 2, already: 1, banned: vec![] });
    assert_eq!(add().await, Added { added: 0, already: 3, banned: vec![] });
    let members = store.members_page(list.id, None, None, 10).await.unwrap();
    assert_eq!(members.len(), 2);
    let anne = &members[0];
    assert_eq!((anne.address.as_str(), anne.display_name.as_str()), ("Anne@Example.com", "Anne Person"));
    assert_eq!((anne.role, anne.created_at, anne.list), (Role::Member, NOON, list.id));
    assert_eq!(anne.preferences, Preferences::default());
    assert_eq!(
        store.member(list.id, &address("anne@EXAMPLE.com"), Role::Member).await.unwrap().as_ref(),
        Some(anne)
    );
    // Bytes count: these are two people on every engine.
    let similar = ["jose@example.com", "josé@example.com"].map(mailbox);
    assert_eq!(store.add_members(list.id, Role::Member, &similar, NOON).await.unwrap().added, 2);
    let gone = [address("BART@example.com"), address("nobody@example.com")];
    assert_eq!(store.remove_members(list.id, Role::Member, &gone).await.unwrap(), 1);
    assert_eq!(store.member_count(list.id, Role::Member).await.unwrap(), 3);
}

async fn many_chunks(url: String) {
    let (store, list) = list(&url).await;
    let count = u32::try_from(ROWS).unwrap() + 1;
    let everybody = crowd(0..count);
    let added = store.add_members(list.id, Role::Member, &everybody, NOON).await.unwrap();
    assert_eq!((added.added, added.already), (u64::from(count), 0));
    let page = store.members_page(list.id, Some(Role::Member), None, 3).await.unwrap();
    // Pages keep the order of the file.
    assert_eq!(page.iter().map(|m| m.address.local()).collect::<Vec<_>>(), ["Member0", "Member1", "Member2"]);
    let addresses: Vec<_> = everybody.into_iter().map(|m| m.address).collect();
    let removed = store.remove_members(list.id, Role::Member, &addresses).await.unwrap();
    assert_eq!(removed, u64::from(count));
}

async fn banned_are_left_out(url: String) {
    let (store, list) = list(&url).await;
    store.add_ban(Scope::Site, "^.*@spam\\.example", NOON).await.unwrap();
    store.add_ban(Scope::List(list.id), "bad@example.com", NOON).await.unwrap();
    let boxes = ["Bad@example.com", "x@spam.example", "good@example.com"].map(mailbox);
    let added = store.add_members(list.id, Role::Member, &boxes, NOON).await.unwrap();
    assert_eq!(added.added, 1);
    assert_eq!(added.banned, [address("bad@example.com"), address("x@spam.example")]);
}

/// Several programs add overlapping sets in different orders: no error, nobody twice, nobody missing.
async fn same_members_at_once(url: String) {
    let (store, list) = list(&url).await;
    let tasks: Vec<_> = (0..4)
        .map(|i| {
            let (url, id) = (url.clone(), list.id);
            tokio::spawn(async move {
                let store = Store::connect(&url).await.unwrap();
                let mut boxes = crowd(i * 50..400 + i * 50);
                if i % 2 == 1 {
                    boxes.reverse();
                }
                store.add_members(id, Role::Member, &boxes, NOON).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.member_count(list.id, Role::Member).await.unwrap(), 550);
}

async fn sync_makes_equal(url: String) {
    let (store, list) = list(&url).await;
    store.add_members(list.id, Role::Member, &crowd(0..10), NOON).await.unwrap();
    store.add_members(list.id, Role::Owner, &crowd(0..1), NOON).await.unwrap();
    let synced = store.sync_members(list.id, Role::Member, &crowd(4..16), NOON).await.unwrap();
    assert_eq!(synced, Synced { added: 6, removed: 4, kept: 6, banned: vec![] });
    let mut now: Vec<_> = store.members_page(list.id, Some(Role::Member), None, 100).await.unwrap();
    now.sort_by_key(|m| m.address.clone());
    let mut wanted: Vec<_> = crowd(4..16).into_iter().map(|m| m.address).collect();
    wanted.sort();
    assert_eq!(now.into_iter().map(|m| m.address).collect::<Vec<_>>(), wanted);
    assert_eq!(store.member_count(list.id, Role::Owner).await.unwrap(), 1);
}

async fn members_change(url: String) {
    let (store, list) = list(&url).await;
    store.add_members(list.id, Role::Member, &crowd(0..2), NOON).await.unwrap();
    let who = address("member0@example.com");
    let preferences = Preferences {
        acknowledge_posts: Some(true),
        delivery_mode: Some(DeliveryMode::MimeDigests),
        delivery_status: Some(DeliveryStatus::ByUser),
        hide_address: Some(false),
        preferred_language: Some("de".into()),
        receive_list_copy: Some(false),
        receive_own_postings: Some(false),
    };
    let change = MemberChange {
        display_name: Some("Zoë".into()),
        moderation_action: Some(Some(Action::Hold)),
        preferences: Some(preferences.clone()),
    };
    store.set_member(list.id, &who, Role::Member, &change).await.unwrap();
    let get = async || store.member(list.id, &who, Role::Member).await.unwrap().unwrap();
    let member = get().await;
    assert_eq!((member.display_name.as_str(), member.moderation_action), ("Zoë", Some(Action::Hold)));
    assert_eq!(member.preferences, preferences);
    // What is not named stays; doing nothing is no error.
    store.set_member(list.id, &who, Role::Member, &MemberChange::default()).await.unwrap();
    assert_eq!(get().await, member);
    let back = MemberChange {
        moderation_action: Some(None),
        preferences: Some(Preferences::default()),
        ..MemberChange::default()
    };
    store.set_member(list.id, &who, Role::Member, &back).await.unwrap();
    assert_eq!((get().await.moderation_action, get().await.preferences), (None, Preferences::default()));
    let nobody = address("nobody@example.com");
    let missing = store.set_member(list.id, &nobody, Role::Owner, &change).await.unwrap_err();
    assert_eq!(missing, StoreError::NoSuchMember { address: nobody, role: Role::Owner });
}

async fn nonmembers(url: String) {
    let (store, list) = list(&url).await;
    store.add_members(list.id, Role::Member, &crowd(0..1), NOON).await.unwrap();
    let senders = [address("MEMBER0@example.com"), address("stranger@example.com")];
    for _ in 0..2 {
        store.ensure_nonmembers(list.id, &senders, NOON).await.unwrap();
    }
    let found = store.members_page(list.id, Some(Role::Nonmember), None, 10).await.unwrap();
    assert_eq!(found.iter().map(|m| m.address.as_str()).collect::<Vec<_>>(), ["stranger@example.com"]);
    store.ensure_nonmembers(list.id, &[], NOON).await.unwrap();
}

async fn roles_are_apart(url: String) {
    let (store, list) = list(&url).await;
    for role in Role::ALL {
        assert_eq!(store.add_members(list.id, role, &crowd(0..2), NOON).await.unwrap().added, 2);
    }
    assert_eq!(store.members_page(list.id, None, None, 100).await.unwrap().len(), 8);
    let one = [address("member0@example.com")];
    assert_eq!(store.remove_members(list.id, Role::Moderator, &one).await.unwrap(), 1);
    for (role, count) in Role::ALL.into_iter().zip([2, 2, 1, 2]) {
        assert_eq!(store.member_count(list.id, role).await.unwrap(), count, "{role:?}");
    }
    assert_eq!(store.admins(list.id).await.unwrap().len(), 2);
}
