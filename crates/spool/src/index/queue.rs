use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use posthaste_model::{EntryId, Timestamp};

use super::{Place, Pulse};

/// An entry is fresh for so long, in microseconds. While older ones wait, every other lease is for a fresh one, so that a
/// backlog and what comes in meanwhile each get half (P23).
const FRESH: i64 = 60_000_000;
/// So many fresh entries are looked at for one of a list that is not passed over.
const LOOK: usize = 256;

/// The entries that wait for one stage.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Per list, what may be leased: fewest failed attempts first, then oldest first.
    ready: HashMap<u32, BTreeSet<(u16, EntryId)>>,
    /// Lists with something ready, in the order of their turns.
    turns: VecDeque<u32>,
    /// What is ready and has not slept, by the time it became due, with its list. The fresh ones are at the end.
    awake: BTreeMap<(i64, EntryId), u32>,
    /// Leases given out.
    given: u64,
    /// What sleeps, by the time it wakes.
    delayed: BTreeSet<(i64, EntryId)>,
    /// What is ready or leased, by the time it became due.
    due: BTreeSet<(i64, EntryId)>,
    leased: usize,
    pub(super) paused: bool,
    weight: u64,
    weight_due: u64,
    /// Entries that have left.
    pub(super) left: u64,
    /// Weight that has been taken off.
    pub(super) worked: u64,
}

impl Queue {
    /// Adds weight (or takes some away) that lies at this place.
    pub(super) fn weigh(&mut self, place: Place, more: i64) {
        self.weight = self.weight.saturating_add_signed(more);
        if !matches!(place, Place::Delayed { .. }) {
            self.weight_due = self.weight_due.saturating_add_signed(more);
        }
    }

    /// What is due or being worked on, the oldest first; and then what sleeps.
    pub(super) fn ids(&self) -> (Vec<EntryId>, Vec<EntryId>) {
        let ids = |set: &BTreeSet<(i64, EntryId)>| set.iter().map(|(_, id)| *id).collect();
        (ids(&self.due), ids(&self.delayed))
    }

    pub(super) fn enter(&mut self, id: EntryId, list: u32, attempts: u16, place: Place) {
        match place {
            Place::Delayed { due } => {
                self.delayed.insert((due, id));
            }
            Place::Ready { since } => {
                self.due.insert((since, id));
                self.awake.insert((since, id), list);
                let ready = self.ready.entry(list).or_default();
                if ready.is_empty() {
                    self.turns.push_back(list);
                }
                ready.insert((attempts, id));
            }
            Place::Leased { since, .. } => {
                self.due.insert((since, id));
                self.leased += 1;
                self.given += 1;
            }
        }
    }

    pub(super) fn leave(&mut self, id: EntryId, list: u32, attempts: u16, place: Place) {
        match place {
            Place::Delayed { due } => {
                self.delayed.remove(&(due, id));
            }
            Place::Ready { since } => {
                self.due.remove(&(since, id));
                self.awake.remove(&(since, id));
                let Some(ready) = self.ready.get_mut(&list) else { return };
                ready.remove(&(attempts, id));
                if ready.is_empty() {
                    self.ready.remove(&list);
                    self.end_turns(list);
                } else if self.turns.front() == Some(&list) {
                    self.turns.rotate_left(1);
                } else if let Some(at) = self.turns.iter().position(|turn| *turn == list) {
                    // Others were passed over and keep their places.
                    self.turns.remove(at);
                    self.turns.push_back(list);
                }
            }
            Place::Leased { since, .. } => {
                self.due.remove(&(since, id));
                self.leased -= 1;
            }
        }
    }

    fn end_turns(&mut self, list: u32) {
        if self.turns.front() == Some(&list) {
            self.turns.pop_front();
        } else {
            self.turns.retain(|turn| *turn != list);
        }
    }

    /// It has slept: it is not new, however late it became due.
    pub(super) fn has_slept(&mut self, id: EntryId, since: i64) {
        self.awake.remove(&(since, id));
    }

    /// Whose turn it is, lists that are to be passed over apart. Its leaving the ready ends the turn of its list.
    pub(super) fn next(&self, pass_over: &[u32], now: i64) -> Option<EntryId> {
        let backlog = self.due.first().is_some_and(|(since, _)| *since < now - FRESH);
        if backlog && self.given % 2 == 1 {
            let mut fresh = self.awake.range((now - FRESH, EntryId::new(uuid::Uuid::nil()))..).take(LOOK);
            if let Some(((_, id), _)) = fresh.find(|(_, list)| !pass_over.contains(list)) {
                return Some(*id);
            }
        }
        let list = self.turns.iter().find(|list| !pass_over.contains(list))?;
        self.ready.get(list)?.first().map(|(_, id)| *id)
    }

    pub(super) fn first_delayed(&self) -> Option<(i64, EntryId)> {
        self.delayed.first().copied()
    }

    pub(super) fn next_due(&self) -> Option<i64> {
        self.delayed.first().map(|(due, _)| *due)
    }

    pub(super) fn pulse(&self, now: i64, wall: Timestamp) -> Pulse {
        let oldest_due = self.due.first().map(|(since, _)| {
            wall.minus(Duration::from_micros(u64::try_from(now.saturating_sub(*since)).unwrap_or(0)))
        });
        Pulse {
            depth: self.due.len() + self.delayed.len(),
            due: self.due.len() - self.leased,
            leased: self.leased,
            oldest_due,
            paused: self.paused,
            weight: self.weight,
            weight_due: self.weight_due,
            left: self.left,
            worked: self.worked,
        }
    }
}
