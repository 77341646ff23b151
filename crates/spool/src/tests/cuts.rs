use std::path::Path;
use std::sync::Arc;

use super::story::{ROOT, Tale};
use super::tools::{HandClock, entry, open};
use crate::SpoolError;
use crate::fake::{Data, FakeDisk, Fault, Survives};

const ENOSPC: i32 = 28;
const EIO: i32 = 5;

/// Everything a file system may keep or forget.
fn outcomes() -> impl Iterator<Item = Survives> {
    let data = [Data::Forgotten, Data::Kept].into_iter().chain((0..4).map(Data::Torn));
    data.flat_map(|data| [true, false].map(|names| Survives { names, data }))
}

#[tokio::test]
async fn p1_a_power_cut_at_any_call_loses_nothing_acknowledged() {
    for nth in 1.. {
        let (disk, clock) = (FakeDisk::new(), HandClock::new());
        let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
        spool.scan_complete().await;
        let mut tale = Tale::default();
        disk.plan(nth, Fault::PowerCut);
        tale.tell(&spool, &clock).await;
        let struck = disk.struck();
        for survives in outcomes() {
            tale.check(&disk.power_cut(survives), &clock).await;
        }
        if !struck {
            assert!(nth > 60, "the story has only {nth} calls");
            break;
        }
    }
}

#[tokio::test]
async fn p1_a_second_power_cut_while_starting_after_the_first_loses_nothing() {
    for first in [9, 21, 33, 47, 58] {
        let (disk, clock) = (FakeDisk::new(), HandClock::new());
        let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
        let mut tale = Tale::default();
        disk.plan(first, Fault::PowerCut);
        tale.tell(&spool, &clock).await;
        let disk = disk.power_cut(Survives { names: true, data: Data::Torn(first) });
        for nth in 1.. {
            let disk = disk.power_cut(Survives { names: true, data: Data::Kept });
            disk.plan(nth, Fault::PowerCut);
            if let Ok(spool) = open(Path::new(ROOT), &clock, Arc::new(disk.clone())) {
                spool.scan_complete().await;
            }
            let struck = disk.struck();
            for names in [true, false] {
                tale.check(&disk.power_cut(Survives { names, data: Data::Forgotten }), &clock).await;
            }
            if !struck {
                break;
            }
        }
    }
}

#[tokio::test]
async fn p1_a_power_cut_in_the_very_first_start_leaves_a_folder_that_opens() {
    let last = {
        let disk = FakeDisk::new();
        drop(open(Path::new(ROOT), &HandClock::new(), Arc::new(disk.clone())).unwrap());
        disk.calls()
    };
    for nth in (1..=last).filter(|n| *n < 12 || n % 50 == 0 || n + 12 > last) {
        for names in [true, false] {
            let (disk, clock) = (FakeDisk::new(), HandClock::new());
            disk.plan(nth, Fault::PowerCut);
            let _ = open(Path::new(ROOT), &clock, Arc::new(disk.clone()));
            let disk = disk.power_cut(Survives { names, data: Data::Forgotten });
            let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
            spool.put(entry(1, "a", "m")).await.unwrap();
            let disk = disk.power_cut(Survives { names: false, data: Data::Forgotten });
            let spool = open(Path::new(ROOT), &clock, Arc::new(disk)).unwrap();
            spool.scan_complete().await;
            assert_eq!(spool.depth(), 1, "cut at call {nth}");
        }
    }
}

#[tokio::test]
async fn p4_any_call_may_fail_once_and_nothing_acknowledged_is_lost() {
    for nth in 1.. {
        let (disk, clock) = (FakeDisk::new(), HandClock::new());
        let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
        spool.scan_complete().await;
        let mut tale = Tale::default();
        disk.plan(nth, Fault::Error(if nth % 2 == 0 { EIO } else { ENOSPC }));
        tale.tell(&spool, &clock).await;
        let struck = disk.struck();
        drop(spool);
        for survives in outcomes() {
            tale.check(&disk.power_cut(survives), &clock).await;
        }
        if !struck {
            break;
        }
    }
}

#[tokio::test]
async fn p4_a_put_that_failed_leaves_nothing_behind_and_can_be_done_again() {
    for nth in 1.. {
        let (disk, clock) = (FakeDisk::new(), HandClock::new());
        let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
        spool.scan_complete().await;
        disk.plan(nth, Fault::Error(EIO));
        let put = spool.put(entry(1, "a", "m")).await;
        if !disk.struck() {
            assert!(nth > 8);
            break;
        }
        match put {
            Err(SpoolError::Disk { .. }) => assert!(spool.unhealthy().is_some(), "call {nth}"),
            other => panic!("call {nth}: {other:?}"),
        }
        assert_eq!(spool.depth(), 0);
        assert!(spool.list().await.unwrap().is_empty());
        spool.put(entry(1, "a", "m")).await.unwrap();
        assert_eq!(spool.depth(), 1);
    }
}
