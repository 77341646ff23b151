use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use posthaste_model::{Clock, Stage};

use super::story::at_once;
use super::tools::{HandClock, entry, event, id, open_real};
use crate::format::{self, Header};
use crate::{Kind, SpoolError, Then};

/// Writes entry files as `put` would, without its syncs, on two threads.
fn fill(root: &Path, count: u128, clock: &HandClock) {
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || (1..=count).filter(|n| n % 2 == half).for_each(|n| fill_one(root, n, clock)));
        }
    });
}

fn fill_one(root: &Path, n: u128, clock: &HandClock) {
    let new = entry(n, &format!("list{}.example", n % 50), "Subject: hello\r\n\r\nhello\r\n");
    let header = Header {
        id: new.id,
        list: new.list,
        stage: new.stage,
        put: clock.now(),
        envelope: new.envelope,
        notes: new.notes,
    };
    let (front, message, back) = format::new_entry(&header, &new.message, &[]).unwrap();
    let path = root.join("entries").join(format!("{:02x}", n & 0xff)).join(id(n).to_string());
    std::fs::write(path, [&front[..], &message[..], &back[..]].concat()).unwrap();
}

#[tokio::test]
async fn p17_a_hundred_thousand_entries_are_found_while_mail_is_taken() {
    const COUNT: u128 = 100_000;
    // In memory where there is such a folder: what is measured is our work, not how fast this disk makes files.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let clock = HandClock::new();
    drop(open_real(folder.path(), &clock).unwrap());
    let begun = Instant::now();
    fill(folder.path(), COUNT, &clock);
    println!("filled in {:?}", begun.elapsed());
    let start = Instant::now();
    let spool = open_real(folder.path(), &clock).unwrap();
    spool.put(entry(COUNT + 1, "late", "m")).await.unwrap();
    let accepting = start.elapsed();
    let leased = spool.lease(Stage::Incoming).await.unwrap();
    spool.load(&leased).await.unwrap();
    let delivering = start.elapsed();
    spool.scan_complete().await;
    let scanned = start.elapsed();
    println!("accepting after {accepting:?}, delivering after {delivering:?}, all found after {scanned:?}");
    assert!(accepting < Duration::from_secs(5));
    assert!(delivering < Duration::from_secs(10));
    assert!(scanned < Duration::from_mins(1));
    assert_eq!(spool.depth() as u128, COUNT + 1);
    assert_eq!(spool.pulse(Stage::Incoming).depth as u128, COUNT + 1);
}

#[tokio::test]
async fn p17_a_second_server_is_refused_and_a_dead_one_leaves_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let spool = open_real(folder.path(), &clock).unwrap();
    let refused = open_real(folder.path(), &clock).err().unwrap();
    assert!(matches!(refused, SpoolError::Locked(_)));
    let text = refused.to_string();
    assert!(text.contains(folder.path().to_str().unwrap()) && text.contains("stop that one"), "{text}");
    // Nor does the refused one touch anything.
    spool.put(entry(1, "a", "m")).await.unwrap();
    drop(spool);
    open_real(folder.path(), &clock).unwrap();
}

#[tokio::test]
async fn what_was_being_written_when_the_program_died_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    drop(open_real(folder.path(), &clock).unwrap());
    std::fs::write(folder.path().join("tmp").join(id(1).to_string()), "half an ent").unwrap();
    std::fs::write(folder.path().join("quarantine").join(format!("{}.why", id(2))), "beside nothing")
        .unwrap();
    let spool = open_real(folder.path(), &clock).unwrap();
    spool.scan_complete().await;
    for name in ["tmp", "quarantine"] {
        assert_eq!(std::fs::read_dir(folder.path().join(name)).unwrap().count(), 0, "{name}");
    }
    assert_eq!((spool.depth(), spool.quarantined().len()), (0, 0));
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/spool");
    let error = open_real(&path, &HandClock::new()).err().unwrap().to_string();
    assert!(error.contains("missing/spool") && error.contains("No such file"), "{error}");
}

