use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use posthaste_model::EntryId;
use tokio::sync::oneshot;

use crate::disk::DiskFile;
use crate::entry::{Event, Recorded, Then};
use crate::error::SpoolError;
use crate::format;
use crate::index::books::Went;
use crate::index::{By, Change, EndState, FileEnd};
use crate::lease::Leased;
use crate::put::missing;
use crate::spool::Spool;
use crate::workers::lock;

/// An event that waits to be written.
pub(crate) struct Pending {
    by: By,
    event: Event,
    done: oneshot::Sender<Result<(), SpoolError>>,
}

type Answer = (oneshot::Sender<Result<(), SpoolError>>, Result<(), SpoolError>);

impl Spool {
    /// Appends one event. Durable when it returns.
    ///
    /// Whoever records on one entry at the same time shares one write and one sync. An event of the entry's last
    /// stage that leaves it ends the entry. Once called it runs to its end even if the future is dropped.
    pub async fn record(self: &Arc<Self>, leased: &Leased, event: Event) -> Result<(), SpoolError> {
        let by = By { stage: leased.stage, token: Some(leased.token) };
        self.record_by(leased.id, by, event).await
    }

    pub(crate) async fn record_by(
        self: &Arc<Self>,
        id: EntryId,
        by: By,
        event: Event,
    ) -> Result<(), SpoolError> {
        {
            let mut index = lock(&self.index);
            if !index.begin_record(id, by) {
                return Err(if index.contains(id) {
                    SpoolError::Over(id, by.stage)
                } else {
                    SpoolError::Gone(id)
                });
            }
        }
        let (done, result) = oneshot::channel();
        let pending = Pending { by, event, done };
        let first = {
            let mut journals = lock(&self.journals);
            if let Some(waiting) = journals.get_mut(&id) {
                waiting.push(pending);
                false
            } else {
                journals.insert(id, vec![pending]);
                true
            }
        };
        if first {
            let spool = Arc::clone(self);
            self.workers.submit(move || spool.write_journal(id));
        }
        result.await.unwrap_or_else(|_| Err(self.panicked()))
    }

    /// Writes what waits for this entry, group by group, until nothing does.
    fn write_journal(self: Arc<Self>, id: EntryId) {
        let mut answers = Vec::new();
        loop {
            let group = {
                let mut journals = lock(&self.journals);
                match journals.get_mut(&id).map(std::mem::take) {
                    Some(group) if !group.is_empty() => group,
                    _ => {
                        journals.remove(&id);
                        break;
                    }
                }
            };
            answer(answers);
            // Whatever happens, those who wait are told and their leases are not left hanging.
            let result = catch_unwind(AssertUnwindSafe(|| self.append(id, &group)));
            let result = result.unwrap_or_else(|_| Err(self.panicked()));
            answers = self.settle(id, group, &result);
        }
        // Before the last are told: who then lets go of the spool shall find it closed.
        drop(self);
        answer(answers);
    }

    fn append(&self, id: EntryId, group: &[Pending]) -> Result<FileEnd, SpoolError> {
        let end = lock(&self.index).file(id).ok_or(SpoolError::Gone(id))?;
        let at = self.clock.now();
        let mut bytes = Vec::new();
        let mut next = end.next;
        for pending in group {
            let event = &pending.event;
            let recorded = Recorded {
                at,
                stage: pending.by.stage,
                kind: event.kind,
                then: event.then,
                also: event.also.clone(),
                data: event.data.clone(),
            };
            format::step(&mut bytes, next, &recorded)?;
            next = next.wrapping_add(1);
        }
        let length = end.length + bytes.len() as u64;
        if end.state == EndState::Abandoned {
            self.write_anew(id, end)?;
        }
        let path = self.layout.entry(id);
        let opened = self.disk.open(&path, true);
        let file = match opened {
            Ok(file) => file,
            Err(e) if missing(&e) => return Err(SpoolError::Gone(id)),
            Err(e) => return Err(self.failed("open", &path, e)),
        };
        append_synced(&*file, end, &bytes).map_err(|(doing, state, error)| {
            lock(&self.index).set_file(id, FileEnd { state, ..end });
            self.failed(doing, &path, error)
        })?;
        Ok(FileEnd { length, next, state: EndState::Clean })
    }

    /// Puts a fresh copy in place of a file that can no longer be trusted to reach the disk.
    fn write_anew(&self, id: EntryId, end: FileEnd) -> Result<(), SpoolError> {
        let path = self.layout.entry(id);
        let bytes = crate::put::read_file(self, &path, Some(end.length))
            .map(Bytes::from)
            .map_err(|e| SpoolError::disk("read", &path, e))?;
        if let Err(fault) = format::decode(&bytes) {
            let why = fault.to_string();
            self.quarantine_now(id, &why)?;
            return Err(SpoolError::Damaged { id, why });
        }
        self.place(id, &[&bytes])?;
        lock(&self.index).set_file(id, FileEnd { state: EndState::Clean, ..end });
        Ok(())
    }

    /// Tells the index what became of a group, and returns what to tell those who wait.
    fn settle(&self, id: EntryId, group: Vec<Pending>, result: &Result<FileEnd, SpoolError>) -> Vec<Answer> {
        let mut done = false;
        let mut went = Went::Vanished;
        {
            let now = self.monotonic();
            let wall = self.clock.now();
            let mut index = lock(&self.index);
            for pending in &group {
                if let Ok(end) = result {
                    index.set_file(id, *end);
                    let due = match pending.event.then {
                        Then::Again { due } => self.due(wall, due),
                        _ => now,
                    };
                    let change = Change {
                        by: pending.by,
                        then: pending.event.then,
                        due,
                        also: pending.event.also.clone(),
                    };
                    done = index.apply(id, &change, now);
                    went = Went::Ended(pending.by.stage, pending.event.kind);
                } else {
                    index.abort_record(id, pending.by);
                }
            }
            if done {
                index.remove(id, went);
            }
        }
        if done {
            // A lost unlink costs nothing: the file says that it is done.
            let _ = self.disk.unlink(&self.layout.entry(id));
        }
        for pending in &group {
            for stage in pending.event.also.iter().chain([&pending.by.stage]) {
                self.ring(*stage);
            }
        }
        let result = result.as_ref().map(|_| ()).map_err(Clone::clone);
        group.into_iter().map(|pending| (pending.done, result.clone())).collect()
    }
}

fn answer(answers: Vec<Answer>) {
    for (done, result) in answers {
        let _ = done.send(result);
    }
}

fn append_synced(
    file: &dyn DiskFile,
    end: FileEnd,
    bytes: &[u8],
) -> Result<(), (&'static str, EndState, io::Error)> {
    if end.state == EndState::Torn {
        // Otherwise the rest of the torn record would follow the new one.
        file.truncate(end.length).map_err(|e| ("truncate", EndState::Torn, e))?;
    }
    file.write(end.length, bytes).map_err(|e| ("write", EndState::Torn, e))?;
    file.sync().map_err(|e| ("sync", EndState::Abandoned, e))
}
