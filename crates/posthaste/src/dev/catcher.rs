//! The mail catcher: takes everything, delivers nothing, shows it on a page.

use std::sync::Arc;
use std::time::Duration;

use posthaste_model::{Clock, ForwardPath, ListName, ReversePath};
use posthaste_smtp::Reply;
use posthaste_smtp::server::{Handler, Transaction};
use posthaste_watch::{Door, post};
use posthaste_web::Mailbox;

use crate::clock::SystemClock;

/// Keeps whatever it is handed.
pub(super) struct Catcher {
    mailbox: Arc<Mailbox>,
    clock: SystemClock,
    canary: Option<CanaryRoute>,
}

/// Mail for the canary's address goes back to the list server, as every mail server must be told.
pub(super) struct CanaryRoute {
    pub(super) address: ListName,
    pub(super) door: Door,
}

impl CanaryRoute {
    fn is_for_it(&self, to: &ForwardPath) -> bool {
        let (local, domain) = to.as_str().rsplit_once('@').unwrap_or_default();
        let base = local.split('+').next().unwrap_or_default();
        base.eq_ignore_ascii_case(self.address.local()) && domain.eq_ignore_ascii_case(self.address.host())
    }
}

impl Catcher {
    pub(super) fn new(mailbox: Arc<Mailbox>, canary: Option<CanaryRoute>) -> Self {
        Self { mailbox, clock: SystemClock::new(), canary }
    }

    /// Hands the canary back; nobody wants to see it among the mail.
    async fn hand_back(&self, transaction: &Transaction) -> Option<Vec<Reply>> {
        let route = self.canary.as_ref()?;
        let [to] = transaction.forward_paths.as_slice() else { return None };
        if !route.is_for_it(to) {
            return None;
        }
        let from = transaction.reverse_path.as_str();
        let posted = post(&route.door, from, to.as_str(), &transaction.message);
        let reply = match tokio::time::timeout(Duration::from_secs(20), posted).await {
            Ok(Ok(())) => Reply::new(250, (2, 0, 0), "Handed back"),
            Ok(Err(error)) => Reply::new(451, (4, 3, 0), error),
            Err(_) => Reply::new(451, (4, 3, 0), "Nobody took it back in time"),
        };
        Some(vec![reply])
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
        if let Some(replies) = self.hand_back(&transaction).await {
            return replies;
        }
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
