//! Who is told next while nobody answers (P30).

use posthaste_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::Policy;

/// How far one un-acknowledged page has climbed. Times are steady.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ladder {
    /// When the first rung was due; moved on by the time it rested.
    started: Timestamp,
    /// Rungs climbed.
    climbed: usize,
    /// When a rung was climbed last.
    last: Timestamp,
    /// Since when it rests, because the symptom is away.
    resting: Option<Timestamp>,
    /// The rung before reached nobody: the next is due at once.
    hurried: bool,
}

/// Rungs of the ladder.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rung {
    /// The first person.
    First,
    /// The second as well.
    Second,
    /// Everyone, and the owner of the suspected dependency.
    Everyone,
    /// The public as well.
    Public,
    /// All again.
    Again,
}

const RUNGS: [Rung; 4] = [Rung::First, Rung::Second, Rung::Everyone, Rung::Public];

impl Ladder {
    /// A ladder whose first rung is due now.
    pub fn begin(now: Timestamp) -> Self {
        Self { started: now, climbed: 0, last: now, resting: None, hurried: false }
    }

    /// The highest rung that is due, which is then climbed. After the last one everybody hears again and again.
    pub fn climb(&mut self, policy: &Policy, now: Timestamp) -> Option<Rung> {
        if self.resting.is_some() {
            return None;
        }
        let mut due = (self.climbed..RUNGS.len()).rev().find(|rung| now >= self.when(policy, *rung));
        if due.is_none() && self.hurried && self.climbed < RUNGS.len() {
            due = Some(self.climbed);
        }
        self.hurried = false;
        let rung = match due {
            Some(index) => {
                self.climbed = index + 1;
                RUNGS.get(index).copied()
            }
            None if now.since(self.last) >= policy.repeat => Some(Rung::Again),
            None => None,
        };
        if rung.is_some() {
            self.last = now;
        }
        rung
    }

    /// The symptom is away: nobody is told while it is.
    pub fn rest(&mut self, now: Timestamp) {
        self.resting.get_or_insert(now);
    }

    /// It is back: the ladder goes on where it was.
    pub fn resume(&mut self, now: Timestamp) {
        if let Some(since) = self.resting.take() {
            self.started = self.started.plus(now.since(since));
        }
    }

    /// Nobody was reached: do not wait.
    pub fn hurry(&mut self) {
        self.hurried = true;
    }

    /// Up to which step contacts have been told.
    pub fn step(&self) -> u8 {
        u8::try_from(self.climbed.clamp(1, 3)).unwrap_or(3)
    }

    /// True once the public is told.
    pub fn is_public(&self) -> bool {
        self.climbed >= RUNGS.len()
    }

    /// What comes next, and when.
    pub fn next(&self, policy: &Policy) -> (Rung, Timestamp) {
        let again = self.last.plus(policy.repeat);
        match RUNGS.get(self.climbed) {
            Some(rung) if self.when(policy, self.climbed) <= again => {
                (*rung, self.when(policy, self.climbed))
            }
            _ => (Rung::Again, again),
        }
    }

    fn when(&self, policy: &Policy, rung: usize) -> Timestamp {
        match RUNGS.get(rung) {
            Some(Rung::Second) => self.started.plus(policy.second_after),
            Some(Rung::Everyone) => self.started.plus(policy.everyone_after),
            Some(Rung::Public) => self.started.plus(policy.public_after),
            _ => self.started,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn minute(n: u64) -> Timestamp {
        Timestamp::default().plus(Duration::from_mins(n))
    }

    #[test]
    fn the_rungs_of_four_hours() {
        let policy = Policy::default();
        let mut ladder = Ladder::begin(minute(0));
        let climbed: Vec<_> =
            (0..=240).filter_map(|m| ladder.climb(&policy, minute(m)).map(|rung| (m, rung))).collect();
        let rungs = [
            (0, Rung::First),
            (10, Rung::Second),
            (30, Rung::Everyone),
            (60, Rung::Public),
            (120, Rung::Again),
            (180, Rung::Again),
            (240, Rung::Again),
        ];
        assert_eq!(climbed, rungs);
    }

    #[test]
    fn it_rests_while_the_symptom_is_away() {
        let policy = Policy::default();
        let mut ladder = Ladder::begin(minute(0));
        assert_eq!(ladder.climb(&policy, minute(0)), Some(Rung::First));
        ladder.rest(minute(5));
        assert_eq!(ladder.climb(&policy, minute(20)), None);
        ladder.resume(minute(25));
        assert_eq!(ladder.climb(&policy, minute(29)), None);
        assert_eq!(ladder.climb(&policy, minute(30)), Some(Rung::Second));
    }

    #[test]
    fn after_a_pause_of_the_whole_server_it_skips_to_the_highest_rung_due() {
        let policy = Policy::default();
        let mut ladder = Ladder::begin(minute(0));
        ladder.climb(&policy, minute(0));
        assert_eq!(ladder.climb(&policy, minute(35)), Some(Rung::Everyone));
        assert_eq!(ladder.climb(&policy, minute(36)), None);
        assert_eq!(ladder.next(&policy), (Rung::Public, minute(60)));
    }

    #[test]
    fn whoever_cannot_be_reached_is_not_waited_for() {
        let policy = Policy::default();
        let mut ladder = Ladder::begin(minute(0));
        ladder.climb(&policy, minute(0));
        ladder.hurry();
        assert_eq!(ladder.climb(&policy, minute(1)), Some(Rung::Second));
        assert_eq!(ladder.climb(&policy, minute(1)), None);
    }
}
