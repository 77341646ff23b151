use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use posthaste_model::{EntryId, Timestamp};
use posthaste_spool::Spool;
use posthaste_web::SetAside;
use tokio::runtime::Handle;

/// So many entries are read, the oldest first; nobody looks at more on a page.
const READ: usize = 200;

/// What stands in quarantine and why. The reasons are in files, which are read when the quarantine changes, and never by
/// who asks: a disk that hangs hangs no page.
pub(super) struct Aside {
    spool: Arc<Spool>,
    folder: PathBuf,
    runtime: Handle,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    of: Vec<(EntryId, Timestamp)>,
    rows: Vec<SetAside>,
    reading: bool,
}

impl Aside {
    /// In the runtime that may read files.
    pub(super) fn new(spool: Arc<Spool>, folder: PathBuf) -> Self {
        Self { spool, folder, runtime: Handle::current(), known: Arc::default() }
    }

    /// What is there now, with the reasons as far as they were read.
    pub(super) fn rows(&self) -> Vec<SetAside> {
        let mut now = self.spool.quarantined();
        now.sort_unstable_by_key(|(id, at)| (*at, *id));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.of != now && !known.reading {
            known.reading = true;
            let (folder, shared, of) = (self.folder.clone(), self.known.clone(), now.clone());
            self.runtime.spawn_blocking(move || {
                let rows = of.iter().take(READ).map(|(id, at)| read(&folder, *id, *at)).collect();
                *shared.lock().unwrap_or_else(PoisonError::into_inner) = Known { of, rows, reading: false };
            });
        }
        let row = |(id, at): &(EntryId, Timestamp)| {
            let name = id.to_string();
            known.rows.iter().find(|row| row.id == name).cloned().unwrap_or_else(|| SetAside {
                id: name,
                at: *at,
                why: "posthaste queue show tells why".into(),
                ..SetAside::default()
            })
        };
        now.iter().take(READ).map(row).collect()
    }
}

fn read(folder: &std::path::Path, id: EntryId, at: Timestamp) -> SetAside {
    let mut row = SetAside { id: id.to_string(), at, ..SetAside::default() };
    let Ok(peek) = Spool::peek(folder) else { return row };
    if let Ok(all) = peek.quarantined() {
        row.why = all.into_iter().find(|one| one.id == id).map(|one| one.why).unwrap_or_default();
    }
    match peek.show(id) {
        Ok(entry) => {
            row.list = entry.list.to_string();
            row.size = entry.message.len() as u64;
        }
        Err(error) if row.why.is_empty() => row.why = error.to_string(),
        Err(_) => {}
    }
    row
}
