use std::sync::Arc;

use posthaste_model::Stage;

use crate::error::SpoolError;
use crate::put::missing;
use crate::spool::Spool;
use crate::workers::lock;

impl Spool {
    /// Nothing more is leased for `stage` until [`Spool::resume`], also after a restart. Leases out go on.
    pub async fn pause(self: &Arc<Self>, stage: Stage) -> Result<(), SpoolError> {
        lock(&self.index).pause(stage, true);
        self.mark(stage, true).await
    }

    /// Ends a pause.
    pub async fn resume(self: &Arc<Self>, stage: Stage) -> Result<(), SpoolError> {
        self.mark(stage, false).await?;
        lock(&self.index).pause(stage, false);
        self.ring(stage);
        Ok(())
    }

    async fn mark(self: &Arc<Self>, stage: Stage, paused: bool) -> Result<(), SpoolError> {
        self.blocking(move |spool| {
            let path = spool.layout.pause(stage);
            if paused {
                spool.disk.create(&path).map_err(|e| SpoolError::disk("create", &path, e))?;
            } else {
                match spool.disk.unlink(&path) {
                    Err(e) if !missing(&e) => return Err(SpoolError::disk("delete", &path, e)),
                    _ => {}
                }
            }
            let folder = spool.layout.paused();
            spool.disk.sync_dir(&folder).map_err(|e| SpoolError::disk("sync", &folder, e))
        })
        .await
    }

    pub(crate) fn read_pauses(&self) -> Result<(), SpoolError> {
        let folder = self.layout.paused();
        for name in self.disk.list(&folder).map_err(|e| SpoolError::disk("list", &folder, e))? {
            match name.parse::<Stage>() {
                Ok(stage) => lock(&self.index).pause(stage, true),
                Err(why) => tracing::warn!(name, why, "a file that is not ours lies in paused/"),
            }
        }
        Ok(())
    }
}
