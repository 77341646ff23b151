use std::sync::Arc;
use std::time::Duration;

use posthaste_model::{Clock, Stage};

use super::story::at_once;
use super::tools::{HandClock, entry, event, id, open_real};
use crate::{Kind, Spool, Then};

async fn drain(spool: &Arc<Spool>) -> Vec<String> {
    let mut order = Vec::new();
    let mut held = Vec::new();
    while let Some(leased) = at_once(spool.lease(Stage::Incoming)).await {
        let leased = leased.unwrap();
        order.push(format!("{}{}", leased.list(), leased.id().uuid().as_u128()));
        held.push(leased);
    }
    order
}

#[tokio::test]
async fn p12_lists_take_turns_and_within_one_the_oldest_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open_real(folder.path(), &HandClock::new()).unwrap();
    for (n, list) in [(5, "a"), (2, "a"), (3, "a"), (1, "a"), (9, "b"), (7, "b"), (4, "c")] {
        spool.put(entry(n, list, "m")).await.unwrap();
    }
    assert_eq!(drain(&spool).await, ["a1", "b7", "c4", "a2", "b9", "a3", "a5"]);
}

#[tokio::test]
async fn p12_lists_that_have_their_share_are_passed_over_and_keep_their_turn() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open_real(folder.path(), &HandClock::new()).unwrap();
    for (n, list) in [(1, "a"), (2, "a"), (3, "b"), (4, "c"), (5, "c")] {
        spool.put(entry(n, list, "m")).await.unwrap();
    }
    let a = [posthaste_model::ListId::new("a")];
    let mut held = Vec::new();
    for wanted in [3, 4, 5] {
        let leased = at_once(spool.lease_except(Stage::Incoming, &a)).await.unwrap().unwrap();
        assert_eq!(leased.id(), id(wanted));
        held.push(leased);
    }
    assert!(at_once(spool.lease_except(Stage::Incoming, &a)).await.is_none());
    assert_eq!(drain(&spool).await, ["a1", "a2"]);
}

#[tokio::test]
async fn p23_what_is_new_does_not_wait_for_a_backlog_nor_the_backlog_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let spool = open_real(folder.path(), &clock).unwrap();
    for n in 1..=6 {
        spool.put(entry(n, "old", "m")).await.unwrap();
    }
    clock.advance(Duration::from_mins(5));
    // One of the list that is behind, too.
    for (n, list) in [(7, "new"), (8, "new"), (9, "old")] {
        spool.put(entry(n, list, "m")).await.unwrap();
    }
    assert_eq!(drain(&spool).await, ["old1", "new7", "old2", "new8", "old3", "old9", "old4", "old5", "old6"]);
}

#[tokio::test]
async fn p23_what_has_slept_is_not_new() {
    let folder = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let spool = open_real(folder.path(), &clock).unwrap();
    for n in 1..=4 {
        spool.put(entry(n, "a", "m")).await.unwrap();
    }
    let due = clock.now().plus(Duration::from_mins(5));
    for _ in 1..=3 {
        let leased = spool.lease(Stage::Incoming).await.unwrap();
        spool.record(&leased, event(Kind::Deferred, Then::Again { due }, &[], "")).await.unwrap();
    }
    clock.advance(Duration::from_mins(5));
    spool.put(entry(5, "a", "m")).await.unwrap();
    // 4 is old; 5 is new; the rest woke just now.
    let order = drain(&spool).await;
    assert!(order.iter().position(|o| o == "a5") <= Some(1), "{order:?}");
}

