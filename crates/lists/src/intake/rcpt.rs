//! The answer to RCPT.

use std::time::Duration;

use posthaste_model::ForwardPath;
use posthaste_smtp::Reply;

use super::{Destination, Intake, split};

/// An unknown name makes us read the database again, at most this often.
const FRESH: Duration = Duration::from_secs(1);

impl Intake {
    /// Which list `to` means.
    ///
    /// 550 5.1.1 only if the database itself, asked within the last second, does not know it; 451 while the database
    /// cannot be asked (P7), so that nobody's mail bounces for our trouble.
    pub(super) async fn destination(&self, to: &ForwardPath) -> Result<Destination, Reply> {
        if let Some(canary) = self.canary(to) {
            return canary;
        }
        if let Some(found) = split(to.as_str(), &self.directory.snapshot()) {
            return Ok(found);
        }
        if let Err(error) = self.directory.refresh(&self.store, FRESH).await {
            tracing::warn!(%error, "cannot check an unknown recipient; answering 451");
            return Err(Reply::new(
                451,
                (4, 3, 0),
                "The list of lists cannot be read now, please try again later",
            ));
        }
        split(to.as_str(), &self.directory.snapshot())
            .ok_or_else(|| Reply::new(550, (5, 1, 1), format!("No mailing list has the address {to}")))
    }
}
