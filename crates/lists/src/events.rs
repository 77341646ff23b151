//! What happened since the start, counted where it happens. Handed down to intake and runners; nothing is global.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthaste_model::{Histogram, ListId, Timestamp};
use posthaste_spool::Kind;
use serde::{Deserialize, Serialize};

use crate::delivery::{Fate, Met};

/// A post is in time if its last recipient was answered for so soon after it was accepted.
pub const IN_TIME: Duration = Duration::from_mins(1);
/// Domains of recipients that are counted each for itself; the rest is counted together.
const DOMAINS: usize = 1_000;

/// Counts since the start of the process.
#[derive(Debug, Default)]
pub struct Events {
    /// Messages made durable, one for each recipient.
    pub accepted: AtomicU64,
    /// Messages that had been accepted before (P6).
    pub duplicates: AtomicU64,
    /// Messages that we could not take for our own trouble, and were to be sent again.
    pub turned_away: AtomicU64,
    /// Posts whose last recipient was answered for.
    pub posts_done: AtomicU64,
    /// Of these, how many [`IN_TIME`].
    pub posts_done_in_time: AtomicU64,
    /// Recipients the relay took.
    pub delivered: AtomicU64,
    /// Times the relay asked us to try a recipient again.
    pub deferred: AtomicU64,
    /// Recipients it refused for good, or who were given up.
    pub failed: AtomicU64,
    /// From the last octet of a message to our answer.
    pub accept_latency: Histogram,
    /// From our answer to the last recipient's.
    pub delivery_latency: Histogram,
    judged: Mutex<BTreeMap<String, u64>>,
    replies: Mutex<BTreeMap<String, u64>>,
    destinations: Mutex<HashMap<String, Destination>>,
    doors: Mutex<HashMap<ListId, Doors>>,
}

/// What became of recipients in one domain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Destination {
    /// Taken by the relay.
    pub delivered: u64,
    /// To be tried again.
    pub deferred: u64,
    /// Refused for good, or given up.
    pub failed: u64,
}

/// What came in for one list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Doors {
    /// Through a door of ours.
    pub accepted: u64,
    /// Written by ourselves: notices, reports.
    pub born: u64,
}

impl Events {
    /// A message for `list` is durable.
    pub fn accepted(&self, list: &ListId) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        lock(&self.doors).entry(list.clone()).or_default().accepted += 1;
    }

    /// A canary for `list` is durable: it passed a door, and is no message of anybody.
    pub fn passed(&self, list: &ListId) {
        lock(&self.doors).entry(list.clone()).or_default().accepted += 1;
    }

    /// What [`Spool::put_with`](posthaste_spool::Spool::put_with) is to call for a notice or report of ours.
    pub fn born(self: &Arc<Self>, list: &ListId) -> impl FnOnce(bool) + Send + 'static {
        let (events, list) = (self.clone(), list.clone());
        move |new| {
            if new {
                lock(&events.doors).entry(list).or_default().born += 1;
            }
        }
    }

    /// The incoming runner is done with an entry.
    pub fn judged(&self, kind: Kind) {
        *lock(&self.judged).entry(kind.name().to_owned()).or_default() += 1;
    }

    /// The relay answered for these recipients, whose addresses come beside.
    pub fn answered<'a>(&self, results: impl Iterator<Item = (&'a Met, &'a str)>) {
        let (mut replies, mut destinations) = (lock(&self.replies), lock(&self.destinations));
        for ((_, fate, reply), address) in results {
            let class = class(*fate, reply);
            match replies.get_mut(class) {
                Some(count) => *count += 1,
                None => drop(replies.insert(class.to_owned(), 1)),
            }
            let destination = place(&mut destinations, address);
            let (total, own) = match fate {
                Fate::Delivered => (&self.delivered, &mut destination.delivered),
                Fate::Failed | Fate::Expired | Fate::Abandoned => (&self.failed, &mut destination.failed),
                Fate::Deferred | Fate::Refused | Fate::Unknown => (&self.deferred, &mut destination.deferred),
            };
            total.fetch_add(1, Ordering::Relaxed);
            *own += 1;
        }
    }

    /// The last recipient of a post that was accepted at `received` was answered for.
    pub fn post_done(&self, received: Timestamp, now: Timestamp) {
        let took = now.since(received);
        self.delivery_latency.observe(took);
        self.posts_done.fetch_add(1, Ordering::Relaxed);
        if took <= IN_TIME {
            self.posts_done_in_time.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often the incoming runner came to which end: `planned`, `held`, `rejected`, `discarded`, `done`.
    pub fn judgements(&self) -> BTreeMap<String, u64> {
        lock(&self.judged).clone()
    }

    /// The relay's answers by class: `2xx`, `4xx`, `5xx`, `none` if the connection broke.
    pub fn replies(&self) -> BTreeMap<String, u64> {
        lock(&self.replies).clone()
    }

    /// The `most` busiest domains of recipients, and `other` for the rest.
    pub fn destinations(&self, most: usize) -> BTreeMap<String, Destination> {
        let mut all: Vec<_> = lock(&self.destinations).iter().map(|(d, n)| (d.clone(), *n)).collect();
        all.sort_by_key(|(domain, n)| {
            (domain == OTHER, std::cmp::Reverse(n.delivered + n.deferred + n.failed))
        });
        let mut shown = BTreeMap::new();
        for (at, (domain, n)) in all.into_iter().enumerate() {
            let domain = if at < most { domain } else { OTHER.to_owned() };
            let sum: &mut Destination = shown.entry(domain).or_default();
            sum.delivered += n.delivered;
            sum.deferred += n.deferred;
            sum.failed += n.failed;
        }
        shown
    }

    /// What came in, by list.
    pub fn doors(&self) -> HashMap<ListId, Doors> {
        lock(&self.doors).clone()
    }
}

const OTHER: &str = "other";

fn place<'d>(destinations: &'d mut HashMap<String, Destination>, address: &str) -> &'d mut Destination {
    let domain = address.rsplit_once('@').map_or(OTHER, |(_, domain)| domain).to_ascii_lowercase();
    let full = destinations.len() >= DOMAINS && !destinations.contains_key(&domain);
    destinations.entry(if full { OTHER.to_owned() } else { domain }).or_default()
}

