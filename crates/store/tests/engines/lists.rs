use posthaste_model::{Action, ListId, ListSettings, Role, Timestamp};
use posthaste_store::{StoreError, Template, TemplateBody};
use serde_json::json;
use uuid::Uuid;

use super::fixture::{NOON, address, cases, crowd, list, name, seed, store};

cases![
    domains,
    domains_are_named_in_errors,
    lists_by_every_name,
    lists_are_named_in_errors,
    settings_round_trip,
    posts_are_numbered,
    numbers_are_unique,
    overview_pages,
    removal_takes_everything,
    templates
];

async fn domains(url: String) {
    let store = store(&url).await;
    let added = store.add_domain("Lists.Example", "Ours: ümlaut 🐎", Some("Alias.Example")).await.unwrap();
    assert_eq!(
        (added.mail_host.as_str(), added.alias_domain.as_deref()),
        ("lists.example", Some("alias.example"))
    );
    store.add_domain("a.example", "", None).await.unwrap();
    assert_eq!(store.domain("LISTS.example").await.unwrap(), Some(added.clone()));
    let hosts: Vec<_> = store.domains().await.unwrap().into_iter().map(|d| d.mail_host).collect();
    assert_eq!(hosts, ["a.example", "lists.example"]);
    let directory = store.directory().await.unwrap();
    assert_eq!(directory.domains[1].alias_domain.as_deref(), Some("alias.example"));
    store.remove_domain("a.Example").await.unwrap();
    assert_eq!(store.domain("a.example").await.unwrap(), None);
}

async fn domains_are_named_in_errors(url: String) {
    let (store, _) = list(&url).await;
    let exists = store.add_domain("LISTS.example", "", None).await.unwrap_err();
    assert_eq!(exists, StoreError::DomainExists("lists.example".into()));
    let missing = store.remove_domain("no.example").await.unwrap_err();
    assert_eq!(missing, StoreError::NoSuchDomain("no.example".into()));
    let in_use = store.remove_domain("lists.example").await.unwrap_err();
    assert_eq!(in_use, StoreError::DomainInUse { domain: "lists.example".into(), lists: 1 });
    assert!(matches!(store.add_domain("localhost", "", None).await, Err(StoreError::BadDomain(_))));
}

async fn lists_by_every_name(url: String) {
    let store = store(&url).await;
    store.add_domain("lists.example", "", None).await.unwrap();
    let owners = [address("Anne@Example.com"), address("bart@example.com"), address("anne@example.com")];
    let list = store.create_list(seed("dev@lists.example"), &owners).await.unwrap();
    assert_eq!(list.created_at, NOON);
    assert_eq!(store.list_by_name(&list.name).await.unwrap().as_ref(), Some(&list));
    assert_eq!(store.list_by_id(&list.list_id).await.unwrap().as_ref(), Some(&list));
    assert_eq!(store.list_by_key(list.id).await.unwrap().as_ref(), Some(&list));
    assert_eq!(store.list_by_name(&name("dev@other.example")).await.unwrap(), None);
    let admins = store.admins(list.id).await.unwrap();
    assert_eq!(admins, [address("anne@example.com"), address("bart@example.com")]);
    assert_eq!(admins[0].as_str(), "Anne@Example.com");
    let rows = store.directory().await.unwrap().lists;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].id, &rows[0].list_id, &rows[0].name), (list.id, &list.list_id, &list.name));
    assert_eq!(rows[0].max_message_size, 40);
}

async fn lists_are_named_in_errors(url: String) {
    let (store, list) = list(&url).await;
    let twice = store.create_list(seed("Dev@lists.example"), &[]).await.unwrap_err();
    assert_eq!(twice, StoreError::ListExists(list.name.clone()));
    let homeless = store.create_list(seed("dev@no.example"), &[]).await.unwrap_err();
    assert_eq!(homeless, StoreError::NoSuchDomain("no.example".into()));
    // Nothing is left of a list that was refused, its owners neither.
    store.create_list(seed("x@no.example"), &[address("zoe@example.com")]).await.unwrap_err();
    assert_eq!(store.directory().await.unwrap().lists.len(), 1);
    let nobody = Uuid::from_u128(5);
    let missing = StoreError::NoSuchList(nobody.to_string());
    assert_eq!(store.save_settings(nobody, &ListSettings::default()).await, Err(missing.clone()));
    assert_eq!(store.next_post(nobody, NOON).await, Err(missing.clone()));
    assert_eq!(store.remove_list(nobody).await, Err(missing.clone()));
    assert_eq!(store.add_members(nobody, Role::Member, &crowd(0..1), NOON).await, Err(missing));
}

