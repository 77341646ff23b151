//! Keeps the mail server's tables as the lists are.

use std::sync::{Arc, PoisonError};

use posthaste_lists::Names;
use posthaste_lists::intake::Snapshot;

use super::Server;
use crate::config::Maps;
use crate::mta::write;

/// What was written last, and which problem was told last, so that each is done once.
#[derive(Default)]
pub(super) struct Kept {
    names: Option<Names>,
    problems: Vec<String>,
}

impl Server {
    /// Writes the tables if lists or configuration changed since the last time, or if something went wrong then. Called
    /// whenever the directory was read; never fails.
    pub(super) async fn keep_maps(self: &Arc<Self>) {
        let config = self.config();
        if config.mta.maps == Maps::None && config.mta.exim_lists.is_none() {
            return;
        }
        let names = self.directory.snapshot().names();
        {
            let mut kept = self.kept_maps.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.names.as_ref() == Some(&names) && kept.problems.is_empty() {
                return;
            }
            kept.names = Some(names.clone());
        }
        let done = tokio::task::spawn_blocking(move || write::write(&config, &names)).await;
        let (written, problems) = done.unwrap_or_default();
        for file in written {
            tracing::info!(file = %file.display(), "table for the mail server written");
        }
        let mut kept = self.kept_maps.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.problems != problems {
            for problem in &problems {
                tracing::error!("{problem}");
            }
        }
        kept.problems = problems;
    }

    /// The next look writes everything that differs.
    pub(super) fn forget_maps(&self) {
        self.kept_maps.lock().unwrap_or_else(PoisonError::into_inner).names = None;
    }

    /// The lists; `None` if their names have never been known, so that an unknown name may yet be one.
    pub(crate) fn known_lists(&self) -> Option<Arc<Snapshot>> {
        let snapshot = self.directory.snapshot();
        (self.directory.age().is_some() || !snapshot.is_empty()).then_some(snapshot)
    }
}
