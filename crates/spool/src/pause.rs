use std::collections::BTreeSet;
use std::sync::Arc;

use posthaste_model::{ListId, Stage};

use crate::error::SpoolError;
use crate::put::missing;
use crate::spool::Spool;
use crate::workers::lock;

impl Spool {
    /// Nothing more is leased for `stage` until [`Spool::resume`], also after a restart. Leases out go on.
    pub async fn pause(self: &Arc<Self>, stage: Stage) -> Result<(), SpoolError> {
        lock(&self.index).pause(stage, true);
        self.mark(stage.name().to_owned(), true).await
    }

    /// Ends a pause.
    pub async fn resume(self: &Arc<Self>, stage: Stage) -> Result<(), SpoolError> {
        self.mark(stage.name().to_owned(), false).await?;
        lock(&self.index).pause(stage, false);
        self.ring(stage);
        Ok(())
    }

    /// Nothing of this list is leased for any stage until [`Spool::resume_list`], also after a restart. Leases out go on.
    pub async fn pause_list(self: &Arc<Self>, list: &ListId) -> Result<(), SpoolError> {
        lock(&self.index).rest(list, true);
        self.mark(name_of(list), true).await
    }

    /// Ends a list's rest.
    pub async fn resume_list(self: &Arc<Self>, list: &ListId) -> Result<(), SpoolError> {
        self.mark(name_of(list), false).await?;
        lock(&self.index).rest(list, false);
        for stage in Stage::ALL {
            self.ring(stage);
        }
        Ok(())
    }

    /// The lists that rest. Cheap: no I/O.
    pub fn resting_lists(&self) -> Vec<ListId> {
        lock(&self.index).resting()
    }

    /// Remembers, also after a restart, that a destination rests: a domain in lower case. Whoever delivers asks
    /// [`Spool::resting_destinations`]; entries are leased as before, for they wait for others too.
    pub async fn pause_destination(self: &Arc<Self>, domain: &str) -> Result<(), SpoolError> {
        self.mark(format!("{TO}{}", escaped(domain)), true).await?;
        self.rest_destination(domain, true);
        Ok(())
    }

    /// Ends a destination's rest. Entries that sleep because of it are made due by [`Spool::retry`].
    pub async fn resume_destination(self: &Arc<Self>, domain: &str) -> Result<(), SpoolError> {
        self.mark(format!("{TO}{}", escaped(domain)), false).await?;
        self.rest_destination(domain, false);
        Ok(())
    }

    /// The destinations that rest. Cheap: no I/O.
    pub fn resting_destinations(&self) -> Arc<BTreeSet<String>> {
        lock(&self.destinations).clone()
    }

    fn rest_destination(&self, domain: &str, rests: bool) {
        let mut destinations = lock(&self.destinations);
        let changed = Arc::make_mut(&mut destinations);
        if rests {
            changed.insert(domain.to_owned());
        } else {
            changed.remove(domain);
        }
    }

    async fn mark(self: &Arc<Self>, name: String, paused: bool) -> Result<(), SpoolError> {
        self.blocking(move |spool| {
            let path = spool.layout.paused().join(&name);
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
            if let Some(list) = list_of(&name) {
                lock(&self.index).rest(&list, true);
                continue;
            }
            if let Some(domain) = destination_of(&name) {
                self.rest_destination(&domain, true);
                continue;
            }
            match name.parse::<Stage>() {
                Ok(stage) => lock(&self.index).pause(stage, true),
                Err(why) => tracing::warn!(name, why, "a file that is not ours lies in paused/"),
            }
        }
        Ok(())
    }
}

/// What the names of the files of resting lists begin with.
const LIST: &str = "list:";

/// What the names of the files of resting destinations begin with.
const TO: &str = "to:";

/// The file of a list that rests. A list-id is a name for a file but for the slash and its own escape.
fn name_of(list: &ListId) -> String {
    format!("{LIST}{}", escaped(list.as_str()))
}

/// The destination whose rest a file of this name says.
pub(crate) fn destination_of(name: &str) -> Option<String> {
    name.strip_prefix(TO).map(plain)
}

fn list_of(name: &str) -> Option<ListId> {
    Some(ListId::new(plain(name.strip_prefix(LIST)?)))
}

fn escaped(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F")
}

fn plain(name: &str) -> String {
    name.replace("%2F", "/").replace("%25", "%")
}
