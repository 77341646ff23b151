use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;

use posthaste_model::{Clock, EntryId};

use crate::spool::Spool;
use crate::workers::lock;

/// How often the disk is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// Every how many looks what could not be read is tried again.
const READ_AGAIN: u32 = 60;

impl Spool {
    /// Watches the disk for as long as the spool lives: what is free (P16), whether it works again after a failure
    /// (P4: three good writes), and whether what could not be read can be now. The program spawns it.
    pub fn guard(self: &Arc<Self>) -> impl Future<Output = ()> + Send + use<> {
        guard(Arc::downgrade(self), Arc::clone(&self.clock))
    }

    fn look(&self, round: u32) {
        self.measure();
        if self.health.failing() {
            self.probe();
        }
        if round.is_multiple_of(READ_AGAIN) && self.scanned() {
            let unread: Vec<EntryId> = {
                let index = lock(&self.index);
                index.left_alone.iter().filter(|(_, left)| left.again).map(|(id, _)| *id).collect()
            };
            for id in unread {
                lock(&self.index).left_alone.remove(&id);
                self.take_in(id);
            }
        }
    }

    /// Writes and syncs a small file where new entries are written.
    fn probe(&self) {
        let path = self.layout.tmp().join("probe");
        let tried = self.disk.create(&path).and_then(|file| {
            file.write(0, &[b'p'; 4096])?;
            file.sync()
        });
        let deleted = self.disk.unlink(&path);
        match tried.and(deleted).and_then(|()| self.disk.sync_dir(&self.layout.tmp())) {
            Ok(()) => self.health.probed(),
            Err(e) => self.health.fail(&e.to_string(), self.clock.now()),
        }
    }
}

async fn guard(spool: Weak<Spool>, clock: Arc<dyn Clock>) {
    for round in 1u32.. {
        {
            let Some(spool) = spool.upgrade() else { return };
            let workers = spool.workers.clone();
            // In a worker: a disk that hangs must not hang the program.
            workers.run(move || spool.look(round)).await;
        }
        clock.sleep(EVERY).await;
    }
}
