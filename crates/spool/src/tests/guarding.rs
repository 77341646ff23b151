use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use posthaste_model::{Clock, Stage};

use super::story::{ROOT, at_once};
use super::tools::{HandClock, entry, event, id, open};
use crate::fake::{Data, FakeDisk, Fault, Survives};
use crate::{Disk, Kind, Options, Space, Spool, SpoolTrouble, Then};

const SECOND: Duration = Duration::from_secs(1);

/// Lets a second pass and waits until `reached`.
async fn until(clock: &HandClock, mut reached: impl FnMut() -> bool) -> u32 {
    for second in 0..200 {
        for _ in 0..200 {
            if reached() {
                return second;
            }
            tokio::task::spawn_blocking(|| {}).await.unwrap();
        }
        clock.advance(SECOND);
    }
    panic!("not within three minutes");
}

#[tokio::test]
async fn p16_too_little_space_or_inodes_stops_intake_and_nothing_else() {
    let (disk, clock) = (FakeDisk::new(), HandClock::new());
    let plenty = Space { total: 100 << 30, free: 50 << 30, inodes: 1000, free_inodes: 500 };
    disk.set_space(plenty);
    let wall = Arc::clone(&clock) as Arc<dyn Clock>;
    let spool = Spool::open(Path::new(ROOT), Options::default(), wall, Arc::new(disk.clone())).unwrap();
    let guard = tokio::spawn(spool.guard());
    assert_eq!(spool.unhealthy(), None);

    // 5 % of 100 GiB, but not more than 4 GiB.
    disk.set_space(Space { free: (4 << 30) - 1, ..plenty });
    assert!(until(&clock, || matches!(spool.unhealthy(), Some(SpoolTrouble::Space { .. }))).await <= 10);
    spool.put(entry(1, "a", "a notice of ours")).await.unwrap();
    let leased = spool.lease(Stage::Incoming).await.unwrap();
    spool.record(&leased, event(Kind::Sent, Then::Leave, &[], "draining goes on")).await.unwrap();

    disk.set_space(plenty);
    assert!(until(&clock, || spool.unhealthy().is_none()).await <= 10);
    disk.set_space(Space { free_inodes: 49, ..plenty });
    assert!(until(&clock, || matches!(spool.unhealthy(), Some(SpoolTrouble::Inodes { .. }))).await <= 10);
    // A file system that does not count inodes has enough.
    disk.set_space(Space { inodes: 0, free_inodes: 0, ..plenty });
    assert!(until(&clock, || spool.unhealthy().is_none()).await <= 10);
    // A small disk: 256 MiB.
    disk.set_space(Space { total: 1 << 30, free: 255 << 20, ..plenty });
    until(&clock, || spool.unhealthy().is_some()).await;
    let text = spool.unhealthy().unwrap().to_string();
    assert!(text.contains("255 MiB free and 256 MiB"), "{text}");
    drop((leased, spool));
    until(&clock, || guard.is_finished()).await;
}

#[tokio::test]
async fn p16_a_flood_of_mail_is_noticed_between_two_looks() {
    let (disk, clock) = (FakeDisk::new(), HandClock::new());
    let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
    disk.set_space(Space { total: 100, free: 0, inodes: 0, free_inodes: 0 });
    assert_eq!(spool.unhealthy(), None);
    spool.put(entry(1, "a", &"x".repeat(17 << 20))).await.unwrap();
    assert!(spool.unhealthy().is_some());
}

#[tokio::test]
async fn p4_a_failing_disk_is_noticed_at_once_and_trusted_after_three_good_probes() {
    let (disk, clock) = (FakeDisk::new(), HandClock::new());
    let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
    spool.scan_complete().await;
    // create, write, write, write, sync: the seventh after the two looks for a twin.
    disk.plan(7, Fault::Error(5));
    let failed = spool.put(entry(1, "a", "m")).await.unwrap_err().to_string();
    assert!(failed.starts_with("cannot sync /spool/entries/01/"), "{failed}");
    assert!(matches!(spool.unhealthy(), Some(SpoolTrouble::Disk { .. })));
    let _guard = tokio::spawn(spool.guard());
    let seconds = until(&clock, || spool.unhealthy().is_none()).await;
    assert!((2..=10).contains(&seconds), "{seconds} seconds for three probes");
    spool.put(entry(1, "a", "m")).await.unwrap();
}

