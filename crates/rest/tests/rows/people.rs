//! What tests about people ask of the interface besides.

use posthaste_model::{Clock, Timestamp};

use crate::support::Api;

impl Api {
    /// Wall time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How many mails lie in the spool; nobody sends them here.
    pub(crate) async fn mails(&self) -> usize {
        self.spool.scan_complete().await;
        self.spool.depth()
    }
}
