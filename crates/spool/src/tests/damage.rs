use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use posthaste_model::{Stage, Timestamp};
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::story::{ROOT, at_once};
use super::tools::{HandClock, entry, event, id, open};
use crate::fake::FakeDisk;
use crate::format::{self, Fault, Header};
use crate::{Kind, Recorded, SpoolError, Then};

/// A file with five events, and the length of it up to the end of each record from END on.
fn sample() -> (Bytes, Vec<Recorded>, Vec<usize>) {
    let new = entry(7, "dev.example", &"Subject: hello\r\n\r\nhow are you?\r\n".repeat(6));
    let header = Header {
        id: new.id,
        list: new.list,
        stage: new.stage,
        put: Timestamp::from_micros(5),
        envelope: new.envelope,
        notes: new.notes,
    };
    let events: Vec<Recorded> = (0..5i64)
        .map(|n| Recorded {
            at: Timestamp::from_micros(n),
            stage: Stage::Out,
            kind: Kind::Sent,
            then: if n == 3 { Then::Again { due: Timestamp::from_micros(9) } } else { Then::Stay },
            also: vec![Stage::Archive],
            data: Bytes::from(format!("batch {n}\n\0 with a newline and zeros \0\0")),
        })
        .collect();
    let mut borders = Vec::new();
    let mut whole = Vec::new();
    for count in 0..=events.len() {
        let (front, message, back) = format::new_entry(&header, &new.message, &events[..count]).unwrap();
        whole = [&front[..], &message[..], &back[..]].concat();
        borders.push(whole.len());
    }
    (Bytes::from(whole), events, borders)
}

