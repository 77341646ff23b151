use posthaste_model::{
    Action, DeliveryMode, DeliveryStatus, Member, MembershipRequest, Preferences, RequestAction,
    RequestDetails, Role, TokenOwner,
};
use posthaste_store::{
    AuditEntry, AuditWanted, Enlisted, Enlisting, Level, Linked, NewUser, Preferring, RequestsWanted,
    RosterOrder, RosterRow, RosterWanted, Scope, Standing, Store, Subscriber, Taking, User, UserChange,
    UserMade, UsersWanted,
};
use serde_json::json;
use uuid::Uuid;

use super::fixture::{NOON, address, cases, list, mailbox, seed, store};

cases![
    users_come_and_go,
    users_are_found,
    addresses_have_owners,
    what_is_preferred_is_followed,
    two_users_become_one,
    preferences_at_three_levels,
    who_bounced_begins_anew,
    one_is_enlisted,
    enlisting_is_hindered,
    many_enlist_the_same_at_once,
    requests_in_order,
];

async fn make(store: &Store, text: &str) -> Uuid {
    let new = NewUser { mailbox: mailbox(text), password_hash: None, is_server_owner: false, at: NOON };
    match store.create_user(&new).await.unwrap() {
        UserMade::Done(id) => id,
        UserMade::Exists(address) => panic!("{address} is there"),
    }
}

async fn all(store: &Store) -> Vec<User> {
    store.users(&UsersWanted::default(), None, 0, 100).await.unwrap()
}

fn audit() -> AuditEntry {
    AuditEntry {
        at: NOON,
        who: "somebody".into(),
        action: "subscribe".into(),
        list: String::new(),
        object: String::new(),
        was: json!(null),
        became: json!(null),
    }
}

/// Gives a role, whatever is known of the address.
async fn enlist(store: &Store, list: Uuid, role: Role, text: &str, by_user: Option<Uuid>) -> Box<Member> {
    let (mailbox, preferences, audit) = (mailbox(text), Preferences::default(), audit());
    let enlisting = Enlisting {
        list,
        role,
        mailbox: &mailbox,
        by_user,
        preferences: &preferences,
        action: None,
        verified: true,
        at: NOON,
        audit: &audit,
    };
    match store.enlist(&enlisting, |_| true).await.unwrap() {
        Enlisted::Done(member) => member,
        other => panic!("{other:?}"),
    }
}

async fn roster(store: &Store, list: Uuid) -> Vec<RosterRow> {
    let wanted = RosterWanted { list: Some(list), ..RosterWanted::default() };
    let ids = store.roster_ids(&wanted, RosterOrder::Address, 0, 100).await.unwrap();
    store.roster_rows(&ids).await.unwrap()
}

async fn users_come_and_go(url: String) {
    let store = store(&url).await;
    let anne = make(&store, "Anne Person <Anne@Example.com>").await;
    let new = NewUser {
        mailbox: mailbox("ANNE@example.com"),
        password_hash: None,
        is_server_owner: false,
        at: NOON,
    };
    assert_eq!(
        store.create_user(&new).await.unwrap(),
        UserMade::Exists(address("Anne@Example.com")),
        "spelled as it was first"
    );
    let user = store.user_by_address(&address("anne@EXAMPLE.com")).await.unwrap().unwrap();
    assert_eq!((user.id, user.display_name.as_str(), user.created_at), (anne, "Anne Person", NOON));
    let change = UserChange {
        display_name: Some("Anna".into()),
        password_hash: Some("$x$".into()),
        is_server_owner: Some(true),
    };
    assert!(store.change_user(anne, &change).await.unwrap());
    assert!(store.change_user(anne, &UserChange::default()).await.unwrap());
    assert!(!store.change_user(Uuid::now_v7(), &change).await.unwrap());
    let user = store.user(anne).await.unwrap().unwrap();
    assert_eq!((user.display_name.as_str(), user.is_server_owner), ("Anna", true));
    assert_eq!(user.password_hash.as_deref(), Some("$x$"));
    store.add_domain("lists.example", "", None).await.unwrap();
    let list = store.create_list(seed("dev@lists.example"), &[]).await.unwrap();
    enlist(&store, list.id, Role::Member, "anne@example.com", None).await;
    assert!(store.remove_user(anne).await.unwrap());
    assert!(!store.remove_user(anne).await.unwrap());
    assert!(store.address(&address("anne@example.com")).await.unwrap().is_none());
    assert!(roster(&store, list.id).await.is_empty());
    // An address that nobody has is given to the user who is made with it.
    store.ensure_nonmembers(list.id, &[address("bart@example.com")], NOON).await.unwrap();
    let bart = make(&store, "bart@example.com").await;
    assert_eq!(store.address(&address("bart@example.com")).await.unwrap().unwrap().user, Some(bart));
}

