use posthaste_model::{DeliveryMode, DeliveryStatus, Preferences, Role};
use posthaste_store::{MemberChange, Readdressed, RollLine, Store};
use uuid::Uuid;

use super::fixture::{NOON, address, cases, list, mailbox, seed};

cases![
    rolls_go_by_address_in_pages,
    people_are_found_by_any_address,
    another_spelling,
    digests_are_renumbered
];

async fn whole_roll(store: &Store, list: Uuid, roles: &[Role], page: u64) -> Vec<RollLine> {
    let mut all: Vec<RollLine> = vec![];
    loop {
        let lines = store.roll(list, roles, all.last(), page).await.unwrap();
        if lines.is_empty() {
            return all;
        }
        all.extend(lines);
    }
}

async fn rolls_go_by_address_in_pages(url: String) {
    let (store, list) = list(&url).await;
    let members = ["Zoe <zoe@example.com>", "Bart@example.com", "anne@example.com"].map(mailbox);
    store.add_members(list.id, Role::Member, &members, NOON).await.unwrap();
    store.add_members(list.id, Role::Owner, &[mailbox("Anne <anne@example.com>")], NOON).await.unwrap();
    let digests = Preferences {
        delivery_mode: Some(DeliveryMode::MimeDigests),
        delivery_status: Some(DeliveryStatus::ByUser),
        ..Preferences::default()
    };
    let change = MemberChange { preferences: Some(digests), ..MemberChange::default() };
    store.set_member(list.id, &members[1].address, Role::Member, &change).await.unwrap();
    for page in [1, 2, 100] {
        let lines = whole_roll(&store, list.id, &[Role::Member], page).await;
        let told: Vec<_> = lines.iter().map(|l| (l.address.as_str(), l.mode, l.status)).collect();
        let plain = (DeliveryMode::Regular, DeliveryStatus::Enabled);
        assert_eq!(
            told,
            [
                ("anne@example.com", plain.0, plain.1),
                ("Bart@example.com", DeliveryMode::MimeDigests, DeliveryStatus::ByUser),
                ("zoe@example.com", plain.0, plain.1),
            ]
        );
        assert_eq!(lines[2].name, "Zoe");
        assert_eq!(whole_roll(&store, list.id, &Role::ALL, page).await.len(), 4);
    }
    assert_eq!(whole_roll(&store, list.id, &[Role::Moderator], 5).await, []);
}

async fn people_are_found_by_any_address(url: String) {
    let (store, list) = list(&url).await;
    let other = store.create_list(seed("ants@lists.example"), &[address("anne@example.com")]).await.unwrap();
    store
        .add_members(list.id, Role::Member, &["anne@example.com", "bart@x.org"].map(mailbox), NOON)
        .await
        .unwrap();
    let book = store.address_book(None, 100).await.unwrap();
    let keys: Vec<_> = book.iter().map(|l| l.key.as_str()).collect();
    assert_eq!(keys, ["anne@example.com", "bart@x.org"]);
    assert_eq!(store.address_book(Some("anne@example.com"), 1).await.unwrap(), book[1..]);
    let found = store.memberships_of(&book).await.unwrap();
    let told: Vec<_> = found.iter().map(|(l, id, role)| (l.key.as_str(), id.as_str(), *role)).collect();
    assert_eq!(
        told,
        [
            ("anne@example.com", other.list_id.as_str(), Role::Owner),
            ("anne@example.com", list.list_id.as_str(), Role::Member),
            ("bart@x.org", list.list_id.as_str(), Role::Member),
        ]
    );
    assert_eq!(store.memberships_of(&[]).await.unwrap(), []);
}

async fn another_spelling(url: String) {
    let (store, list) = list(&url).await;
    store
        .add_members(list.id, Role::Member, &["anne@example.com", "bart@x.org"].map(mailbox), NOON)
        .await
        .unwrap();
    let readdress = async |old: &str, new: &str| store.readdress(&address(old), &address(new)).await.unwrap();
    assert_eq!(readdress("nobody@x.org", "new@x.org").await, Readdressed::Absent);
    assert_eq!(readdress("anne@example.com", "Bart@X.org").await, Readdressed::Taken);
    assert_eq!(readdress("ANNE@example.com", "Anne.New@example.net").await, Readdressed::Done);
    let member =
        store.member(list.id, &address("anne.new@example.net"), Role::Member).await.unwrap().unwrap();
    assert_eq!(member.address.as_str(), "Anne.New@example.net");
    assert_eq!(readdress("anne.new@example.net", "anne.new@example.net").await, Readdressed::Done);
}

async fn digests_are_renumbered(url: String) {
    let (store, list) = list(&url).await;
    let bump = || store.renumber_digests(list.id, |stands| (stands.volume + 1, 1));
    assert_eq!(bump().await.unwrap(), (2, 1));
    let (one, two) = tokio::join!(bump(), bump());
    let mut volumes = [one.unwrap().0, two.unwrap().0];
    volumes.sort_unstable();
    assert_eq!(volumes, [3, 4]);
    let list = store.list_by_key(list.id).await.unwrap().unwrap();
    assert_eq!((list.volume, list.next_digest_number), (4, 1));
    assert!(store.renumber_digests(Uuid::nil(), |_| (1, 1)).await.is_err());
}