#[tokio::test]
async fn p4_after_a_failed_sync_the_file_is_written_anew() {
    let (disk, clock) = (FakeDisk::new(), HandClock::new());
    let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
    spool.put(entry(1, "a", "m")).await.unwrap();
    spool.scan_complete().await;
    let leased = spool.lease(Stage::Incoming).await.unwrap();
    let note = |text| event(Kind::Note, Then::Stay, &[], text);
    spool.record(&leased, note("one")).await.unwrap();
    disk.plan(3, Fault::BadBlock);
    assert!(spool.record(&leased, note("two")).await.is_err());
    spool.record(&leased, note("three")).await.unwrap();
    // In another file: that of "two" would never have been durable again.
    let disk = disk.power_cut(Survives { names: false, data: Data::Forgotten });
    let spool = open(Path::new(ROOT), &clock, Arc::new(disk)).unwrap();
    spool.scan_complete().await;
    let events = spool.show(id(1)).await.unwrap().events;
    let told: Vec<_> = events.iter().map(|e| &e.data[..]).collect();
    assert_eq!(told, [&b"one"[..], b"three"]);
}

#[tokio::test]
async fn p1_what_is_torn_is_cut_off_before_the_next_step() {
    let (disk, clock) = (FakeDisk::new(), HandClock::new());
    let note = |text: &str| event(Kind::Note, Then::Stay, &[], text);
    let kept = Survives { names: true, data: Data::Kept };
    for power_cut in [false, true] {
        let mut disk = disk.power_cut(kept);
        let mut spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
        spool.put(entry(1, "a", "m")).await.unwrap();
        spool.scan_complete().await;
        let leased = spool.lease(Stage::Incoming).await.unwrap();
        // The second call writes; half of it stays behind.
        disk.plan(2, Fault::Error(28));
        assert!(spool.record(&leased, note(&"long ".repeat(500))).await.is_err());
        drop(leased);
        if power_cut {
            disk = disk.power_cut(kept);
            spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
        }
        let leased = spool.lease(Stage::Incoming).await.unwrap();
        spool.record(&leased, note("short")).await.unwrap();
        let disk = disk.power_cut(kept);
        let spool = open(Path::new(ROOT), &clock, Arc::new(disk)).unwrap();
        let told: Vec<_> = spool.show(id(1)).await.unwrap().events.iter().map(|e| e.data.clone()).collect();
        assert_eq!(told, [&b"short"[..]]);
        drop((leased, spool));
    }
}

#[tokio::test]
async fn what_cannot_be_read_now_is_read_later() {
    let (disk, clock) = (FakeDisk::new(), HandClock::new());
    let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
    spool.put(entry(1, "a", "m")).await.unwrap();
    let before = disk.calls();
    drop(spool);
    let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
    spool.scan_complete().await;
    // The last call of the start opened or read the one entry; let the same one fail with "too many open files".
    let last = disk.calls() - before;
    drop(spool);
    disk.plan(last, Fault::Error(24));
    let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
    spool.scan_complete().await;
    assert_eq!((spool.depth(), spool.left_alone().len()), (0, 1));
    let _guard = tokio::spawn(spool.guard());
    until(&clock, || spool.depth() == 1).await;
    assert_eq!((spool.depth(), spool.left_alone().len()), (1, 0));
    assert!(at_once(spool.lease(Stage::Incoming)).await.is_some());
}

#[test]
fn the_real_disk_says_what_is_free() {
    let space = crate::RealDisk.space(Path::new("/")).unwrap();
    assert!(space.free <= space.total && space.total > 0);
}
