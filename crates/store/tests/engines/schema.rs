use posthaste_store::{Schema, Store, StoreError};

use super::fixture::{Behind, cases, store};

cases![
    migrations_run_once,
    two_migrate_at_once,
    newer_is_refused,
    methods_can_be_spawned,
    unmigrated_is_unavailable
];

async fn migrations_run_once(url: String) {
    let store = Store::connect(&url).await.unwrap();
    let Schema { found, known } = store.schema().await.unwrap();
    assert_eq!(found, 0);
    assert!(known > 0);
    assert_eq!(store.check().await, Err(StoreError::OlderSchema { found: 0, known }));
    assert_eq!(store.migrate().await.unwrap(), known);
    assert_eq!(store.migrate().await.unwrap(), 0);
    assert_eq!(store.schema().await.unwrap(), Schema { found: known, known });
    store.check().await.unwrap();
    store.ping().await.unwrap();
}

async fn two_migrate_at_once(url: String) {
    let stores = [Store::connect(&url).await.unwrap(), Store::connect(&url).await.unwrap()];
    let known = stores[0].schema().await.unwrap().known;
    let (a, b) = tokio::join!(stores[0].migrate(), stores[1].migrate());
    let mut ran = [a.unwrap(), b.unwrap()];
    ran.sort_unstable();
    assert_eq!(ran, [0, known]);
    stores[1].check().await.unwrap();
}

/// A schema from the future is read, told, and never touched.
async fn newer_is_refused(url: String) {
    let store = store(&url).await;
    let known = store.schema().await.unwrap().known;
    Behind::open(&url).await.run("UPDATE posthaste_schema SET version = version + 1").await;
    let newer = Err(StoreError::NewerSchema { found: known + 1, known });
    assert_eq!(store.check().await, newer);
    assert_eq!(store.migrate().await.map(|_| ()), newer);
    assert_eq!(store.schema().await.unwrap().found, known + 1);
}

/// Tasks of a server may hold these futures.
async fn methods_can_be_spawned(url: String) {
    let store = store(&url).await;
    tokio::spawn(async move {
        store.add_domain("lists.example", "", None).await.unwrap();
        store.directory().await.unwrap();
        store.posting_facts(uuid::Uuid::nil(), &[], &[]).await.unwrap();
        store.recipients_page(uuid::Uuid::nil(), None, 1).await.unwrap();
    })
    .await
    .unwrap();
}

async fn unmigrated_is_unavailable(url: String) {
    let store = Store::connect(&url).await.unwrap();
    let error = store.domains().await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(why) if why.contains("db migrate")), "{error}");
}