#[tokio::test]
async fn p19_a_jump_of_the_wall_clock_neither_fires_nor_sticks_a_timer() {
    let (minute, year) = (Duration::from_mins(1), Duration::from_hours(24 * 365));
    let folder = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let spool = open_real(folder.path(), &clock).unwrap();
    spool.put(entry(1, "a", "m")).await.unwrap();
    let leased = spool.lease(Stage::Incoming).await.unwrap();
    let put_off = |by| event(Kind::Deferred, Then::Again { due: clock.now().plus(by) }, &[], "");
    spool.record(&leased, put_off(5 * minute)).await.unwrap();
    drop(leased);
    for years in [10, 0] {
        // Forward by ten years, then back by ten: nothing is due that was not.
        clock.jump(if years > 0 { clock.now().plus(year * years) } else { clock.now().minus(year * 20) });
        assert!(at_once(spool.lease(Stage::Incoming)).await.is_none());
    }
    clock.advance(5 * minute);
    let leased = at_once(spool.lease(Stage::Incoming)).await.unwrap().unwrap();
    // Recorded now, then the clock is set back ten years while we are down: it waits what it was meant to wait.
    spool.record(&leased, put_off(5 * minute)).await.unwrap();
    drop((leased, spool));
    clock.jump(clock.now().minus(year * 10));
    let spool = open_real(folder.path(), &clock).unwrap();
    spool.scan_complete().await;
    assert!(at_once(spool.lease(Stage::Incoming)).await.is_none());
    clock.advance(5 * minute);
    let leased = at_once(spool.lease(Stage::Incoming)).await.unwrap().unwrap();
    // No event makes it wait longer than the longest delay.
    spool.record(&leased, put_off(year)).await.unwrap();
    drop(leased);
    clock.advance(Duration::from_secs(5000));
    assert!(at_once(spool.lease(Stage::Incoming)).await.is_some());
}

#[tokio::test]
async fn a_look_without_the_lock_sees_what_the_server_has() {
    let folder = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let spool = open_real(folder.path(), &clock).unwrap();
    spool.put(entry(1, "a", "first")).await.unwrap();
    spool.put(entry(2, "b", "second")).await.unwrap();
    let leased = spool.lease(Stage::Incoming).await.unwrap();
    spool.quarantine(&leased, "for a look").await.unwrap();
    spool.pause(Stage::Out).await.unwrap();
    let peek = crate::Spool::peek(folder.path()).unwrap();
    let all = peek.list().unwrap();
    assert_eq!(
        all.iter().map(|s| (s.id, s.quarantined)).collect::<Vec<_>>(),
        [(id(1), true), (id(2), false)]
    );
    assert_eq!(&peek.show(id(1)).unwrap().message[..], b"first");
    assert_eq!(peek.quarantined().unwrap()[0].why, "for a look");
    assert_eq!(peek.paused().unwrap(), [Stage::Out]);
    assert!(matches!(peek.show(id(3)), Err(SpoolError::Gone(_))));
    let error = crate::Spool::peek(&folder.path().join("nowhere")).err().unwrap().to_string();
    assert!(error.contains("nowhere"), "{error}");
}

#[tokio::test]
async fn many_writers_of_one_id_make_one_entry() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open_real(folder.path(), &HandClock::new()).unwrap();
    let puts: Vec<_> = (0..50)
        .map(|n| {
            let spool = Arc::clone(&spool);
            tokio::spawn(async move { spool.put(entry(u128::from(n % 2u8), "a", "m")).await })
        })
        .collect();
    for put in puts {
        put.await.unwrap().unwrap();
    }
    assert_eq!(spool.depth(), 2);
    assert_eq!(spool.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_entry_may_be_born_planned_or_done() {
    let folder = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let spool = open_real(folder.path(), &clock).unwrap();
    let planned = event(Kind::Planned, Then::Leave, &[Stage::Out], "plan");
    spool.put(crate::NewEntry { events: vec![planned], ..entry(1, "a", "m") }).await.unwrap();
    let done = event(Kind::Discarded, Then::Leave, &[], "");
    spool.put(crate::NewEntry { events: vec![done], ..entry(2, "a", "m") }).await.unwrap();
    assert_eq!(spool.depth(), 1);
    let out = spool.lease(Stage::Out).await.unwrap();
    spool.record(&out, event(Kind::Sent, Then::Stay, &[], "batch")).await.unwrap();
    drop((out, spool));
    let spool = open_real(folder.path(), &clock).unwrap();
    let out = spool.lease(Stage::Out).await.unwrap();
    assert_eq!(spool.load(&out).await.unwrap().events.len(), 2);
}
