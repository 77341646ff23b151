//! The totals since the first start, for display.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use posthaste_model::{ListId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{LedgerLine, LedgerReport};
use crate::LedgerRow;

/// What came and went, ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Accepted through a door.
    pub accepted: u64,
    /// Made by ourselves.
    pub born: u64,
    /// Handed over or given up with a notice.
    pub delivered: u64,
    /// Held for a moderator.
    pub held: u64,
    /// Rejected with a notice.
    pub rejected: u64,
    /// Discarded by a named rule.
    pub discarded: u64,
    /// Removed or used up.
    pub removed: u64,
}

impl Totals {
    fn plus(self, row: &LedgerRow) -> Self {
        Self {
            accepted: self.accepted + row.accepted,
            born: self.born + row.born,
            delivered: self.delivered + row.delivered,
            held: self.held + row.held,
            rejected: self.rejected + row.rejected,
            discarded: self.discarded + row.discarded,
            removed: self.removed + row.removed,
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
struct File {
    since: Timestamp,
    lists: BTreeMap<String, Totals>,
}

/// What earlier runs counted, and the file it is kept in: without fsync, for it holds no mail.
pub(super) struct Ever {
    path: PathBuf,
    before: File,
}

impl Ever {
    /// What the last run left; nothing if it left nothing that can be read.
    pub(super) fn read(path: PathBuf, now: Timestamp) -> Self {
        let read = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { path, before: read.unwrap_or(File { since: now, lists: BTreeMap::new() }) }
    }

    pub(super) fn since(&self) -> Timestamp {
        self.before.since
    }

    /// The totals of a list with this run's row.
    pub(super) fn with(&self, list: &ListId, row: &LedgerRow) -> Totals {
        self.before.lists.get(list.as_str()).copied().unwrap_or_default().plus(row)
    }

    /// Lists of earlier runs that are not among these lines.
    pub(super) fn others(&self, lines: &[LedgerLine]) -> Vec<LedgerLine> {
        let here = |list: &str| lines.iter().any(|line| line.list.as_str() == list);
        let others = self.before.lists.iter().filter(|(list, _)| !here(list));
        others
            .map(|(list, ever)| LedgerLine {
                list: ListId::new(list),
                row: LedgerRow::default(),
                drift: 0,
                ever: *ever,
            })
            .collect()
    }

    /// Writes them all.
    pub(super) async fn save(&self, report: &LedgerReport) {
        let lists = report.lines.iter().map(|line| (line.list.as_str().to_owned(), line.ever)).collect();
        let file = File { since: self.before.since, lists };
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || write(&path, &file)).await;
        if let Ok(Err(error)) = written {
            tracing::debug!(%error, "cannot keep the ledger's totals for the next start");
        }
    }
}

fn write(path: &Path, file: &File) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, serde_json::to_vec(file)?)?;
    std::fs::rename(&beside, path)
}
