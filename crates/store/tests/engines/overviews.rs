use posthaste_model::{Action, DeliveryMode, DeliveryStatus, Preferences, Role};
use posthaste_store::{
    HeaderMatch, ListsWanted, MemberChange, RosterOrder, RosterWanted, Scope, StoreError, Subscriber,
    Template, TemplateBody, TemplateEdit,
};

use super::fixture::{NOON, address, cases, crowd, list, mailbox, name, seed};

cases![
    lists_by_page,
    lists_of_somebody,
    rosters,
    found_members,
    settings_by_two,
    header_matches_change,
    bans_that_meet,
    addresses_of_texts,
    digests_bumped,
    many_leave,
];

async fn lists_by_page(url: String) {
    let (store, _) = list(&url).await;
    store.add_domain("other.example", "", None).await.unwrap();
    for n in ["b@lists.example", "a@other.example"] {
        store.create_list(seed(n), &[address("anne@example.com")]).await.unwrap();
    }
    let hidden = store.create_list(seed("hidden@lists.example"), &[]).await.unwrap();
    store.add_members(hidden.id, Role::Member, &crowd(0..3), NOON).await.unwrap();
    let changed = store.change_settings(hidden.id, |s| s.set("advertised", &false.into())).await.unwrap();
    assert!(changed.is_ok_and(|(before, after)| before.advertised && !after.advertised));
    let ids = async |wanted: ListsWanted, skip, limit| {
        let page = store.lists_among_all(&wanted, skip, limit).await.unwrap();
        let ids: Vec<_> = page.iter().map(|l| l.list_id.to_string()).collect();
        (ids.join(" "), store.lists_counted(&wanted).await.unwrap())
    };
    let all = "a.other.example b.lists.example dev.lists.example hidden.lists.example";
    assert_eq!(ids(ListsWanted::default(), 0, u64::MAX).await, (all.to_owned(), 4));
    assert_eq!(ids(ListsWanted::default(), 1, 2).await.0, "b.lists.example dev.lists.example");
    assert_eq!(ids(ListsWanted::default(), 3, u64::MAX).await.0, "hidden.lists.example");
    assert_eq!(ids(ListsWanted::default(), u64::MAX, u64::MAX).await.0, "");
    let here = ListsWanted { host: Some("lists.example".into()), advertised: true, after: None };
    assert_eq!(ids(here.clone(), 0, 9).await, ("b.lists.example dev.lists.example".into(), 2));
    let behind = ListsWanted { after: Some(seed("b@lists.example").name.list_id()), ..here };
    assert_eq!(ids(behind, 0, 9).await.0, "dev.lists.example");
    let last = store.lists_among_all(&ListsWanted::default(), 3, 1).await.unwrap().pop().unwrap();
    assert_eq!((last.members, last.volume, last.advertised), (3, 1, false));
}

