//! What the rules must remember from one look to the next.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use posthaste_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Vitals;

/// Remembered between looks and over restarts. Times are steady (see [`Moment`](super::Moment)).
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// When there were vitals last.
    pub seen: Option<Timestamp>,
    /// When a dependency was last seen down.
    pub dependency_down: Option<Timestamp>,
    /// By task: how many deaths it had, and when the number grew last.
    pub restarts: BTreeMap<String, (u64, Timestamp)>,
    /// By way to reach people: how it does.
    pub paths: BTreeMap<String, PathHealth>,
    /// Late posts.
    pub burn: Burn,
}

/// How one way to reach people does.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct PathHealth {
    /// When something last got through.
    pub proved: Option<Timestamp>,
    /// Since when nothing does.
    pub broken: Option<Timestamp>,
    /// What was said last.
    pub error: Option<String>,
}

/// How many posts were done and how many of them late, in slots of five minutes over three days. What happened while
/// an incident was being told is left out: that lateness is known.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Burn {
    /// `[done, late]`, the newest last.
    slots: VecDeque<[u32; 2]>,
    /// The number of the newest slot since the epoch.
    newest: i64,
    /// The totals seen last.
    done: u64,
    in_time: u64,
}

/// A slot's length, seconds.
const SLOT: i64 = 300;
/// Slots kept: three days.
const SLOTS: usize = 864;

impl Memory {
    /// Takes note of these vitals. `told` says that members already know of a delay.
    pub(super) fn observe(&mut self, vitals: &Vitals, told: bool, now: Timestamp) {
        self.seen = Some(now);
        if vitals.dependencies.iter().any(|d| !d.up) {
            self.dependency_down = Some(now);
        }
        for task in &vitals.tasks {
            let known =
                self.restarts.entry(task.name.clone()).or_insert((task.restarts, Timestamp::default()));
            if task.restarts > known.0 {
                known.1 = now;
            }
            known.0 = task.restarts;
        }
        self.burn.observe(vitals.counters.posts_done, vitals.counters.posts_done_in_time, told, now);
    }

    /// True if a dependency is or was just down, so that late mail is explained by it.
    pub(super) fn explained(&self, now: Timestamp) -> bool {
        self.dependency_down.is_some_and(|down| now.since(down) <= Duration::from_mins(2))
    }
}

impl Burn {
    fn observe(&mut self, done: u64, in_time: u64, told: bool, now: Timestamp) {
        // Totals begin anew with the process.
        let (old_done, old_in_time) = if done < self.done { (0, 0) } else { (self.done, self.in_time) };
        (self.done, self.in_time) = (done, in_time);
        let slot = now.as_secs().div_euclid(SLOT);
        let gap = usize::try_from(slot - self.newest).unwrap_or(0);
        if gap > SLOTS {
            self.slots.clear();
        }
        for _ in 0..gap.clamp(usize::from(self.slots.is_empty()), SLOTS) {
            self.slots.push_back([0, 0]);
        }
        self.newest = self.newest.max(slot);
        while self.slots.len() > SLOTS {
            self.slots.pop_front();
        }
        let new = done - old_done;
        let late = new.saturating_sub(in_time.saturating_sub(old_in_time));
        if let Some([all, lates]) = self.slots.back_mut()
            && !told
        {
            *all = all.saturating_add(u32::try_from(new).unwrap_or(u32::MAX));
            *lates = lates.saturating_add(u32::try_from(late).unwrap_or(u32::MAX));
        }
    }

    /// Posts done and late over about the last `window`: the slot that is being filled and as many whole ones as fit.
    pub fn over(&self, window: Duration) -> (u64, u64) {
        let slots = usize::try_from(window.as_secs() / SLOT.unsigned_abs()).unwrap_or(SLOTS) + 1;
        self.slots
            .iter()
            .rev()
            .take(slots)
            .fold((0, 0), |(all, late), [a, l]| (all + u64::from(*a), late + u64::from(*l)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_micros(secs * 1_000_000)
    }

    #[test]
    fn windows_hold_what_happened_in_them() {
        let mut burn = Burn::default();
        burn.observe(0, 0, false, at(1_000_000));
        burn.observe(100, 90, false, at(1_000_001));
        burn.observe(200, 190, false, at(1_003_600));
        assert_eq!(burn.over(Duration::from_mins(5)), (100, 0));
        assert_eq!(burn.over(Duration::from_hours(1)), (200, 10));
    }

    #[test]
    fn what_members_were_told_of_is_left_out_and_a_restart_is_no_storm() {
        let mut burn = Burn::default();
        burn.observe(1000, 1000, false, at(0));
        burn.observe(1100, 1000, true, at(1));
        assert_eq!(burn.over(Duration::from_mins(5)).1, 0);
        burn.observe(3, 2, false, at(2));
        assert_eq!(burn.over(Duration::from_mins(5)).1, 1);
    }
}