async fn users_are_found(url: String) {
    let store = store(&url).await;
    let mut made = vec![];
    for text in ["Zoë <z@example.com>", "Anne_x <anne@example.org>", "bart@Example.com"] {
        made.push(make(&store, text).await);
    }
    store.take_address(made[2], &mailbox("Bart S <bs@example.net>"), false, NOON).await.unwrap();
    assert_eq!(all(&store).await.iter().map(|u| u.id).collect::<Vec<_>>(), made, "the first first");
    let after = all(&store).await[0].clone();
    let page = store.users(&UsersWanted::default(), Some(&after), 1, 5).await.unwrap();
    assert_eq!(page.iter().map(|u| u.id).collect::<Vec<_>>(), made[2..]);
    for (text, found) in [
        ("EXAMPLE.com", vec![made[0], made[2]]),
        ("e_x", vec![made[1]]),
        ("bart s", vec![made[2]]),
        ("%", vec![]),
        ("nobody", vec![]),
        ("", made.clone()),
    ] {
        let wanted = UsersWanted { holds: Some(text.into()), ..UsersWanted::default() };
        let users = store.users(&wanted, None, 0, 10).await.unwrap();
        assert_eq!(users.iter().map(|u| u.id).collect::<Vec<_>>(), found, "{text}");
        assert_eq!(store.user_count(&wanted).await.unwrap(), found.len() as u64, "{text}");
    }
    let owners = UsersWanted { server_owners: true, ..UsersWanted::default() };
    assert_eq!(store.user_count(&owners).await.unwrap(), 0);
    let change = UserChange { is_server_owner: Some(true), ..UserChange::default() };
    store.change_user(made[1], &change).await.unwrap();
    assert_eq!(store.users(&owners, None, 0, 10).await.unwrap()[0].id, made[1]);
}

async fn addresses_have_owners(url: String) {
    let (store, list) = list(&url).await;
    let (anne, bart) =
        (make(&store, "Anne <anne@example.com>").await, make(&store, "bart@example.com").await);
    let second = mailbox("Anne2@example.com");
    assert_eq!(store.take_address(anne, &second, false, NOON).await.unwrap(), Taking::Done);
    assert_eq!(store.take_address(anne, &second, false, NOON).await.unwrap(), Taking::Taken);
    assert_eq!(store.take_address(bart, &second, false, NOON).await.unwrap(), Taking::Taken);
    assert_eq!(store.take_address(Uuid::now_v7(), &second, false, NOON).await.unwrap(), Taking::NoUser);
    let hers = store.addresses(Some(anne), None, 0, 10).await.unwrap();
    assert_eq!(hers.len(), 2);
    assert_eq!(store.address_count(Some(anne)).await.unwrap(), 2);
    assert_eq!(store.address_count(None).await.unwrap(), 3);
    let rest = store.addresses(None, Some(&hers[0]), 0, 10).await.unwrap();
    assert!(!rest.contains(&hers[0]) && rest.contains(&hers[1]), "{rest:?}");
    // Verified and not.
    let this = address("anne2@example.com");
    let later = NOON.plus(std::time::Duration::from_secs(9));
    assert!(store.set_verified(&this, Some(NOON)).await.unwrap());
    assert!(store.set_verified(&this, Some(later)).await.unwrap());
    assert_eq!(store.address(&this).await.unwrap().unwrap().verified_at, Some(NOON), "the moment stays");
    assert!(store.set_verified(&this, None).await.unwrap());
    assert_eq!(store.address(&this).await.unwrap().unwrap().verified_at, None);
    assert!(!store.set_verified(&address("x@y.org"), Some(NOON)).await.unwrap());
    // Given and taken.
    assert_eq!(store.link_address(&this, bart, false).await.unwrap(), Linked::Taken(anne));
    assert_eq!(store.link_address(&this, Uuid::now_v7(), true).await.unwrap(), Linked::NoUser);
    assert_eq!(store.address(&this).await.unwrap().unwrap().user, Some(anne), "nothing was taken for nobody");
    assert_eq!(store.link_address(&this, bart, true).await.unwrap(), Linked::Done);
    assert_eq!(store.link_address(&address("x@y.org"), bart, true).await.unwrap(), Linked::NoAddress);
    assert_eq!(store.unlink_address(&this).await.unwrap(), Some(true));
    assert_eq!(store.unlink_address(&this).await.unwrap(), Some(false));
    assert_eq!(store.unlink_address(&address("x@y.org")).await.unwrap(), None);
    // Named, and its memberships with it.
    store.add_members(list.id, Role::Member, &[mailbox("Old Name <anne2@example.com>")], NOON).await.unwrap();
    assert!(store.name_address(&this, "New Name").await.unwrap());
    assert_eq!(roster(&store, list.id).await[0].display_name, "New Name");
    assert!(store.remove_address(&this).await.unwrap());
    assert!(!store.remove_address(&this).await.unwrap());
    assert!(roster(&store, list.id).await.is_empty());
    assert_eq!(all(&store).await.len(), 2, "users stay");
}

