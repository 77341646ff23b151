//! A mail to the owners of all lists: entries of the queue, so that none is lost and none is sent twice.

use std::collections::BTreeMap;

use posthaste_lists::notices::Announcement;
use posthaste_model::{EntryId, ListId, Role};
use posthaste_spool::SpoolError;
use posthaste_store::StoreError;

use super::{Server, reload};

/// Lists or owners asked for at once.
const PAGE: u64 = 500;

/// Writes to every owner once, whatever they own.
pub(super) async fn to_owners(server: &Server, subject: &str, text: &str) -> Result<String, String> {
    let owners = owners(server).await.map_err(|error| error.to_string())?;
    let config = server.config();
    let from = config.site.owner.as_ref().map(ToString::to_string).unwrap_or_default();
    let hostname = reload::hostname(&config);
    let at = server.clock.now();
    let micros = u64::try_from(at.as_micros()).unwrap_or(0);
    let time = uuid::Timestamp::from_unix(uuid::NoContext, micros / 1_000_000, 0);
    let id = EntryId::new(uuid::Uuid::new_v7(time));
    let language = config.site.default_language.as_str();
    let announcement = Announcement { id, from: &from, subject, text, language, hostname: &hostname, at };
    let mut queued = 0;
    for (owner, lists) in &owners {
        let Some(entry) = announcement.to_owner(owner, lists) else { continue };
        let counted = server.events.born(&entry.list);
        server.spool.put_with(entry, counted).await.map_err(|error: SpoolError| {
            format!("{queued} of {} mails are queued, then: {error}", owners.len())
        })?;
        queued += 1;
    }
    Ok(format!("{queued} owners will get it; posthaste queue ls shows what still waits"))
}

/// Each owner with the lists they own.
async fn owners(server: &Server) -> Result<BTreeMap<String, Vec<(ListId, String)>>, StoreError> {
    let mut found: BTreeMap<String, Vec<(ListId, String)>> = BTreeMap::new();
    let mut last = None;
    loop {
        let lists = server.store.lists(last.as_ref(), PAGE).await?;
        let Some(end) = lists.last() else { return Ok(found) };
        last = Some(end.list_id.clone());
        for list in &lists {
            let mut after = None;
            loop {
                let page = server.store.members_page(list.id, Some(Role::Owner), after, PAGE).await?;
                after = page.last().map(|member| member.id);
                for member in &page {
                    let lists = found.entry(member.address.as_str().to_lowercase()).or_default();
                    lists.push((list.list_id.clone(), list.name.to_string()));
                }
                if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                    break;
                }
            }
        }
    }
}
