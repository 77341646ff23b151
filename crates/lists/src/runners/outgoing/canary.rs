//! What is different when the canary goes out: it leaves no history, no bounce and no notice, and nobody waits for it long.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use posthaste_spool::{Entry, Event, Kind, Leased, SpoolError, Then};

use super::Outgoing;
use super::dispatch::Dispatch;
use crate::delivery::Fate;
use crate::notes;

/// A relay that says "not now" to the canary is asked again so soon.
const AGAIN: Duration = Duration::from_secs(30);

impl Outgoing {
    /// True if whoever sent this canary still waits for it.
    pub(super) fn is_awaited(&self, entry: &Entry) -> bool {
        let extension = entry.notes.get(notes::EXTENSION).map_or("", String::as_str);
        self.canary.as_ref().is_some_and(|keeper| keeper.road(extension).is_some())
    }

    /// Ends a canary that nobody waits for.
    pub(super) async fn drop_canary(&self, leased: &Leased, entry: &Entry) -> Result<(), SpoolError> {
        if let (Some(keeper), Some(extension)) = (&self.canary, entry.notes.get(notes::EXTENSION)) {
            keeper.left(extension, Err("it waited too long for the relay".into()));
        }
        let event = Event { kind: Kind::Discarded, then: Then::Leave, also: vec![], data: Bytes::new() };
        self.spool.record(leased, event).await
    }

    /// The relay said "not now": it is asked again while somebody waits.
    pub(super) async fn rest_canary(&self, dispatch: &Arc<Dispatch>) -> Result<(), SpoolError> {
        let awaited = |keeper: &dyn crate::canary::Keeper, e: &str| keeper.road(e).is_some();
        let (keeper, extension) = (self.canary.as_deref(), dispatch.canary().unwrap_or_default());
        if keeper.is_some_and(|k| awaited(k, extension)) {
            let due = self.clock.now().plus(AGAIN);
            return self.append(dispatch, Kind::Deferred, Then::Again { due }, Bytes::new()).await;
        }
        self.finish_canary(dispatch, Kind::Sent, Bytes::from_static(b"[]")).await
    }

    /// It is out of our hands.
    pub(super) async fn finish_canary(
        &self,
        dispatch: &Dispatch,
        kind: Kind,
        data: Bytes,
    ) -> Result<(), SpoolError> {
        self.append(dispatch, kind, Then::Leave, data).await?;
        if let (Some(keeper), Some(extension)) = (&self.canary, dispatch.canary()) {
            let how = match dispatch.last(0) {
                Some((Fate::Delivered, _)) => Ok(()),
                Some((_, reply)) => Err(format!("the relay said {reply}")),
                None => Err("the relay never answered".to_owned()),
            };
            keeper.left(extension, how);
        }
        Ok(())
    }
}