async fn what_is_preferred_is_followed(url: String) {
    let (store, list) = list(&url).await;
    let other = store.create_list(seed("ops@lists.example"), &[]).await.unwrap();
    let anne = make(&store, "Anne <a1@example.com>").await;
    let (first, second) = (address("a1@example.com"), address("a2@example.com"));
    store.take_address(anne, &mailbox("a2@example.com"), false, NOON).await.unwrap();
    let refused = store.prefer_address(anne, &first).await.unwrap();
    assert_eq!(refused, Preferring::Unverified(mailbox("Anne <a1@example.com>")));
    for address in [&first, &second] {
        store.set_verified(address, Some(NOON)).await.unwrap();
    }
    assert_eq!(store.prefer_address(anne, &first).await.unwrap(), Preferring::Done);
    let preferred = store.user(anne).await.unwrap().unwrap().preferred.unwrap();
    assert_eq!(store.address_by_key(preferred).await.unwrap().unwrap().address, first);
    assert_eq!(store.prefer_address(anne, &address("x@y.org")).await.unwrap(), Preferring::NoAddress);
    let bart = make(&store, "bart@example.com").await;
    assert_eq!(store.prefer_address(bart, &second).await.unwrap(), Preferring::Taken);
    assert_eq!(store.prefer_address(Uuid::now_v7(), &second).await.unwrap(), Preferring::NoUser);
    // One membership of hers by the user, one by the address; on the other list she has both.
    let by_user = enlist(&store, list.id, Role::Member, "a1@example.com", Some(anne)).await;
    enlist(&store, other.id, Role::Member, "a1@example.com", Some(anne)).await;
    let direct = enlist(&store, other.id, Role::Member, "a2@example.com", None).await;
    assert!(roster(&store, list.id).await[0].by_user);
    assert_eq!(store.prefer_address(anne, &second).await.unwrap(), Preferring::Done);
    let rows = roster(&store, list.id).await;
    assert_eq!((rows[0].id, rows[0].email.as_str(), rows[0].by_user), (by_user.id, "a2@example.com", true));
    let rows = roster(&store, other.id).await;
    assert_eq!(rows.len(), 1, "one membership is enough");
    assert_eq!((rows[0].id, rows[0].by_user), (direct.id, false));
    assert!(store.prefer_none(anne).await.unwrap());
    assert!(!store.prefer_none(anne).await.unwrap());
    assert_eq!(roster(&store, list.id).await.len(), 1, "who prefers nothing loses nothing");
    // A membership by address goes over to another one.
    assert!(store.move_membership(direct.id, &first).await.unwrap());
    assert_eq!(roster(&store, other.id).await[0].email, "a1@example.com");
    enlist(&store, other.id, Role::Member, "a2@example.com", None).await;
    assert!(!store.move_membership(direct.id, &second).await.unwrap(), "it is a member already");
    // An address that changes hands belongs to nobody's preferences any more.
    store.prefer_address(anne, &second).await.unwrap();
    store.link_address(&second, bart, true).await.unwrap();
    assert_eq!(store.user(anne).await.unwrap().unwrap().preferred, None);
    assert!(!roster(&store, list.id).await[0].by_user);
}