async fn settings_round_trip(url: String) {
    let (store, mut list) = list(&url).await;
    for (key, value) in [
        ("info", json!("long ".repeat(40_000))),
        ("description", json!("Größe 🐎 \\ ' \" %")),
        ("advertised", json!(false)),
        ("max_message_size", json!(0)),
        ("default_member_action", json!("hold")),
        ("digest_size_threshold", json!(0.1)),
        ("bounce_info_stale_after", json!("1d12h")),
        ("acceptable_aliases", json!(["a@b.c", "^x.*$"])),
        ("moderator_password", json!("$6$x")),
    ] {
        list.settings.set(key, &value).unwrap();
    }
    store.save_settings(list.id, &list.settings).await.unwrap();
    let read = store.list_by_id(&list.list_id).await.unwrap().unwrap();
    assert_eq!(read, list);
    assert_eq!(read.settings.default_member_action, Action::Hold);
    // The columns beside the document follow it.
    assert_eq!(store.directory().await.unwrap().lists[0].max_message_size, 0);
    let summary = &store.lists(None, 10).await.unwrap()[0];
    assert!(!summary.advertised);
    assert_eq!(summary.description, list.settings.description);
    // Saving the same again is no error.
    store.save_settings(list.id, &list.settings).await.unwrap();
}

async fn posts_are_numbered(url: String) {
    let (store, list) = list(&url).await;
    let later = Timestamp::from_micros(NOON.as_micros() + 1);
    assert_eq!(store.next_post(list.id, NOON).await.unwrap(), 1);
    assert_eq!(store.next_post(list.id, later).await.unwrap(), 2);
    let read = store.list_by_key(list.id).await.unwrap().unwrap();
    assert_eq!((read.post_id, read.last_post_at), (3, Some(later)));
}

async fn numbers_are_unique(url: String) {
    let (store, list) = list(&url).await;
    let tasks: Vec<_> = (0..40)
        .map(|_| {
            let (store, id) = (store.clone(), list.id);
            tokio::spawn(async move { store.next_post(id, NOON).await.unwrap() })
        })
        .collect();
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.push(task.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
}

async fn overview_pages(url: String) {
    let (store, list) = list(&url).await;
    for local in ["a", "z", "m"] {
        store.create_list(seed(&format!("{local}@lists.example")), &[]).await.unwrap();
    }
    store.add_members(list.id, Role::Member, &crowd(0..3), NOON).await.unwrap();
    store.add_members(list.id, Role::Moderator, &crowd(3..4), NOON).await.unwrap();
    let mut names = Vec::new();
    let mut after: Option<ListId> = None;
    while let Some(summary) = store.lists(after.as_ref(), 1).await.unwrap().pop() {
        names.push((summary.name.local().to_owned(), summary.members));
        after = Some(summary.list_id);
    }
    let names: Vec<_> = names.iter().map(|(name, members)| (name.as_str(), *members)).collect();
    assert_eq!(names, [("a", 0), ("dev", 3), ("m", 0), ("z", 0)]);
}

async fn removal_takes_everything(url: String) {
    let (store, list) = list(&url).await;
    store.add_members(list.id, Role::Member, &crowd(0..3), NOON).await.unwrap();
    store.add_ban(posthaste_store::Scope::List(list.id), "x@y.example", NOON).await.unwrap();
    let footer = Template {
        name: "list:member:regular:footer".into(),
        context: list.list_id.to_string(),
        language: String::new(),
        body: TemplateBody::Text("bye".into()),
    };
    store.set_template(&footer).await.unwrap();
    store.remove_list(list.id).await.unwrap();
    assert_eq!(store.list_by_name(&list.name).await.unwrap(), None);
    assert_eq!(store.member_count(list.id, Role::Member).await.unwrap(), 0);
    assert_eq!(store.all_templates().await.unwrap(), []);
    store.remove_domain("lists.example").await.unwrap();
}

async fn templates(url: String) {
    let store = store(&url).await;
    let name = "list:admin:notice:hold";
    let text = |context: &str, language: &str, text: &str| Template {
        name: name.into(),
        context: context.into(),
        language: language.into(),
        body: TemplateBody::Text(text.into()),
    };
    let (site, host, own) =
        (text("", "", "site"), text("lists.example", "", "host"), text("dev.lists.example", "", "own"));
    let german = text("dev.lists.example", "de", "eigen");
    for template in [&site, &host, &german, &own] {
        store.set_template(template).await.unwrap();
    }
    let contexts = ["dev.lists.example", "lists.example", ""];
    let get = async || {
        let found = store.templates(&[name, "other"], &contexts).await.unwrap();
        found.into_iter().map(|t| t.template).collect::<Vec<_>>()
    };
    assert_eq!(get().await, [own.clone(), german.clone(), host.clone(), site.clone()]);
    assert!(store.remove_template(name, &own.context, "").await.unwrap());
    assert!(!store.remove_template(name, &own.context, "").await.unwrap());
    assert_eq!(get().await, [german, host.clone(), site.clone()]);
    let before = store.templates(&[name], &["lists.example"]).await.unwrap();
    let remote = Template {
        body: TemplateBody::Uri {
            uri: "https://x.example/t".into(),
            username: "u".into(),
            password: "p".into(),
        },
        ..host
    };
    store.set_template(&remote).await.unwrap();
    let after = store.templates(&[name], &["lists.example"]).await.unwrap();
    assert_eq!(after[0].template, remote);
    assert_ne!(after[0].id, before[0].id, "a changed text is another one");
    assert_eq!(store.templates(&["other"], &contexts).await.unwrap(), []);
    assert_eq!(store.all_templates().await.unwrap().len(), 3);
}
