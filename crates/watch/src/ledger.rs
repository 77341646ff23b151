//! The law that no post is lost (P8): what came in through the doors is what left by a named end, and what is still here.
//!
//! The doors are counted where mail is accepted and notices are written; the ends are counted by the spool, at the one
//! place where an entry's file goes for good. The two know nothing of each other. Stocktaking compares the spool's index
//! with the files on the disk besides.

mod book;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use posthaste_lists::Doors;
use posthaste_model::{ListId, Timestamp};
use posthaste_spool::{Book, Discrepancy};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use self::book::Ever;
pub use self::book::Totals;
use crate::watch::{Rooms, Watch, lock};
use crate::{LedgerRow, LedgerVitals};

/// How often the ledger is checked by itself.
const EVERY: Duration = Duration::from_mins(1);
/// A row that does not add up is read again so often: a post may be on its way from one account to the next.
const READINGS: usize = 20;
/// Between two readings, and between two looks at the folders.
const MOMENT: Duration = Duration::from_millis(50);
/// So many entries are named.
const NAMED: usize = 20;

/// The ledger of one list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LedgerLine {
    /// Which list; empty for entries whose list nobody knows.
    pub list: ListId,
    /// Since the start of the process.
    pub row: LedgerRow,
    /// What the row does not account for; 0 when all is well.
    pub drift: i64,
    /// Since the first start, this run included.
    pub ever: Totals,
}

/// The whole ledger.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct LedgerReport {
    /// Its sum, and whether it adds up.
    pub sum: LedgerVitals,
    /// A line for each list that ever had mail, by name.
    pub lines: Vec<LedgerLine>,
    /// When `ever` begins.
    pub since: Timestamp,
}

/// What is kept from one check to the next.
pub(crate) struct Ledger {
    last: Mutex<LedgerReport>,
    ever: Ever,
}

impl Ledger {
    pub(crate) fn open(path: PathBuf, now: Timestamp) -> Self {
        Self { last: Mutex::default(), ever: Ever::read(path, now) }
    }

    pub(crate) fn vitals(&self) -> LedgerVitals {
        lock(&self.last).sum.clone()
    }
}

impl Watch {
    /// Checks the ledger each minute until `stop`.
    pub async fn keep_ledger(&self, stop: &CancellationToken) {
        while stop.run_until_cancelled(self.rooms.clock.sleep(EVERY)).await.is_some() {
            self.check_ledger().await;
        }
    }

    /// The ledger as it was last checked.
    pub fn ledger(&self) -> LedgerReport {
        lock(&self.ledger.last).clone()
    }

    /// Checks the ledger now.
    pub async fn check_ledger(&self) -> LedgerReport {
        self.rooms.spool.scan_complete().await;
        let rows = self.rows().await;
        let stock = self.stock().await;
        let vanished = self.rooms.spool.vanished();
        let (drift, findings) = judge(&rows, &stock, &vanished);
        let mut total = LedgerRow::default();
        for (row, _) in rows.values() {
            total.add(row);
        }
        let before = self.ledger();
        let sum = LedgerVitals {
            checked: Some(self.rooms.clock.now()),
            drift,
            drifting_checks: if drift == 0 { 0 } else { before.sum.drifting_checks + 1 },
            total,
            findings,
        };
        for finding in &sum.findings {
            tracing::error!(drift, "the ledger does not add up: {finding}");
        }
        let line = |(list, (row, drift)): (ListId, (LedgerRow, i64))| LedgerLine {
            ever: self.ledger.ever.with(&list, &row),
            list,
            row,
            drift,
        };
        let mut lines: Vec<_> = rows.into_iter().map(line).collect();
        let gone = self.ledger.ever.others(&lines);
        lines.extend(gone);
        lines.sort_by(|a, b| a.list.as_str().cmp(b.list.as_str()));
        let report = LedgerReport { sum, lines, since: self.ledger.ever.since() };
        *lock(&self.ledger.last) = report.clone();
        self.ledger.ever.save(&report).await;
        report
    }

    /// Every list's row and its drift. A row that does not add up at first is read again, for a while.
    async fn rows(&self) -> BTreeMap<ListId, (LedgerRow, i64)> {
        let mut settled: BTreeMap<ListId, (LedgerRow, i64)> = BTreeMap::new();
        for reading in 0..READINGS {
            if reading > 0 {
                self.rooms.clock.sleep(MOMENT).await;
            }
            let now = read(&self.rooms);
            for (list, row) in now {
                let well = settled.get(&list).is_some_and(|(_, drift)| *drift == 0);
                if !well {
                    settled.insert(list, row);
                }
            }
            if settled.values().all(|(_, drift)| *drift == 0) {
                break;
            }
        }
        settled
    }

    /// Where index and disk disagree, twice in a row.
    async fn stock(&self) -> Vec<Discrepancy> {
        let mut found: Option<Vec<Discrepancy>> = None;
        for _ in 0..3 {
            match self.rooms.spool.take_stock().await {
                Ok(now) => {
                    let both = match found {
                        Some(before) => now.into_iter().filter(|d| before.contains(d)).collect(),
                        None => now,
                    };
                    if both.is_empty() {
                        return both;
                    }
                    found = Some(both);
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot take stock of the spool");
                    return Vec::new();
                }
            }
            self.rooms.clock.sleep(10 * MOMENT).await;
        }
        found.unwrap_or_default()
    }
}