async fn two_users_become_one(url: String) {
    let (store, list) = list(&url).await;
    let other = store.create_list(seed("ops@lists.example"), &[]).await.unwrap();
    let (one, two) = (make(&store, "one@example.com").await, make(&store, "Two <two@example.com>").await);
    for text in ["one@example.com", "two@example.com"] {
        store.set_verified(&address(text), Some(NOON)).await.unwrap();
    }
    store.prefer_address(two, &address("two@example.com")).await.unwrap();
    let change = UserChange {
        password_hash: Some("$two$".into()),
        is_server_owner: Some(true),
        ..UserChange::default()
    };
    store.change_user(two, &change).await.unwrap();
    let (own, theirs) = (
        Preferences { hide_address: Some(false), ..Preferences::default() },
        Preferences {
            hide_address: Some(true),
            preferred_language: Some("de".into()),
            ..Preferences::default()
        },
    );
    store.set_preferences(&Level::User(one), &own).await.unwrap();
    store.set_preferences(&Level::User(two), &theirs).await.unwrap();
    enlist(&store, list.id, Role::Member, "one@example.com", Some(one)).await;
    enlist(&store, list.id, Role::Member, "two@example.com", Some(two)).await;
    enlist(&store, other.id, Role::Member, "two@example.com", Some(two)).await;
    let mailbox = mailbox("two@example.com");
    assert_eq!(store.take_address(one, &mailbox, true, NOON).await.unwrap(), Taking::Done);
    assert!(store.user(two).await.unwrap().is_none());
    let user = store.user(one).await.unwrap().unwrap();
    assert_eq!((user.display_name.as_str(), user.is_server_owner), ("Two", true));
    assert_eq!(user.password_hash.as_deref(), Some("$two$"));
    let set = store.preferences(&Level::User(one)).await.unwrap().unwrap();
    assert_eq!((set.hide_address, set.preferred_language.as_deref()), (Some(false), Some("de")));
    assert_eq!(store.addresses(Some(one), None, 0, 9).await.unwrap().len(), 2);
    let rows = roster(&store, list.id).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    // Now that a preferred address is known, memberships of the user go there.
    assert_eq!((rows[0].user, rows[0].email.as_str(), rows[0].by_user), (Some(one), "two@example.com", true));
    assert_eq!(roster(&store, other.id).await[0].user, Some(one));
    // Absorbing oneself changes nothing.
    assert_eq!(store.take_address(one, &mailbox, true, NOON).await.unwrap(), Taking::Done);
}

async fn preferences_at_three_levels(url: String) {
    let (store, list) = list(&url).await;
    let member = enlist(&store, list.id, Role::Member, "anne@example.com", None).await;
    let user = store.user_by_address(&address("anne@example.com")).await.unwrap().unwrap().id;
    let levels = [Level::User(user), Level::Address(address("ANNE@example.com")), Level::Member(member.id)];
    for (place, level) in levels.iter().enumerate() {
        assert_eq!(store.preferences(level).await.unwrap(), Some(Preferences::default()));
        let wanted = Preferences {
            delivery_mode: (place == 0).then_some(DeliveryMode::MimeDigests),
            acknowledge_posts: (place == 1).then_some(true),
            receive_list_copy: Some(place == 2),
            ..Preferences::default()
        };
        assert!(store.set_preferences(level, &wanted).await.unwrap());
        assert!(store.set_preferences(level, &wanted).await.unwrap(), "set already is no error");
        assert_eq!(store.preferences(level).await.unwrap(), Some(wanted));
    }
    let whole = store.effective_preferences(member.id).await.unwrap().unwrap();
    assert_eq!(whole.delivery_mode, Some(DeliveryMode::MimeDigests));
    assert_eq!((whole.acknowledge_posts, whole.receive_list_copy), (Some(true), Some(true)));
    let nobody = [
        Level::User(Uuid::now_v7()),
        Level::Address(address("nobody@example.com")),
        Level::Member(Uuid::now_v7()),
    ];
    for level in nobody {
        assert_eq!(store.preferences(&level).await.unwrap(), None);
        assert!(!store.set_preferences(&level, &Preferences::default()).await.unwrap());
    }
    assert_eq!(store.effective_preferences(Uuid::now_v7()).await.unwrap(), None);
}

