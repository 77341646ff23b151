//! Whether the database may be asked: closed while it is away or its tables are not ours, so that runners wait
//! together for its return instead of each failing on its own.

use tokio::sync::watch;

/// Open while the database answers and its tables fit.
pub struct Gate {
    state: watch::Sender<Result<(), String>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { state: watch::Sender::new(Err("not reached yet".into())) }
    }
}

impl Gate {
    /// The database answered.
    pub fn open(&self) {
        self.state.send_if_modified(|state| {
            let was_closed = state.is_err();
            *state = Ok(());
            was_closed
        });
    }

    /// The database failed, and how.
    pub fn close(&self, why: &str) {
        self.state.send_if_modified(|state| {
            let changed = state.as_ref().err().is_none_or(|w| w != why);
            *state = Err(why.to_owned());
            changed
        });
    }

    /// Why it is closed; `None` while it is open.
    pub fn trouble(&self) -> Option<String> {
        self.state.borrow().clone().err()
    }

    /// Waits until it is open.
    pub async fn opened(&self) {
        // The sender lives in `self`: it cannot be gone.
        let _ = self.state.subscribe().wait_for(Result::is_ok).await;
    }

    /// Waits until it is closed.
    pub async fn closed(&self) {
        let _ = self.state.subscribe().wait_for(Result::is_err).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiters_pass_when_it_opens() {
        let gate = std::sync::Arc::new(Gate::default());
        gate.close("gone");
        assert_eq!(gate.trouble().as_deref(), Some("gone"));
        let waiter = tokio::spawn({
            let gate = gate.clone();
            async move { gate.opened().await }
        });
        gate.open();
        waiter.await.unwrap();
        assert_eq!(gate.trouble(), None);
    }
}
