//! From the final dot to 250: which lane a message takes, and how it becomes durable.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use posthaste_model::{Clock, EntryId, Envelope, ForwardPath, ReversePath, Stage, SubAddress};
use posthaste_smtp::Reply;
use posthaste_smtp::server::{Handler, Transaction};
use posthaste_spool::{Begin, NewEntry, SeenLog, Spool, SpoolError, seen_key};
use posthaste_store::Store;

use super::{Answers, Destination, Directory};
use crate::canary::{Keeper, is_canary};
use crate::events::Events;
use crate::notes;

/// What becomes of mail that the MTA hands over.
pub struct Intake {
    pub(super) directory: Arc<Directory>,
    pub(super) store: Store,
    pub(super) spool: Arc<Spool>,
    seen: Arc<SeenLog>,
    clock: Arc<dyn Clock>,
    pub(super) events: Arc<Events>,
    pub(super) canary: Option<Arc<dyn Keeper>>,
    pub(super) answers: Option<Arc<dyn Answers>>,
}

/// What became of a message that was handed over.
#[derive(Debug)]
pub enum Injected {
    /// It is durable, under this name.
    As(EntryId),
    /// The same message was accepted for the same address before.
    Before,
    /// It is no post but something of ours, taken care of; or it was not.
    Otherwise(Reply),
    /// It was not taken; why.
    Not(Reply),
}

impl Intake {
    /// An intake into `spool`.
    pub fn new(
        directory: Arc<Directory>,
        store: Store,
        spool: Arc<Spool>,
        seen: Arc<SeenLog>,
        clock: Arc<dyn Clock>,
        events: Arc<Events>,
    ) -> Self {
        Self { directory, store, spool, seen, clock, events, canary: None, answers: None }
    }

    /// The same, with somebody who sends canaries.
    pub fn with_canary(mut self, keeper: Option<Arc<dyn Keeper>>) -> Self {
        self.canary = keeper;
        self
    }

    /// The same, with somebody who takes answers to alerts.
    pub fn with_answers(mut self, answers: Arc<dyn Answers>) -> Self {
        self.answers = Some(answers);
        self
    }

    /// Takes a message that a program hands over for one of our addresses, the way mail takes that comes over a socket.
    pub async fn inject(&self, transaction: &Transaction, to: &ForwardPath) -> Injected {
        match self.ready() {
            Ok(()) => self.take(transaction, to).await,
            Err(reply) => Injected::Not(reply),
        }
    }

    async fn accept(&self, transaction: &Transaction, to: &ForwardPath) -> Reply {
        match self.take(transaction, to).await {
            Injected::As(id) => Reply::new(250, (2, 1, 5), format!("Accepted as {id}")),
            Injected::Before => Reply::new(250, (2, 1, 5), "Accepted before"),
            Injected::Otherwise(reply) | Injected::Not(reply) => reply,
        }
    }

    async fn take(&self, transaction: &Transaction, to: &ForwardPath) -> Injected {
        if let Some(token) = self.answer_token(to) {
            return Injected::Otherwise(self.take_answer(transaction, token));
        }
        let Ok(destination) = self.destination(to).await else {
            // The list went away between RCPT and DATA: let the MTA ask again, RCPT will tell it.
            let why = "The list is not to be found any more, please try again";
            return Injected::Not(Reply::new(451, (4, 2, 1), why));
        };
        if is_canary(&destination.list) {
            return Injected::Otherwise(self.accept_canary(transaction, to, destination).await);
        }
        let key = message_id(&transaction.message)
            .map(|id| seen_key(to.as_str(), &String::from_utf8_lossy(id), body(&transaction.message)));
        let reservation = match key.map(|key| self.seen.begin(key)) {
            None => None,
            Some(Begin::New(reservation)) => Some(reservation),
            Some(Begin::Duplicate) => {
                self.events.duplicates.fetch_add(1, Ordering::Relaxed);
                tracing::info!(list = %destination.list, "message accepted before; not delivered again");
                return Injected::Before;
            }
            Some(Begin::InFlight) => {
                let why = "The same message is being accepted right now, please try again";
                return Injected::Not(Reply::new(451, (4, 3, 0), why));
            }
        };
        let (list, events) = (destination.list.clone(), self.events.clone());
        let counted = move |new| {
            if new {
                events.accepted(&list);
            }
        };
        match self.spool.put_with(self.entry(transaction, to, destination), counted).await {
            Ok(id) => {
                if let Some(reservation) = reservation {
                    reservation.commit();
                }
                Injected::As(id)
            }
            Err(error) => {
                self.events.turned_away.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "cannot accept mail");
                Injected::Not(trouble(&error))
            }
        }
    }

    pub(super) fn entry(
        &self,
        transaction: &Transaction,
        to: &ForwardPath,
        destination: Destination,
    ) -> NewEntry {
        let now = self.clock.now();
        let stage = match destination.sub {
            SubAddress::Post | SubAddress::Owner => Stage::Incoming,
            SubAddress::Bounces => Stage::Bounce,
            SubAddress::Request | SubAddress::Join | SubAddress::Leave | SubAddress::Confirm => {
                Stage::Command
            }
        };
        let mut notes = BTreeMap::from([(notes::SUB.to_owned(), destination.sub.name().to_owned())]);
        if !destination.extension.is_empty() {
            notes.insert(notes::EXTENSION.to_owned(), destination.extension);
        }
        NewEntry {
            id: crate::new_entry_id(now),
            stage,
            list: destination.list,
            envelope: Envelope {
                reverse_path: transaction.reverse_path.clone(),
                forward_path: to.clone(),
                client: transaction.peer.clone(),
                received: now,
            },
            notes,
            message: transaction.message.clone(),
            events: vec![],
        }
    }
}

