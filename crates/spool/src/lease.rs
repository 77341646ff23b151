use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use posthaste_model::{EntryId, ListId, Stage};

use crate::entry::Entry;
use crate::error::SpoolError;
use crate::format::{self, Fault};
use crate::index::books::Went;
use crate::put::{missing, read_file};
use crate::spool::{Spool, micros};
use crate::workers::lock;

/// The right to work on one entry for one stage. It lives in memory only: let go of without `Again` or `Leave`, or lost in a
/// crash, the entry is ready again.
pub struct Leased {
    pub(crate) spool: Arc<Spool>,
    pub(crate) id: EntryId,
    pub(crate) list: ListId,
    pub(crate) stage: Stage,
    pub(crate) token: u32,
    attempts: u16,
    /// Microseconds for which the entry rests once this is let go of.
    rest: AtomicI64,
}

impl Leased {
    /// Which entry.
    pub const fn id(&self) -> EntryId {
        self.id
    }

    /// Whose.
    pub const fn list(&self) -> &ListId {
        &self.list
    }

    /// For what.
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// How many leases of this entry at this stage have ended without an event, in this process. A worker that sees
    /// 3 here should think of quarantine (P14).
    pub const fn attempt(&self) -> u32 {
        self.attempts as u32
    }

    /// Lets the entry rest for a while once this lease is let go of without `Again` or `Leave`. In memory only: after a
    /// start it is ready at once.
    pub fn rest(&self, pause: Duration) {
        self.rest.store(micros(pause), Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Leased {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Leased({} {} {})", self.id, self.list, self.stage)
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        let due = match self.rest.load(Ordering::Relaxed) {
            0 => None,
            rest => Some(self.spool.monotonic().saturating_add(rest)),
        };
        lock(&self.spool.index).drop_lease(self.id, self.stage, self.token, due);
        self.spool.ring(self.stage);
    }
}

impl Spool {
    /// Waits until something is due at `stage` and leases it: lists take turns, and within one list the oldest goes
    /// first. A paused stage gives nothing.
    pub async fn lease(self: &Arc<Self>, stage: Stage) -> Result<Leased, SpoolError> {
        self.lease_except(stage, &[]).await
    }

    /// Like [`Spool::lease`], passing over these lists: they have had their share for now.
    pub async fn lease_except(
        self: &Arc<Self>,
        stage: Stage,
        pass_over: &[ListId],
    ) -> Result<Leased, SpoolError> {
        loop {
            let mut bell = pin!(self.bell(stage).notified());
            // Registered before we look, so that no ring is missed in between.
            bell.as_mut().enable();
            let now = self.monotonic();
            let taken = lock(&self.index).take(stage, now, pass_over);
            match taken {
                Ok(granted) => {
                    return Ok(Leased {
                        spool: Arc::clone(self),
                        id: granted.id,
                        list: granted.list,
                        stage,
                        token: granted.token,
                        attempts: granted.attempts,
                        rest: AtomicI64::new(0),
                    });
                }
                Err(None) => bell.await,
                Err(Some(due)) => {
                    let nap = Duration::from_micros(u64::try_from(due.saturating_sub(now)).unwrap_or(0));
                    tokio::select! {
                        () = bell => {}
                        () = self.clock.sleep(nap) => {}
                    }
                }
            }
        }
    }

    /// Reads the whole entry, checking every octet. A damaged one goes to quarantine.
    pub async fn load(self: &Arc<Self>, leased: &Leased) -> Result<Entry, SpoolError> {
        let id = leased.id;
        self.blocking(move |spool| spool.load_now(id)).await
    }

    pub(crate) fn load_now(&self, id: EntryId) -> Result<Entry, SpoolError> {
        let file = lock(&self.index).file(id).ok_or(SpoolError::Gone(id))?;
        let path = self.layout.entry(id);
        // Only what is acknowledged: another stage may be appending at this moment.
        let bytes = match read_file(self, &path, Some(file.length)) {
            Ok(bytes) => Bytes::from(bytes),
            Err(e) if missing(&e) => {
                tracing::error!(%id, "the file of an entry is gone, and nobody of us removed it");
                lock(&self.index).remove(id, Went::Vanished);
                return Err(SpoolError::Gone(id));
            }
            Err(e) => return Err(SpoolError::disk("read", &path, e)),
        };
        let checked = format::decode(&bytes).and_then(|decoded| {
            if decoded.entry.id != id {
                return Err(Fault::Damaged(format!("it says it is entry {}", decoded.entry.id)));
            }
            if decoded.tail.length != file.length || decoded.tail.torn {
                return Err(Fault::Damaged(format!(
                    "{} octets were acknowledged, {} are whole",
                    file.length, decoded.tail.length
                )));
            }
            Ok(decoded.entry)
        });
        match checked {
            Ok(entry) => Ok(entry),
            Err(Fault::Newer(why)) => Err(SpoolError::Newer { id, why }),
            Err(Fault::Damaged(why)) => {
                self.quarantine_now(id, &why)?;
                Err(SpoolError::Damaged { id, why })
            }
        }
    }
}