fn class(fate: Fate, reply: &str) -> &'static str {
    match (fate, reply.as_bytes().first()) {
        (Fate::Unknown, _) => "none",
        (_, Some(b'2')) => "2xx",
        (_, Some(b'4')) => "4xx",
        (_, Some(b'5')) => "5xx",
        _ => "none",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Counting leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_class_and_domain() {
        let events = Events::default();
        let met = |fate, reply: &str| (0, fate, reply.into());
        let results = [
            (met(Fate::Delivered, "250 ok"), "a@One.example"),
            (met(Fate::Deferred, "450 later"), "b@one.example"),
            (met(Fate::Failed, "550 no"), "c@two.example"),
            (met(Fate::Unknown, "connection lost"), "d@two.example"),
        ];
        events.answered(results.iter().map(|(met, address)| (met, *address)));
        let replies: Vec<_> = events.replies().into_iter().map(|(class, n)| format!("{class} {n}")).collect();
        assert_eq!(replies, ["2xx 1", "4xx 1", "5xx 1", "none 1"]);
        let one = Destination { delivered: 1, deferred: 1, failed: 0 };
        assert_eq!(events.destinations(5).get("one.example"), Some(&one));
        assert_eq!(events.deferred.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn series_of_domains_are_bounded() {
        let events = Events::default();
        let met = (0, Fate::Delivered, "250".into());
        for n in 0..3 * DOMAINS {
            let address = format!("x@d{n}.example");
            events.answered(std::iter::once((&met, address.as_str())));
        }
        let shown = events.destinations(10);
        assert_eq!(shown.len(), 11);
        assert_eq!(shown.values().map(|d| d.delivered).sum::<u64>(), 3 * DOMAINS as u64);
        assert!(lock(&events.destinations).len() <= DOMAINS + 1);
    }

    #[test]
    fn a_post_is_in_time_within_a_minute() {
        let events = Events::default();
        let t = Timestamp::from_micros(0);
        events.post_done(t, t.plus(IN_TIME));
        events.post_done(t, t.plus(IN_TIME + Duration::from_micros(1)));
        assert_eq!(events.posts_done.load(Ordering::Relaxed), 2);
        assert_eq!(events.posts_done_in_time.load(Ordering::Relaxed), 1);
    }
}
