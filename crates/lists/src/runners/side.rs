//! What the runners beside delivery have in common.

use bytes::Bytes;
use posthaste_model::MailingList;
use posthaste_spool::{Entry, Event, Kind, Leased, Then};

use super::station::{Station, Trouble};
use crate::delivery::decode_plan;

/// The message for archive, digest and newsgroup.
pub(super) fn bare(entry: &Entry) -> Result<Bytes, Trouble> {
    let planned = entry.events.iter().rev().find(|e| e.kind == Kind::Planned);
    let planned = planned.map(|event| decode_plan(&event.data));
    match planned {
        Some(Ok(planned)) => {
            planned.bare.ok_or_else(|| Trouble::Entry("nothing was planned for archive and digest".into()))
        }
        Some(Err(error)) => Err(Trouble::Entry(error.to_string())),
        None => Err(Trouble::Entry("the entry waits for archive or digest but nothing was planned".into())),
    }
}

/// The list of an entry; without one, nothing is to be done here, and that is recorded.
pub(super) async fn forget(
    station: &Station,
    leased: &Leased,
    entry: &Entry,
) -> Result<Option<MailingList>, Trouble> {
    let list = station.tools.store.list_by_id(&entry.list).await?;
    if list.is_none() {
        tracing::warn!(list = %entry.list, "the list is gone; neither archive nor digest gets this post");
        let event = Event { kind: Kind::Done, then: Then::Leave, also: vec![], data: Bytes::new() };
        station.tools.spool.record(leased, event).await?;
    }
    Ok(list)
}