#[test]
fn p3_every_flip_and_every_cut_of_a_hundred_thousand_is_found() {
    let (whole, events, borders) = sample();
    assert_eq!(format::decode(&whole).unwrap().entry.events, events);
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut draw = |below: usize| (rand_u64(&mut rng) % below as u64) as usize;
    for round in 0..100_000 {
        let mut bytes = whole.to_vec();
        match round % 4 {
            // One bit. The first rounds try every bit there is.
            0 | 1 => {
                let bit = if round < bytes.len() * 16 { round / 2 } else { draw(bytes.len() * 8) };
                bytes[bit / 8] ^= 1 << (bit % 8);
                let found = format::decode(&Bytes::from(bytes));
                assert!(matches!(found, Err(Fault::Damaged(_))), "bit {bit}: {found:?}");
            }
            // A cut.
            2 => {
                let at = if round < bytes.len() * 4 { round / 4 } else { draw(bytes.len()) };
                bytes.truncate(at);
                check_cut(&Bytes::from(bytes), at, &events, &borders);
            }
            // A run of octets overwritten.
            _ => {
                let at = draw(bytes.len());
                let length = 1 + draw(40).min(bytes.len() - at - 1);
                for byte in &mut bytes[at..at + length] {
                    *byte ^= 1 + draw(255) as u8;
                }
                let found = format::decode(&Bytes::from(bytes));
                // Only an end of nothing but zeros may pass for an unfinished write.
                match found {
                    Err(Fault::Damaged(_)) => {}
                    Ok(decoded) => assert!(decoded.tail.torn, "{length} octets at {at}"),
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }
}

#[test]
fn p3_unwritten_zeros_at_the_end_are_an_unfinished_record() {
    let (whole, events, borders) = sample();
    for at in borders[0]..whole.len() {
        let mut bytes = whole.to_vec();
        bytes[at..].fill(0);
        check_cut(&Bytes::from(bytes), at, &events, &borders);
    }
}

#[test]
fn p3_records_in_the_wrong_order_or_twice_are_found() {
    let (whole, _, borders) = sample();
    let record = |n: usize| &whole[borders[n]..borders[n + 1]];
    for order in [[1, 0, 2], [0, 0, 1], [0, 2, 3]] {
        let mut bytes = whole[..borders[0]].to_vec();
        for n in order {
            bytes.extend_from_slice(record(n));
        }
        assert!(matches!(format::decode(&Bytes::from(bytes)), Err(Fault::Damaged(_))));
    }
}

#[test]
fn p3_a_message_under_another_entrys_header_is_found() {
    let file = |n, text: &str| {
        let new = entry(n, "dev.example", text);
        let (id, list, envelope, notes) = (new.id, new.list, new.envelope, new.notes);
        let header = Header { id, list, stage: new.stage, put: Timestamp::from_micros(5), envelope, notes };
        let (front, message, back) = format::new_entry(&header, &new.message, &[]).unwrap();
        let border = front.len() - format::HEAD;
        [&front[..border], &front[border..], &message[..], &back[..]].map(<[u8]>::to_vec)
    };
    let (one, two) = (file(1, "one"), file(2, "two"));
    for (header, message, end) in [(&one, &two, &one), (&one, &two, &two), (&one, &one, &two)] {
        let bytes = [&header[0][..], &message[1], &message[2], &end[3]].concat();
        let found = format::decode(&Bytes::from(bytes));
        assert!(matches!(found, Err(Fault::Damaged(_))), "{found:?}");
    }
    assert!(format::decode(&Bytes::from(one.concat())).is_ok());
}

/// A file cut at `at` is damaged if END is not whole; else it tells its first events.
fn check_cut(bytes: &Bytes, at: usize, events: &[Recorded], borders: &[usize]) {
    let whole = borders.iter().filter(|border| **border <= at).count();
    match format::decode(bytes) {
        Err(Fault::Damaged(_)) => assert_eq!(whole, 0, "cut at {at}"),
        Ok(decoded) => {
            assert_eq!(decoded.entry.events, events[..whole - 1], "cut at {at}");
            assert_eq!(decoded.tail.torn, bytes.len() != borders[whole - 1], "cut at {at}");
            assert_eq!(decoded.tail.length, borders[whole - 1] as u64);
        }
        Err(other) => panic!("{other}"),
    }
}

fn rand_u64(rng: &mut TestRng) -> u64 {
    use proptest::prelude::Rng;
    rng.next_u64()
}

#[tokio::test]
async fn p3_a_damaged_entry_costs_itself_only_and_comes_back_when_mended() {
    let (disk, clock) = (FakeDisk::new(), HandClock::new());
    let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
    for n in 1..=3 {
        spool.put(entry(n, "a", "the message")).await.unwrap();
    }
    drop(spool);
    // 1: in its header, found at the start. 2: in its message, found when it is read.
    let path = |n| spool_path(n);
    disk.corrupt(&path(1), |bytes| bytes[30] ^= 1);
    let flip = |bytes: &mut Vec<u8>| {
        let at = bytes.windows(11).position(|w| w == b"the message").unwrap();
        bytes[at] ^= 0x20;
    };
    disk.corrupt(&path(2), flip);
    let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
    spool.scan_complete().await;
    assert_eq!(spool.quarantined().len(), 1);
    assert_eq!(spool.depth(), 2);

    let second = spool.lease(Stage::Incoming).await.unwrap();
    assert!(matches!(spool.load(&second).await, Err(SpoolError::Damaged { .. })));
    assert!(matches!(spool.load(&second).await, Err(SpoolError::Gone(_))));
    let late = spool.record(&second, event(Kind::Note, Then::Stay, &[], "")).await;
    assert!(matches!(late, Err(SpoolError::Gone(_))), "{late:?}");
    drop(second);
    let third = spool.lease(Stage::Incoming).await.unwrap();
    assert_eq!(third.id(), id(3));
    assert!(at_once(spool.lease(Stage::Incoming)).await.is_none());
    assert_eq!(spool.quarantined().len(), 2);

    // Still damaged: it stays where it is.
    assert!(matches!(spool.retry(id(2)).await, Err(SpoolError::Damaged { .. })));
    disk.corrupt(&Path::new(ROOT).join("quarantine").join(id(2).to_string()), |bytes| {
        let at = bytes.windows(11).position(|w| w == b"The message").unwrap();
        bytes[at] ^= 0x20;
    });
    spool.retry(id(2)).await.unwrap();
    assert_eq!(spool.lease(Stage::Incoming).await.unwrap().id(), id(2));
    assert_eq!(spool.quarantined().len(), 1);
    // Put again while in quarantine: no twin.
    spool.put(entry(1, "a", "again")).await.unwrap();
    assert_eq!(spool.depth(), 2);
    spool.remove(id(1)).await.unwrap();
    assert_eq!(spool.quarantined().len(), 0);
    assert!(matches!(spool.remove(id(1)).await, Err(SpoolError::Gone(_))));
}

fn spool_path(n: u128) -> std::path::PathBuf {
    Path::new(ROOT).join("entries").join(format!("{:02x}", n & 0xff)).join(id(n).to_string())
}

#[tokio::test]
async fn an_entry_of_a_later_version_is_left_as_it_is() {
    let (disk, clock) = (FakeDisk::new(), HandClock::new());
    let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
    spool.put(entry(1, "a", "m")).await.unwrap();
    drop(spool);
    let mut before = Vec::new();
    disk.corrupt(&spool_path(1), |bytes| {
        // The version octet of the first head, with its checksum made right.
        bytes[5] = format::VERSION + 1;
        let crc = crc32c::crc32c(&bytes[..12]).to_le_bytes();
        bytes[12..16].copy_from_slice(&crc);
        before.clone_from(bytes);
    });
    let spool = open(Path::new(ROOT), &clock, Arc::new(disk.clone())).unwrap();
    spool.scan_complete().await;
    assert_eq!(spool.depth(), 0);
    let left = spool.left_alone();
    assert_eq!(left.len(), 1);
    assert!(left[0].1.contains("version 2"), "{left:?}");
    assert!(matches!(spool.show(id(1)).await, Err(SpoolError::Newer { .. })));
    // Nor is it written over.
    spool.put(entry(1, "a", "other")).await.unwrap();
    disk.corrupt(&spool_path(1), |bytes| assert_eq!(*bytes, before));
}
