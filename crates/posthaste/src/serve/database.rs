//! Watches the database: opens the gate when it answers with tables we know, and renews the directory.

use std::sync::Arc;
use std::time::Duration;

use posthaste_lists::Directory;
use posthaste_model::Beat;
use posthaste_store::{Store, StoreError};

use super::Server;

/// How often a database that is away is tried.
const PROBE: Duration = Duration::from_secs(1);
/// How often the directory is read although nobody said it changed: another node may have changed it.
const RENEW: Duration = Duration::from_secs(10);

/// Keeps gate and directory true until the stop.
pub(crate) async fn watch(server: Arc<Server>, beat: Beat) {
    let Server { store, gate, directory, clock, .. } = &*server;
    loop {
        beat.begin("asking the database").await;
        let wait = match reach(store, directory, &beat).await {
            Ok(()) => {
                if gate.trouble().is_some() {
                    tracing::info!(lists = directory.snapshot().len(), "the database answers");
                }
                gate.open();
                server.keep_maps().await;
                RENEW
            }
            Err(error) => {
                if gate.trouble().is_none_or(|was| was != error.to_string()) {
                    tracing::error!(%error, "the database cannot be used; mail is accepted and waits, what is planned goes out");
                }
                gate.close(&error.to_string());
                PROBE
            }
        };
        beat.waiting("the time to ask again");
        let closed = async {
            gate.closed().await;
            clock.sleep(PROBE).await;
        };
        tokio::select! {
            () = server.stopping().cancelled() => return,
            () = clock.sleep(wait) => {}
            () = closed, if wait == RENEW => {}
        }
    }
}

async fn reach(store: &Store, directory: &Directory, beat: &Beat) -> Result<(), StoreError> {
    let schema = store.schema().await?;
    if schema.found != schema.known {
        // Fails with a sentence of its own if the tables are newer than we are.
        beat.wait("a migration", store.migrate()).await?;
    }
    beat.progress();
    directory.refresh(store, Duration::ZERO).await
}
