//! What a sink has counted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One accepted transaction, kept whole if the sink was told to.
#[derive(Debug, Clone)]
pub struct Caught {
    /// MAIL FROM, without the angle brackets; empty for the null reverse-path.
    pub from: String,
    /// The accepted RCPT TO addresses, in order, spelling kept.
    pub recipients: Vec<String>,
    /// The message with CRLF line ends, dot-stuffing removed.
    pub message: Vec<u8>,
}

impl Caught {
    /// The message as text; bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.message).into_owned()
    }
}

/// Everything that was accepted: which message for which recipient, and how often.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    messages: HashMap<String, Post>,
    accepted: u64,
    distinct: u64,
    transactions: u64,
    bytes: u64,
    caught: Vec<Arc<Caught>>,
}

/// What is known of one Message-ID.
#[derive(Debug, Clone)]
struct Post {
    recipients: HashMap<String, Receipt>,
    first: Instant,
    last: Instant,
}

#[derive(Debug, Clone)]
struct Receipt {
    times: u32,
    from: Arc<str>,
}

impl Tally {
    /// Accepted recipients over all transactions, repeats included.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Different (Message-ID, recipient) pairs.
    pub fn distinct(&self) -> u64 {
        self.distinct
    }

    /// Recipients who got a message once more than they should have.
    pub fn duplicates(&self) -> u64 {
        self.accepted - self.distinct
    }

    /// Accepted transactions.
    pub fn transactions(&self) -> u64 {
        self.transactions
    }

    /// Message bytes of the accepted transactions.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Every Message-ID seen, sorted; a message without one counts under the empty name.
    pub fn message_ids(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.messages.keys().cloned().collect();
        ids.sort_unstable();
        ids
    }

    /// How often `recipient` (compared without regard to case) got the message.
    pub fn times(&self, message_id: &str, recipient: &str) -> u32 {
        self.receipt(message_id, recipient).map_or(0, |receipt| receipt.times)
    }

    /// The envelope sender of the last copy that `recipient` got.
    pub fn sender(&self, message_id: &str, recipient: &str) -> Option<&str> {
        self.receipt(message_id, recipient).map(|receipt| &*receipt.from)
    }

    /// Who got the message, sorted, in lower case.
    pub fn recipients(&self, message_id: &str) -> Vec<String> {
        let mut all: Vec<_> = self
            .messages
            .get(message_id)
            .into_iter()
            .flat_map(|post| post.recipients.keys().cloned())
            .collect();
        all.sort_unstable();
        all
    }

    /// Pairs that were expected and have not come.
    pub fn missing<'a>(&self, message_id: &str, expected: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        expected.into_iter().filter(|to| self.times(message_id, to) == 0).map(str::to_owned).collect()
    }

    /// When the message reached its first recipient.
    pub fn first_seen(&self, message_id: &str) -> Option<Instant> {
        self.messages.get(message_id).map(|post| post.first)
    }

    /// When the message reached its last recipient so far.
    pub fn last_seen(&self, message_id: &str) -> Option<Instant> {
        self.messages.get(message_id).map(|post| post.last)
    }

    /// How many recipients the message has reached.
    pub fn reached(&self, message_id: &str) -> usize {
        self.messages.get(message_id).map_or(0, |post| post.recipients.len())
    }

    /// The kept transactions in the order of their acceptance; empty unless the sink keeps messages.
    pub fn caught(&self) -> &[Arc<Caught>] {
        &self.caught
    }

    /// Time from `since` to the last recipient of the message.
    pub fn latency(&self, message_id: &str, since: Instant) -> Option<Duration> {
        self.last_seen(message_id).map(|last| last.saturating_duration_since(since))
    }

    pub(super) fn count(&mut self, from: &str, recipients: &[String], message_id: &str, bytes: usize) {
        let now = Instant::now();
        if !self.messages.contains_key(message_id) {
            self.messages
                .insert(message_id.to_owned(), Post { recipients: HashMap::new(), first: now, last: now });
        }
        let Some(post) = self.messages.get_mut(message_id) else { return };
        post.last = now;
        let from: Arc<str> = from.into();
        for recipient in recipients {
            let receipt = post
                .recipients
                .entry(recipient.to_ascii_lowercase())
                .or_insert_with(|| Receipt { times: 0, from: from.clone() });
            receipt.times += 1;
            receipt.from = from.clone();
            self.accepted += 1;
            self.distinct += u64::from(receipt.times == 1);
        }
        self.transactions += 1;
        self.bytes += bytes as u64;
    }

    pub(super) fn keep(&mut self, caught: Caught) {
        self.caught.push(Arc::new(caught));
    }

    fn receipt(&self, message_id: &str, recipient: &str) -> Option<&Receipt> {
        self.messages.get(message_id)?.recipients.get(&recipient.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_and_duplicates_are_exact() {
        let mut tally = Tally::default();
        let (anne, bart) = ("Anne@example.org".to_owned(), "bart@example.org".to_owned());
        tally.count("a@x", &[anne.clone(), bart.clone()], "<1>", 10);
        tally.count("b@x", std::slice::from_ref(&bart), "<1>", 10);
        tally.count("b@x", &[anne], "<2>", 10);
        assert_eq!((tally.accepted(), tally.distinct(), tally.duplicates()), (4, 3, 1));
        assert_eq!(tally.times("<1>", "BART@example.org"), 2);
        assert_eq!(tally.sender("<1>", "bart@example.org"), Some("b@x"));
        assert_eq!(tally.missing("<2>", ["anne@example.org", "bart@example.org"]), ["bart@example.org"]);
        assert_eq!(tally.recipients("<1>"), ["anne@example.org", "bart@example.org"]);
        assert_eq!(tally.message_ids(), ["<1>", "<2>"]);
        assert_eq!(tally.transactions(), 3);
    }
}