#[tokio::test]
async fn p14_a_dropped_lease_is_ready_at_once_and_counted_until_there_is_progress() {
    let folder = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let spool = open_real(folder.path(), &clock).unwrap();
    spool.put(entry(1, "a", "poison")).await.unwrap();
    spool.put(entry(2, "a", "innocent")).await.unwrap();
    for attempt in 0..3 {
        let leased = spool.lease(Stage::Incoming).await.unwrap();
        assert_eq!((leased.id(), leased.attempt()), (id(1), attempt));
        // What failed waits for what did not.
        let other = spool.lease(Stage::Incoming).await.unwrap();
        assert_eq!(other.id(), id(2));
        drop((leased, other));
    }
    let leased = spool.lease(Stage::Incoming).await.unwrap();
    assert_eq!(leased.attempt(), 3);
    spool.quarantine(&leased, "it stopped its worker three times").await.unwrap();
    drop(leased);
    assert_eq!(spool.quarantined().len(), 1);
    assert_eq!(spool.depth(), 1);
    spool.retry(id(1)).await.unwrap();
    let leased = spool.lease(Stage::Incoming).await.unwrap();
    assert_eq!((leased.id(), leased.attempt()), (id(1), 0));
    spool.record(&leased, event(Kind::Sent, Then::Stay, &[], "progress")).await.unwrap();
    drop(leased);
    let leased = spool.lease(Stage::Incoming).await.unwrap();
    assert_eq!((leased.id(), leased.attempt()), (id(1), 0));
}

#[tokio::test]
async fn a_pause_persists_and_a_resume_wakes_who_waits() {
    let folder = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let spool = open_real(folder.path(), &clock).unwrap();
    spool.pause(Stage::Incoming).await.unwrap();
    spool.put(entry(1, "a", "m")).await.unwrap();
    assert!(at_once(spool.lease(Stage::Incoming)).await.is_none());
    drop(spool);
    let spool = open_real(folder.path(), &clock).unwrap();
    spool.scan_complete().await;
    assert!(spool.pulse(Stage::Incoming).paused);
    assert!(at_once(spool.lease(Stage::Incoming)).await.is_none());
    let waiting = {
        let spool = Arc::clone(&spool);
        tokio::spawn(async move { spool.lease(Stage::Incoming).await.map(|leased| leased.id()) })
    };
    tokio::task::yield_now().await;
    spool.resume(Stage::Incoming).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), id(1));
    drop(spool);
    let spool = open_real(folder.path(), &clock).unwrap();
    assert!(!spool.pulse(Stage::Incoming).paused);
}

#[tokio::test]
async fn a_retry_makes_due_what_sleeps_and_takes_nothing_out_of_anyones_hands() {
    let folder = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let spool = open_real(folder.path(), &clock).unwrap();
    spool.put(entry(1, "a", "m")).await.unwrap();
    let leased = spool.lease(Stage::Incoming).await.unwrap();
    let due = clock.now().plus(Duration::from_mins(10));
    spool.record(&leased, event(Kind::Deferred, Then::Again { due }, &[Stage::Out], "")).await.unwrap();
    drop(leased);
    let out = spool.lease(Stage::Out).await.unwrap();
    assert!(at_once(spool.lease(Stage::Incoming)).await.is_none());
    spool.retry(id(1)).await.unwrap();
    let leased = spool.lease(Stage::Incoming).await.unwrap();
    assert_eq!(spool.load(&leased).await.unwrap().events[1].kind, Kind::Retried);
    spool.record(&out, event(Kind::Sent, Then::Stay, &[], "still mine")).await.unwrap();
    let summary = &spool.list().await.unwrap()[0];
    assert_eq!((summary.attempts, summary.size, summary.stages.len()), (1, 1, 2));
}

#[tokio::test]
async fn p26_the_pulse_knows_the_oldest_due_leased_ones_included() {
    let folder = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let spool = open_real(folder.path(), &clock).unwrap();
    let start = clock.now();
    spool.put(entry(1, "a", "m")).await.unwrap();
    clock.advance(Duration::from_mins(1));
    spool.put(entry(2, "a", "m")).await.unwrap();
    let first = spool.lease(Stage::Incoming).await.unwrap();
    clock.advance(Duration::from_mins(1));
    let pulse = spool.pulse(Stage::Incoming);
    assert_eq!((pulse.depth, pulse.due, pulse.leased, pulse.oldest_due), (2, 1, 1, Some(start)));
    // A restart does not make it younger.
    drop((first, spool));
    let spool = open_real(folder.path(), &clock).unwrap();
    spool.scan_complete().await;
    assert_eq!(spool.pulse(Stage::Incoming).oldest_due, Some(start));
    assert_eq!(spool.pulse(Stage::Out).oldest_due, None);
}