async fn who_bounced_begins_anew(url: String) {
    let (store, list) = list(&url).await;
    let member = enlist(&store, list.id, Role::Member, "anne@example.com", None).await;
    let level = Level::Member(member.id);
    let off = Preferences { delivery_status: Some(DeliveryStatus::ByBounces), ..Preferences::default() };
    store.set_preferences(&level, &off).await.unwrap();
    let standing = Standing { score: 6, disabled_at: Some(NOON), ..Standing::default() };
    store.set_standing(member.id, &standing).await.unwrap();
    assert_eq!(roster(&store, list.id).await[0].bounce_score, 6);
    store.set_preferences(&level, &off).await.unwrap();
    assert_eq!(store.standing(member.id).await.unwrap().score, 6, "nothing changed");
    let on = Preferences { delivery_status: Some(DeliveryStatus::Enabled), ..Preferences::default() };
    store.set_preferences(&level, &on).await.unwrap();
    assert_eq!(store.standing(member.id).await.unwrap(), Standing::default());
}

async fn one_is_enlisted(url: String) {
    let (store, list) = list(&url).await;
    // Known as a stranger, under two addresses.
    let anne = make(&store, "anne@example.com").await;
    store.take_address(anne, &mailbox("a2@example.com"), false, NOON).await.unwrap();
    let strangers = [address("anne@example.com"), address("a2@example.com"), address("bart@example.com")];
    store.ensure_nonmembers(list.id, &strangers, NOON).await.unwrap();
    let preferences =
        Preferences { delivery_mode: Some(DeliveryMode::PlaintextDigests), ..Preferences::default() };
    let (mailbox_, audit_) = (mailbox("Anne Person <ANNE@example.com>"), audit());
    let enlisting = Enlisting {
        list: list.id,
        role: Role::Member,
        mailbox: &mailbox_,
        by_user: None,
        preferences: &preferences,
        action: Some(Action::Hold),
        verified: true,
        at: NOON,
        audit: &audit_,
    };
    let Enlisted::Done(member) = store.enlist(&enlisting, |verified| verified).await.unwrap() else {
        panic!("not enlisted");
    };
    assert_eq!(member.address.as_str(), "anne@example.com", "as it was spelled first");
    assert_eq!(member.display_name, "Anne Person");
    let stored = store.membership(list.id, member.id).await.unwrap().unwrap();
    assert_eq!(stored.preferences, preferences);
    assert_eq!(stored.moderation_action, Some(Action::Hold));
    let rows = roster(&store, list.id).await;
    let left: Vec<_> = rows.iter().map(|row| (row.email.as_str(), row.role)).collect();
    assert_eq!(left, [("anne@example.com", Role::Member), ("bart@example.com", Role::Nonmember)]);
    assert_eq!(rows[0].display_name, "Anne Person", "the address had no name");
    assert!(store.is_verified(&address("anne@example.com")).await.unwrap());
    // A new address comes with a user.
    enlist(&store, list.id, Role::Owner, "Carl <carl@example.com>", None).await;
    let carl = store.user_by_address(&address("carl@example.com")).await.unwrap().unwrap();
    assert_eq!(carl.display_name, "Carl");
    // The stranger who writes gets one, too, and stays a stranger where he gets another role.
    enlist(&store, list.id, Role::Moderator, "bart@example.com", None).await;
    assert!(store.user_by_address(&address("bart@example.com")).await.unwrap().is_some());
    assert_eq!(roster(&store, list.id).await.len(), 4);
    assert_eq!(store.audit_page(&AuditWanted::default(), 9).await.unwrap().len(), 3);
    assert_eq!(store.verify_audit().await.unwrap(), Ok(3));
}

async fn enlisting_is_hindered(url: String) {
    let (store, list) = list(&url).await;
    enlist(&store, list.id, Role::Member, "anne@example.com", None).await;
    store.add_ban(Scope::Site, "bad@example.com", NOON).await.unwrap();
    store.put_request(&request(list.id, "waits@example.com", NOON), "token").await.unwrap();
    let (preferences, audit) = (Preferences::default(), audit());
    for (text, role, wanted) in [
        ("Anne@example.com", Role::Member, Enlisted::Already),
        ("bad@example.com", Role::Member, Enlisted::Banned),
        ("bad@example.com", Role::Owner, Enlisted::Banned),
        ("waits@example.com", Role::Member, Enlisted::Waits),
        ("new@example.com", Role::Member, Enlisted::NotYet { verified: false }),
    ] {
        let mailbox = mailbox(text);
        let enlisting = Enlisting {
            list: list.id,
            role,
            mailbox: &mailbox,
            by_user: None,
            preferences: &preferences,
            action: None,
            verified: false,
            at: NOON,
            audit: &audit,
        };
        assert_eq!(store.enlist(&enlisting, |verified| verified).await.unwrap(), wanted, "{text}");
    }
    assert!(store.address(&address("new@example.com")).await.unwrap().is_none(), "nothing is left behind");
    assert_eq!(store.audit_page(&AuditWanted::default(), 9).await.unwrap().len(), 1);
}