async fn lists_of_somebody(url: String) {
    let (store, dev) = list(&url).await;
    let other = store.create_list(seed("all@lists.example"), &[address("Anne@example.com")]).await.unwrap();
    let anne = [mailbox("anne@example.com")];
    for (list, role) in [(dev.id, Role::Owner), (dev.id, Role::Member), (other.id, Role::Nonmember)] {
        store.add_members(list, role, &anne, NOON).await.unwrap();
    }
    let who = Subscriber::Address(address("ANNE@example.com"));
    let ids = async |who: &Subscriber, role| {
        let page = store.lists_of(who, role, 0, 9).await.unwrap();
        assert_eq!(store.lists_of_counted(who, role).await.unwrap(), page.len() as u64);
        page.iter().map(|l| l.name.local().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ids(&who, None).await, "all dev dev", "one for each membership, nonmembers left out");
    assert_eq!(ids(&who, Some(Role::Member)).await, "dev");
    assert_eq!(ids(&who, Some(Role::Nonmember)).await, "all");
    assert_eq!(ids(&Subscriber::Address(address("bart@example.com")), None).await, "");
    let wanted = RosterWanted { list: Some(other.id), ..RosterWanted::default() };
    let owner = store.roster_ids(&wanted, RosterOrder::Role, 0, 1).await.unwrap();
    let user = store.roster_rows(&owner).await.unwrap()[0].user.unwrap();
    assert_eq!(ids(&Subscriber::User(user), None).await, "all dev dev");
    assert_eq!(store.lists_of(&who, None, 2, 5).await.unwrap().len(), 1);
}

async fn rosters(url: String) {
    let (store, dev) = list(&url).await;
    let other = store.create_list(seed("all@lists.example"), &[]).await.unwrap();
    store.add_members(dev.id, Role::Member, &crowd(0..12), NOON).await.unwrap();
    for role in [Role::Owner, Role::Nonmember, Role::Moderator] {
        store.add_members(dev.id, role, &[mailbox("member3@example.com")], NOON).await.unwrap();
    }
    store.add_members(other.id, Role::Member, &[mailbox("Zoe <zoe@example.com>")], NOON).await.unwrap();
    let told = async |wanted: &RosterWanted, order, skip, limit| {
        let ids = store.roster_ids(wanted, order, skip, limit).await.unwrap();
        let rows = store.roster_rows(&ids).await.unwrap();
        let row = |r: &posthaste_store::RosterRow| {
            format!(
                "{}{}",
                &r.role.name()[..3],
                r.email.trim_start_matches("member").split('@').next().unwrap()
            )
        };
        rows.iter().map(row).collect::<Vec<_>>().join(" ")
    };
    let wanted = RosterWanted { list: Some(dev.id), roles: vec![Role::Member], ..RosterWanted::default() };
    assert_eq!(
        told(&wanted, RosterOrder::Address, 0, u64::MAX).await,
        "mem0 mem10 mem11 mem1 mem2 mem3 mem4 mem5 mem6 mem7 mem8 mem9"
    );
    assert_eq!(told(&wanted, RosterOrder::Address, 4, 2).await, "mem2 mem3");
    assert_eq!(told(&wanted, RosterOrder::Address, 11, u64::MAX).await, "mem9");
    assert_eq!(store.roster_count(&wanted).await.unwrap(), 12);
    let three = Some(Subscriber::Address(address("MEMBER3@example.com")));
    let wanted = RosterWanted { subscriber: three, ..RosterWanted::default() };
    assert_eq!(told(&wanted, RosterOrder::Address, 0, 9).await, "mem3 own3 mod3 non3");
    assert_eq!(told(&wanted, RosterOrder::Role, 0, 9).await, "own3 mod3 mem3 non3");
    let everybody = RosterWanted::default();
    assert!(told(&everybody, RosterOrder::Role, 0, 2).await.starts_with("memzoe own3"), "all before dev");
    let row = store.roster_ids(&everybody, RosterOrder::Role, 0, 1).await.unwrap();
    let zoe = store.roster_rows(&row).await.unwrap().remove(0);
    assert_eq!((zoe.list_id.as_str(), zoe.display_name.as_str()), ("all.lists.example", "Zoe"));
    assert_eq!((zoe.delivery_mode, zoe.bounce_score, zoe.last_bounce), (DeliveryMode::Regular, 0, None));
}

async fn found_members(url: String) {
    let (store, dev) = list(&url).await;
    let people =
        ["Anne P. <a_nne@example.com>", "Bart <Bart@example.com>", "100% <cris@example.org>"].map(mailbox);
    store.add_members(dev.id, Role::Member, &people, NOON).await.unwrap();
    let change = MemberChange {
        moderation_action: Some(Some(Action::Hold)),
        preferences: Some(Preferences {
            delivery_mode: Some(DeliveryMode::MimeDigests),
            delivery_status: Some(DeliveryStatus::ByUser),
            ..Preferences::default()
        }),
        ..MemberChange::default()
    };
    store.set_member(dev.id, &address("bart@example.com"), Role::Member, &change).await.unwrap();
    let found = async |wanted: RosterWanted| {
        let ids = store.roster_ids(&wanted, RosterOrder::Address, 0, 9).await.unwrap();
        let rows = store.roster_rows(&ids).await.unwrap();
        rows.iter().map(|r| r.email.split('@').next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let like = |text: &str| {
        let subscriber = Some(Subscriber::Like(text.into()));
        RosterWanted { list: Some(dev.id), subscriber, ..RosterWanted::default() }
    };
    for (text, wanted) in [
        ("BART@example.com", "bart"),
        ("bart@example", ""),
        ("*EXAMPLE.com", "a_nne bart"),
        ("*example", ""),
        ("*example*", "a_nne bart cris"),
        ("a_*", "a_nne"),
        ("_*", ""),
        ("*anne p*", "a_nne"),
        ("100%*", "cris"),
        ("1%*", ""),
        ("a*com", "a_nne"),
    ] {
        assert_eq!(found(like(text)).await, wanted, "{text}");
    }
    let all = || RosterWanted { list: Some(dev.id), ..RosterWanted::default() };
    assert_eq!(found(RosterWanted { moderation_action: Some(Some(Action::Hold)), ..all() }).await, "bart");
    assert_eq!(found(RosterWanted { moderation_action: Some(None), ..all() }).await, "a_nne cris");
    let digests = Some(DeliveryMode::MimeDigests);
    assert_eq!(found(RosterWanted { delivery_mode: digests, ..all() }).await, "bart");
    let regular = Some(DeliveryMode::Regular);
    assert_eq!(found(RosterWanted { delivery_mode: regular, ..all() }).await, "a_nne cris");
    let on = Some(DeliveryStatus::Enabled);
    assert_eq!(found(RosterWanted { delivery_status: on, ..all() }).await, "a_nne cris");
}

/// Two who change settings of one list at the same time both have their way.
async fn settings_by_two(url: String) {
    let (store, list) = list(&url).await;
    let set = async |key: &'static str, values: std::ops::Range<u64>| {
        for n in values {
            store.change_settings(list.id, |s| s.set(key, &n.into())).await.unwrap().unwrap();
        }
    };
    tokio::join!(set("max_message_size", 1..12), set("max_num_recipients", 1..12));
    let now = store.list_by_key(list.id).await.unwrap().unwrap().settings;
    assert_eq!((now.max_message_size, now.max_num_recipients), (11, 11));
    let refused = store.change_settings(list.id, |s| s.set("emergency", &"perhaps".into())).await.unwrap();
    assert!(refused.is_err());
    let gone = store.change_settings(uuid::Uuid::nil(), |_| Ok::<_, ()>(())).await;
    assert!(matches!(gone, Err(StoreError::NoSuchList(_))));
}

async fn header_matches_change(url: String) {
    let (store, list) = list(&url).await;
    let rule = |header: &str, pattern: &str| HeaderMatch {
        header: header.into(),
        pattern: pattern.into(),
        action: None,
        tag: None,
    };
    for pattern in ["one", "two", "three"] {
        store.add_header_match(list.id, &rule("X-Spam", pattern)).await.unwrap();
    }
    let patterns = async || {
        let rules = store.header_matches(list.id).await.unwrap();
        rules.iter().map(|r| format!("{}:{}", r.header, r.pattern)).collect::<Vec<_>>().join(" ")
    };
    let changed =
        HeaderMatch { action: Some(Action::Discard), tag: Some("t".into()), ..rule("X-Ham", "two") };
    store.set_header_match(list.id, 1, &changed, 0).await.unwrap();
    assert_eq!(patterns().await, "x-ham:two x-spam:one x-spam:three");
    assert_eq!(
        store.header_matches(list.id).await.unwrap()[0],
        HeaderMatch { header: "x-ham".into(), ..changed.clone() }
    );
    let twin = store.set_header_match(list.id, 2, &rule("X-Spam", "one"), 2).await;
    assert!(matches!(twin, Err(StoreError::HeaderMatchExists { .. })));
    for (from, to) in [(3, 0), (0, 3)] {
        let far = store.set_header_match(list.id, from, &changed, to).await;
        assert_eq!(far, Err(StoreError::NoSuchHeaderMatch(3)));
    }
    assert!(store.set_header_match(list.id, 0, &rule("X", "(a"), 0).await.is_err());
    assert_eq!(store.clear_header_matches(list.id).await.unwrap(), 3);
    assert_eq!(patterns().await, "");
    assert_eq!(store.clear_header_matches(list.id).await.unwrap(), 0);
}

async fn bans_that_meet(url: String) {
    let (store, list) = list(&url).await;
    for (scope, entry) in [
        (Scope::Site, "Anne@example.com"),
        (Scope::Site, "@spam.example"),
        (Scope::List(list.id), "^bad.*@example"),
    ] {
        store.add_ban(scope, entry, NOON).await.unwrap();
    }
    for (scope, text, wanted) in [
        (Scope::Site, "anne@EXAMPLE.com", true),
        (Scope::List(list.id), "anne@example.com", true),
        (Scope::Site, "x@spam.example", true),
        (Scope::Site, "badge@example.com", false),
        (Scope::List(list.id), "BADge@example.com", true),
        (Scope::List(list.id), "^bad.*@example", true),
        (Scope::Site, "^bad.*@example", false),
        (Scope::Site, "nobody", false),
    ] {
        assert_eq!(store.ban_meeting(scope, text).await.unwrap().is_some(), wanted, "{scope:?} {text}");
    }
}

async fn addresses_of_texts(url: String) {
    let store = super::fixture::store(&url).await;
    let edit = |name: &str, uri: Option<&str>| TemplateEdit {
        name: name.into(),
        uri: uri.map(Into::into),
        login: ("who".into(), "secret".into()),
    };
    let text = Template {
        name: "list:user:notice:hold".into(),
        context: "x.example".into(),
        language: String::new(),
        body: TemplateBody::Text("kept here".into()),
    };
    store.set_template(&text).await.unwrap();
    let (footer, welcome) = ("list:member:regular:footer", "list:user:notice:welcome");
    let edits = [edit(footer, Some("https://x.example/1")), edit(welcome, Some("https://x.example/2"))];
    store.edit_templates("x.example", &edits).await.unwrap();
    store.edit_templates("x.example", &[edit(footer, Some("https://x.example/3"))]).await.unwrap();
    store.edit_templates("", &[edit(footer, Some("https://x.example/site"))]).await.unwrap();
    let there = async || {
        let stored =
            store.templates(&[footer, welcome, "list:user:notice:hold"], &["x.example"]).await.unwrap();
        let told = |t: &posthaste_store::StoredTemplate| match &t.template.body {
            TemplateBody::Uri { uri, password, .. } => format!("{uri} {password}"),
            TemplateBody::Text(text) => text.clone(),
        };
        let mut told: Vec<_> = stored.iter().map(told).collect();
        told.sort();
        told.join(", ")
    };
    assert_eq!(there().await, "https://x.example/2 secret, https://x.example/3 secret, kept here");
    let away = [edit(welcome, None), edit("list:user:notice:hold", None)];
    store.edit_templates("x.example", &away).await.unwrap();
    assert_eq!(there().await, "https://x.example/3 secret, kept here");
    assert_eq!(store.clear_templates("x.example").await.unwrap(), 1);
    assert_eq!(there().await, "kept here");
    assert_eq!(store.clear_templates("").await.unwrap(), 1);
}

async fn digests_bumped(url: String) {
    let (store, list) = list(&url).await;
    let bumped = store.bump_digest(list.id, NOON, |n| (n.volume, n.number + 1)).await.unwrap();
    assert_eq!(bumped, (1, 2));
    store
        .bump_digest(list.id, NOON, |n| {
            assert_eq!(n.last, Some(NOON));
            (n.volume + 1, 1)
        })
        .await
        .unwrap();
    let now = store.list_by_name(&name("dev@lists.example")).await.unwrap().unwrap();
    assert_eq!((now.volume, now.next_digest_number, now.digest_last_sent_at), (2, 1, Some(NOON)));
}

async fn many_leave(url: String) {
    let (store, list) = list(&url).await;
    store.add_members(list.id, Role::Member, &crowd(0..4), NOON).await.unwrap();
    store.add_members(list.id, Role::Owner, &crowd(1..2), NOON).await.unwrap();
    let keys = ["member1@example.com", "member3@example.com", "nobody@example.com", "Member0@example.com"];
    let gone = store.unsubscribe_all(list.id, &keys.map(str::to_owned)).await.unwrap();
    let mut gone: Vec<_> = gone.into_iter().collect();
    gone.sort();
    assert_eq!(gone, ["member1@example.com", "member3@example.com"]);
    assert_eq!(store.member_count(list.id, Role::Member).await.unwrap(), 2);
    assert_eq!(store.member_count(list.id, Role::Owner).await.unwrap(), 1);
    assert!(store.unsubscribe_all(list.id, &[]).await.unwrap().is_empty());
}
