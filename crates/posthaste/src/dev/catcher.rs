//! The mail catcher: takes everything, delivers nothing, shows it on a page.

use std::sync::Arc;

use posthaste_model::{Clock, ForwardPath, ReversePath};
use posthaste_smtp::Reply;
use posthaste_smtp::server::{Handler, Transaction};
use posthaste_web::Mailbox;

use crate::clock::SystemClock;

/// Keeps whatever it is handed.
pub(super) struct Catcher {
    mailbox: Arc<Mailbox>,
    clock: SystemClock,
}

impl Catcher {
    pub(super) fn new(mailbox: Arc<Mailbox>) -> Self {
        Self { mailbox, clock: SystemClock::new() }
    }
}

impl Handler for Catcher {
    fn ready(&self) -> Result<(), Reply> {
        Ok(())
    }

    async fn rcpt(&self, _peer: &str, _from: &ReversePath, _to: &ForwardPath) -> Result<(), Reply> {
        Ok(())
    }

    async fn data(&self, transaction: Transaction) -> Vec<Reply> {
        let recipients: Vec<String> =
            transaction.forward_paths.iter().map(|p| p.as_str().to_owned()).collect();
        let (mailbox, now, count) = (self.mailbox.clone(), self.clock.now(), recipients.len());
        let kept = tokio::task::spawn_blocking(move || {
            mailbox.add(now, transaction.reverse_path.as_str(), &recipients, &transaction.message)
        })
        .await;
        let reply = match kept {
            Ok(Ok(_)) => Reply::new(250, (2, 0, 0), "Caught"),
            Ok(Err(error)) => {
                tracing::error!(%error, "cannot keep a caught message");
                Reply::new(451, (4, 3, 0), "Cannot keep it now")
            }
            Err(_) => Reply::new(451, (4, 3, 0), "Cannot keep it now"),
        };
        vec![reply; count]
    }
}