/// Several programs enlist the same people: each is enlisted once, and nobody is told of an error.
async fn many_enlist_the_same_at_once(url: String) {
    let (_, list) = list(&url).await;
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (url, id) = (url.clone(), list.id);
            tokio::spawn(async move {
                let store = Store::connect(&url).await.unwrap();
                let (preferences, audit, mut done) = (Preferences::default(), audit(), 0);
                for i in 0..15 {
                    let mailbox = mailbox(&format!("m{i}@example.com"));
                    let enlisting = Enlisting {
                        list: id,
                        role: Role::Member,
                        mailbox: &mailbox,
                        by_user: None,
                        preferences: &preferences,
                        action: None,
                        verified: true,
                        at: NOON,
                        audit: &audit,
                    };
                    match store.enlist(&enlisting, |_| true).await.unwrap() {
                        Enlisted::Done(_) => done += 1,
                        Enlisted::Already => {}
                        other => panic!("{other:?}"),
                    }
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.unwrap();
    }
    let store = Store::connect(&url).await.unwrap();
    assert_eq!((done, store.member_count(list.id, Role::Member).await.unwrap()), (15, 15));
    assert_eq!(store.user_count(&UsersWanted::default()).await.unwrap(), 15, "no user is left over");
    assert_eq!(store.verify_audit().await.unwrap(), Ok(15));
}

fn request(list: Uuid, text: &str, at: posthaste_model::Timestamp) -> MembershipRequest {
    MembershipRequest {
        id: Uuid::now_v7(),
        list,
        action: RequestAction::Join,
        owner: TokenOwner::Subscriber,
        address: address(text),
        display_name: String::new(),
        details: RequestDetails { by_user: Some(Uuid::from_u128(7)), ..RequestDetails::default() },
        asked_at: at,
        expires_at: at.plus(std::time::Duration::from_hours(1)),
    }
}

async fn requests_in_order(url: String) {
    let (store, list) = list(&url).await;
    let second = |n| NOON.plus(std::time::Duration::from_secs(n));
    for (place, text) in ["c@x.org", "a@x.org", "b@x.org"].into_iter().enumerate() {
        let mut request = request(list.id, text, second(9 - place as u64));
        if place == 1 {
            request.owner = TokenOwner::Moderator;
        }
        store.put_request(&request, text).await.unwrap();
    }
    let mut leaving = request(list.id, "d@x.org", NOON);
    leaving.action = RequestAction::Leave;
    store.put_request(&leaving, "d").await.unwrap();
    let wanted = RequestsWanted { list: list.id, action: RequestAction::Join, owner: None, now: NOON };
    let keys = async |wanted: &RequestsWanted, skip, limit| {
        let page = store.request_page(wanted, skip, limit).await.unwrap();
        page.iter().map(|r| r.address.key().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys(&wanted, 0, u64::MAX).await, ["b@x.org", "a@x.org", "c@x.org"]);
    assert_eq!(keys(&wanted, 1, 1).await, ["a@x.org"]);
    assert_eq!(store.request_count(&wanted).await.unwrap(), 3);
    let moderators = RequestsWanted { owner: Some(TokenOwner::Moderator), ..wanted };
    assert_eq!(keys(&moderators, 0, 9).await, ["a@x.org"]);
    let leaving = RequestsWanted { action: RequestAction::Leave, ..wanted };
    assert_eq!(keys(&leaving, 0, 9).await, ["d@x.org"]);
    let late = RequestsWanted { now: NOON.plus(std::time::Duration::from_hours(2)), ..wanted };
    assert_eq!(store.request_count(&late).await.unwrap(), 0);
    let stored = store.request_page(&wanted, 0, 1).await.unwrap();
    assert_eq!(stored[0].details.by_user, Some(Uuid::from_u128(7)));
    assert_eq!(
        store
            .roster_count(&RosterWanted {
                subscriber: Some(Subscriber::User(Uuid::now_v7())),
                ..RosterWanted::default()
            })
            .await
            .unwrap(),
        0
    );
}
