use std::time::Duration;

use bytes::Bytes;
use posthaste_model::{EntryId, Timestamp};
use posthaste_store::Store;
use tokio::time::timeout;
use uuid::Uuid;

use super::fixture::{NOON, cases, list};
use super::moderation::post;

cases![nobody_inherits_a_transaction, a_held_post_is_whole_or_not_there];

/// Callers give up at every moment of a write; whoever comes after them reads what is there now, and can write.
async fn nobody_inherits_a_transaction(url: String) {
    let (store, list) = list(&url).await;
    let begin = std::time::Instant::now();
    for _ in 0..5 {
        store.next_post(list.id, NOON).await.unwrap();
    }
    let usual = begin.elapsed() / 5;
    for round in 0..60_u32 {
        let callers: Vec<_> = (0..8_u32)
            .map(|i| {
                let (store, id) = (store.clone(), list.id);
                let patience = usual * ((round * 8 + i) % 97) / 60;
                tokio::spawn(async move { timeout(patience, store.next_post(id, NOON)).await })
            })
            .collect();
        for caller in callers {
            if let Ok(answer) = caller.await.unwrap() {
                answer.unwrap();
            }
        }
    }
    let other = Store::connect(&url).await.unwrap();
    for round in 0..20 {
        let at = Timestamp::from_micros(round);
        let number = other.next_post(list.id, at).await.unwrap();
        let readers: Vec<_> = (0..8)
            .map(|_| {
                let (store, id) = (store.clone(), list.id);
                tokio::spawn(async move { store.list_by_key(id).await.unwrap().unwrap() })
            })
            .collect();
        for reader in readers {
            let read = reader.await.unwrap();
            assert_eq!((read.post_id, read.last_post_at), (number + 1, Some(at)));
        }
        assert_eq!(store.next_post(list.id, NOON).await, Ok(number + 1));
    }
}

async fn a_held_post_is_whole_or_not_there(url: String) {
    let (store, list) = list(&url).await;
    let message: Bytes = (0..1_200_000_u32).map(|i| (i % 253) as u8).collect();
    let begin = std::time::Instant::now();
    store.hold(&post(1, list.id, message.clone())).await.unwrap();
    let usual = begin.elapsed();
    for i in 2..22_u32 {
        let held = post(u128::from(i), list.id, message.clone());
        let _ = timeout(usual * (i - 1) / 20, store.hold(&held)).await;
        let id = EntryId::new(Uuid::from_u128(u128::from(i)));
        if let Some(found) = store.held(id).await.unwrap() {
            assert!(found == held, "a part of post {i} is there");
        }
        timeout(Duration::from_secs(10), store.hold(&held)).await.unwrap().unwrap();
        assert!(store.held(id).await.unwrap() == Some(held), "post {i} was held and is not there");
    }
}
