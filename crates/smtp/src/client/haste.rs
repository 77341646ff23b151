use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;

/// How long the relay may be silent in the middle of a transaction, because others wait for the connection (P12).
///
/// With few connections, one recipient whose mail server hangs would hold up everybody. So a transaction before its
/// message gives way: nothing of it was sent, and it is [`SendError::GaveWay`](super::SendError::GaveWay).
#[derive(Clone, Debug)]
pub struct Haste(watch::Receiver<Option<Duration>>);

impl Haste {
    /// The relay may be silent for as long as `patience` says at the time; `None`: nobody waits, and only the relay's own
    /// deadlines hold.
    pub const fn new(patience: watch::Receiver<Option<Duration>>) -> Self {
        Self(patience)
    }

    /// Nobody ever waits.
    pub fn none() -> Self {
        Self(watch::channel(None).1)
    }

    /// How long the relay may be silent now, if others wait.
    pub(crate) fn patience(&self) -> Option<Duration> {
        *self.0.borrow()
    }

    /// Waits until others have come or gone.
    pub(crate) async fn changed(&mut self) {
        // Whoever could say so is gone: it stays as it is.
        if self.0.changed().await.is_err() {
            pending::<()>().await;
        }
    }
}
