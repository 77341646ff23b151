//! Tells the owners of lists with waiting mail once the public is told that mail stands still.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use posthaste_model::{ListId, Role, Stage};
use posthaste_store::StoreError;

use super::Server;

/// How often it is looked whether there is something to tell.
const EVERY: Duration = Duration::from_secs(10);
/// So long the database may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Owners of one list.
const PAGE: u64 = 100;

/// Looks until the stop. A database that is away is asked again: who owns a list stands nowhere else.
pub(super) async fn keep_told(server: Arc<Server>) {
    let stop = server.stopping().clone();
    while stop.run_until_cancelled(server.clock.sleep(EVERY)).await.is_some() {
        let Some(incident) = server.alerts.owners_to_tell() else { continue };
        match tokio::time::timeout(PATIENCE, waiting(&server)).await {
            Ok(Ok(owners)) => server.alerts.tell_owners(incident, &owners),
            Ok(Err(error)) => tracing::warn!(%error, "owners of lists cannot be told yet"),
            Err(_) => tracing::warn!("owners of lists cannot be told yet: the database gives no answer"),
        }
    }
}

/// Each owner of a list with mail that waits, with those lists.
async fn waiting(server: &Server) -> Result<Vec<(String, Vec<String>)>, StoreError> {
    let waits = |depth: &[u32]| {
        [Stage::Incoming, Stage::Out].iter().any(|stage| depth.get(stage.index()).is_some_and(|n| *n > 0))
    };
    let books = server.spool.books();
    let lists: Vec<ListId> =
        books.into_iter().filter(|(_, book)| waits(&book.depth)).map(|(list, _)| list).collect();
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for list in lists {
        let Some(list) = server.store.list_by_id(&list).await? else { continue };
        for owner in server.store.members_page(list.id, Some(Role::Owner), None, PAGE).await? {
            owners.entry(owner.address.as_str().to_lowercase()).or_default().push(list.name.to_string());
        }
    }
    Ok(owners.into_iter().collect())
}
