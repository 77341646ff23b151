use std::time::Duration;

use posthaste_model::{Clock, Stage};

use super::tools::{HandClock, entry, event, id, open_real};
use crate::{Kind, SpoolError, Then};

#[tokio::test]
async fn an_entry_goes_its_way_and_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let root = folder.path().join("spool");
    let spool = open_real(&root, &clock).unwrap();
    spool.put(entry(0x2a, "dev.example", "hello\r\n")).await.unwrap();
    assert_eq!(spool.put(entry(0x2a, "dev.example", "twin\r\n")).await.unwrap(), id(0x2a));
    assert!(root.join("entries/2a").join(id(0x2a).to_string()).exists());

    let incoming = spool.lease(Stage::Incoming).await.unwrap();
    let read = spool.load(&incoming).await.unwrap();
    assert_eq!(&read.message[..], b"hello\r\n");
    assert_eq!(read.notes["colour"], "blue");
    assert_eq!(spool.pulse(Stage::Incoming).leased, 1);
    spool
        .record(&incoming, event(Kind::Planned, Then::Leave, &[Stage::Out, Stage::Archive], "ten people"))
        .await
        .unwrap();
    let again = spool.record(&incoming, event(Kind::Note, Then::Stay, &[], "")).await;
    assert!(matches!(again, Err(SpoolError::Over(..))), "{again:?}");

    let out = spool.lease(Stage::Out).await.unwrap();
    assert_eq!(out.attempt(), 0);
    drop(out);
    let out = spool.lease(Stage::Out).await.unwrap();
    assert_eq!(out.attempt(), 1);
    let due = clock.now().plus(Duration::from_mins(5));
    spool.record(&out, event(Kind::Deferred, Then::Again { due }, &[], "4.2.1")).await.unwrap();
    assert_eq!(spool.pulse(Stage::Out).due, 0);

    let archive = spool.lease(Stage::Archive).await.unwrap();
    spool.record(&archive, event(Kind::Archived, Then::Leave, &[], "")).await.unwrap();
    drop((incoming, out, archive, spool));

    let spool = open_real(&root, &clock).unwrap();
    spool.scan_complete().await;
    assert_eq!(spool.depth(), 1);
    let waiting = tokio::spawn({
        let spool = std::sync::Arc::clone(&spool);
        async move { spool.lease(Stage::Out).await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    clock.advance(Duration::from_mins(5));
    let out = waiting.await.unwrap().unwrap();
    let read = spool.load(&out).await.unwrap();
    assert_eq!(
        read.events.iter().map(|e| e.kind).collect::<Vec<_>>(),
        [Kind::Planned, Kind::Deferred, Kind::Archived]
    );
    assert_eq!(&read.events[0].data[..], b"ten people");
    spool.record(&out, event(Kind::Sent, Then::Leave, &[], "")).await.unwrap();
    assert!(!root.join("entries/2a").join(id(0x2a).to_string()).exists());
    assert!(matches!(spool.load(&out).await, Err(SpoolError::Gone(_))));
    assert_eq!(spool.depth(), 0);
}