impl Handler for Intake {
    fn ready(&self) -> Result<(), Reply> {
        match self.spool.unhealthy() {
            None => Ok(()),
            Some(trouble) => {
                tracing::warn!(%trouble, "not accepting mail now");
                Err(Reply::new(452, (4, 3, 1), "Our storage is in trouble, please try again later"))
            }
        }
    }

    async fn rcpt(&self, _peer: &str, _from: &ReversePath, to: &ForwardPath) -> Result<(), Reply> {
        if self.answer_token(to).is_some() {
            return Ok(());
        }
        self.destination(to).await.map(|_| ())
    }

    async fn data(&self, transaction: Transaction) -> Vec<Reply> {
        let began = self.clock.monotonic();
        let replies =
            join_all(transaction.forward_paths.iter().map(|to| self.accept(&transaction, to))).await;
        self.events.accept_latency.observe(self.clock.monotonic().saturating_sub(began));
        replies
    }
}

/// Our trouble is temporary for the sender, whatever it is for us (P7).
pub(super) fn trouble(error: &SpoolError) -> Reply {
    match error {
        SpoolError::Disk { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
            Reply::new(452, (4, 3, 1), "Our storage is full, please try again later")
        }
        _ => Reply::new(451, (4, 3, 0), "Our storage is in trouble, please try again later"),
    }
}

/// The raw value of the first Message-ID field, if there is one.
fn message_id(message: &[u8]) -> Option<&[u8]> {
    let head = message.get(..message.len() - body(message).len())?;
    head.split(|b| *b == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(b"message-id:".len())?;
        name.eq_ignore_ascii_case(b"message-id:").then(|| value.trim_ascii()).filter(|v| !v.is_empty())
    })
}

/// The Message-ID as text, for people; empty if there is none.
pub(crate) fn message_id_of(message: &[u8]) -> String {
    message_id(message).map(|id| String::from_utf8_lossy(id).into_owned()).unwrap_or_default()
}

/// What follows the first empty line; empty if there is none.
fn body(message: &[u8]) -> &[u8] {
    let at = message.windows(4).position(|w| w == b"\r\n\r\n");
    at.and_then(|at| message.get(at + 4..)).unwrap_or_default()
}

/// Makes an id whose first bits are the time, so that entries sort by arrival.
pub(crate) fn new_entry_id(now: posthaste_model::Timestamp) -> EntryId {
    let micros = u64::try_from(now.as_micros()).unwrap_or(0);
    let time =
        uuid::Timestamp::from_unix(uuid::NoContext, micros / 1_000_000, (micros % 1_000_000) as u32 * 1_000);
    EntryId::new(uuid::Uuid::new_v7(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_message_id_and_the_body() {
        let message = b"Subject: x\r\nmessage-ID: <a@b>\r\n\r\nMessage-ID: <no>\r\n";
        assert_eq!(message_id(message), Some(b"<a@b>".as_slice()));
        assert_eq!(body(message), b"Message-ID: <no>\r\n");
        assert_eq!(message_id(b"Subject: x\r\n\r\nMessage-ID: <no>\r\n"), None);
        assert_eq!(message_id(b""), None);
    }
}