/// Reads every row once. The doors are read before and after the ends: what passed in between is no drift.
fn read(rooms: &Rooms) -> BTreeMap<ListId, (LedgerRow, i64)> {
    let before = rooms.events.doors();
    let books: BTreeMap<ListId, Book> = rooms.spool.books().into_iter().collect();
    let after = rooms.events.doors();
    let lists = books.keys().chain(after.keys()).cloned();
    lists
        .map(|list| {
            let book = books.get(&list).copied().unwrap_or_default();
            let doors = |side: &std::collections::HashMap<ListId, Doors>| {
                side.get(&list).copied().unwrap_or_default()
            };
            let (first, second) = (row(doors(&before), book), row(doors(&after), book));
            let drift = between(first.drift(), second.drift());
            (list, (second, drift))
        })
        .collect()
}

fn row(doors: Doors, book: Book) -> LedgerRow {
    LedgerRow {
        opening: book.opening,
        accepted: doors.accepted,
        born: doors.born,
        delivered: book.delivered,
        held: book.held,
        rejected: book.rejected,
        discarded: book.discarded,
        removed: book.removed,
        queued: book.queued,
        quarantined: book.quarantined,
    }
}

/// 0 if the truth may be 0, else the bound that is nearer to it.
fn between(low: i64, high: i64) -> i64 {
    if low <= 0 && high >= 0 {
        0
    } else if low > 0 {
        low
    } else {
        high
    }
}

/// The drift of all lists, and a sentence for each thing that is wrong. Never 0 while there is one.
fn judge(
    rows: &BTreeMap<ListId, (LedgerRow, i64)>,
    stock: &[Discrepancy],
    vanished: &[(posthaste_model::EntryId, ListId)],
) -> (i64, Vec<String>) {
    let mut drift: i64 = rows.values().map(|(_, drift)| drift).sum();
    let mut findings = Vec::new();
    for (list, (_, drift)) in rows.iter().filter(|(_, (_, drift))| *drift != 0) {
        findings.push(if *drift > 0 {
            format!("{list}: {drift} posts came in and are neither here nor at any end")
        } else {
            format!("{list}: {} posts are here or at an end that came in by no door", -drift)
        });
    }
    for (id, list) in vanished {
        findings.push(format!(
            "{list}: the file of entry {id} is gone, and Posthaste did not remove it; put it back and posthaste queue retry \
             {id}, or say that it is lost: posthaste queue rm {id}"
        ));
    }
    for discrepancy in stock {
        findings.push(match discrepancy {
            Discrepancy::Missing(id) => {
                drift += 1;
                format!("entry {id} waits, and there is no file of it on the disk")
            }
            Discrepancy::Unknown(id) => {
                drift -= 1;
                format!("a file of entry {id} lies in the spool that the server does not know; take it up with: posthaste queue retry {id}")
            }
        });
    }
    let wrong = i64::try_from(findings.len()).unwrap_or(i64::MAX);
    findings.truncate(NAMED);
    (if drift == 0 { wrong } else { drift }, findings)
}

#[cfg(test)]
mod tests {
    use posthaste_model::EntryId;

    use super::*;

    fn id(n: u128) -> EntryId {
        EntryId::new(uuid::Uuid::from_u128(n))
    }

    fn rows(drifts: &[(&str, i64)]) -> BTreeMap<ListId, (LedgerRow, i64)> {
        drifts.iter().map(|(list, drift)| (ListId::new(*list), (LedgerRow::default(), *drift))).collect()
    }

    #[test]
    fn p8_what_is_wrong_is_named_and_never_sums_to_nothing() {
        let all_well = judge(&rows(&[("a.x", 0)]), &[], &[]);
        assert_eq!(all_well, (0, vec![]));
        let (drift, findings) = judge(&rows(&[("a.x", 2), ("b.x", -1)]), &[], &[]);
        assert_eq!(drift, 1);
        assert!(findings[0].starts_with("a.x: 2 posts came in"), "{findings:?}");
        assert!(findings[1].starts_with("b.x: 1 posts are here"), "{findings:?}");
        let stock = [Discrepancy::Missing(id(1)), Discrepancy::Unknown(id(2))];
        let (drift, findings) = judge(&rows(&[]), &stock, &[]);
        assert_eq!((drift, findings.len()), (2, 2), "one lost and one found is not well");
        assert!(findings[0].contains(&id(1).to_string()), "{findings:?}");
    }

    #[test]
    fn what_passes_while_one_reads_is_no_drift() {
        for (low, high, drift) in [(0, 0, 0), (-1, 1, 0), (-3, 0, 0), (1, 2, 1), (-2, -1, -1)] {
            assert_eq!(between(low, high), drift, "{low} {high}");
        }
    }
}
