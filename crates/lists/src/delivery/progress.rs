//! Who has a post already: the state of each recipient, rebuilt from the entry's log and moved on by each transaction.
//!
//! A *round* offers every recipient that is still waiting once. When the last answer of a round is in, either nobody
//! waits any more and the entry is done, or it sleeps until the next round.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What became of one recipient, or of some.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// The relay took it.
    Delivered,
    /// Not now.
    Deferred,
    /// Never; this recipient is the reason.
    Failed,
    /// The post or we were refused, not the recipient: tried again, and never held against a member.
    Refused,
    /// The connection broke after the message was sent; nobody knows. Tried again: once too often beats never.
    Unknown,
    /// Given up: the recipient said "not now" for days.
    Expired,
    /// Given up: the post or we were refused for days. Never held against a member.
    Abandoned,
}

impl Fate {
    /// True if the recipient need not be tried again.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Expired | Self::Abandoned)
    }
}

/// One line of a `sent` record: these recipients met this fate with this reply.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// What became of them.
    pub fate: Fate,
    /// What the relay said.
    pub reply: String,
    /// Who: ranges of recipient numbers, first and last.
    pub who: Vec<(u32, u32)>,
}

impl Outcome {
    /// The recipients' numbers.
    pub fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        self.who.iter().flat_map(|(first, last)| *first as usize..=*last as usize)
    }
}

/// Folds single results into one [`Outcome`] for each fate and reply.
pub fn fold(results: &[Met]) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    for (index, fate, reply) in results {
        let index = *index as u32;
        let place =
            outcomes.iter().position(|o| o.fate == *fate && *o.reply == **reply).unwrap_or(outcomes.len());
        if place == outcomes.len() {
            outcomes.push(Outcome { fate: *fate, reply: reply.to_string(), who: vec![] });
        }
        let Some(outcome) = outcomes.get_mut(place) else { continue };
        match outcome.who.last_mut() {
            Some((_, last)) if *last + 1 == index => *last = index,
            _ => outcome.who.push((index, index)),
        }
    }
    outcomes
}

/// What became of one recipient: its number, its fate, what the relay said.
pub type Met = (usize, Fate, Arc<str>);

/// Some recipients to be offered together.
pub type Chunk = Vec<usize>;

/// What to do after an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// The round goes on.
    Round,
    /// The round is over and somebody still waits; `broken_only`: only for want of an answer.
    Again {
        /// Nobody said "not now": connections broke.
        broken_only: bool,
    },
    /// Nobody waits any more.
    Done,
}

/// The state of an entry's recipients.
#[derive(Debug)]
pub struct Progress {
    /// The last fate of each, if it has met one.
    fates: Vec<Option<Fate>>,
    /// The next recipient this round has not offered.
    cursor: usize,
    /// Taken to be offered, but whoever took them died: before all others.
    returned: Chunk,
    /// Offered, no answer yet.
    outstanding: usize,
    /// Rounds that ended with somebody waiting.
    pub rounds: u32,
}

impl Progress {
    /// Nobody has it.
    pub fn new(recipients: usize) -> Self {
        Self { fates: vec![None; recipients], cursor: 0, returned: vec![], outstanding: 0, rounds: 0 }
    }

    /// Takes over what a `sent` record says.
    pub fn replay(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            for index in outcome.indices() {
                self.set(index, outcome.fate);
            }
        }
    }

    /// Takes over that a round ended with somebody waiting.
    pub fn replay_round(&mut self) {
        self.rounds += 1;
        self.begin_round();
    }

    /// Makes whoever waits be offered again.
    pub fn begin_round(&mut self) {
        self.cursor = 0;
        self.returned.clear();
        for fate in &mut self.fates {
            if fate.is_some_and(|f| !f.is_final()) {
                *fate = None;
            }
        }
    }

    /// Up to `most` recipients that this round has not offered; `None` if it has offered all.
    pub fn take(&mut self, most: usize) -> Option<Chunk> {
        let mut chunk: Chunk = self.returned.drain(..most.min(self.returned.len())).collect();
        while chunk.len() < most {
            let Some(fate) = self.fates.get(self.cursor) else { break };
            if fate.is_none() {
                chunk.push(self.cursor);
            }
            self.cursor += 1;
        }
        self.outstanding += chunk.len();
        (!chunk.is_empty()).then_some(chunk)
    }

    /// Takes back recipients whose answers will never come; they are offered again.
    pub fn give_back(&mut self, chunk: &[usize]) {
        self.outstanding = self.outstanding.saturating_sub(chunk.len());
        let open = chunk.iter().copied().filter(|i| self.fates.get(*i).is_some_and(Option::is_none));
        self.returned.extend(open);
    }

    /// True if this round has offered everybody.
    pub fn all_offered(&self) -> bool {
        self.returned.is_empty()
            && self.fates.get(self.cursor..).is_none_or(|rest| rest.iter().all(Option::is_some))
    }

    /// Takes the answers for a chunk and says what comes next.
    pub fn answer(&mut self, results: &[Met]) -> Next {
        for (index, fate, _) in results {
            self.set(*index, *fate);
        }
        self.outstanding = self.outstanding.saturating_sub(results.len());
        self.next()
    }

    /// What comes next as things stand.
    pub fn next(&self) -> Next {
        if self.outstanding > 0 || !self.all_offered() {
            return Next::Round;
        }
        let mut waiting = self.fates.iter().flatten().filter(|f| !f.is_final()).peekable();
        if waiting.peek().is_none() {
            return Next::Done;
        }
        Next::Again { broken_only: waiting.all(|f| *f == Fate::Unknown) }
    }

    /// Who still waits.
    pub fn waiting(&self) -> Vec<usize> {
        let waits = |fate: &Option<Fate>| fate.is_none_or(|f| !f.is_final());
        self.fates.iter().enumerate().filter(|(_, f)| waits(f)).map(|(i, _)| i).collect()
    }

    /// The fate this recipient met last.
    pub fn fate(&self, index: usize) -> Option<Fate> {
        self.fates.get(index).copied().flatten()
    }

    /// How many have met `fate` last.
    pub fn count(&self, fate: Fate) -> usize {
        self.fates.iter().filter(|f| **f == Some(fate)).count()
    }

    fn set(&mut self, index: usize, fate: Fate) {
        if let Some(slot) = self.fates.get_mut(index) {
            *slot = Some(fate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(chunk: &[usize], fate: Fate) -> Vec<Met> {
        chunk.iter().map(|i| (*i, fate, "r".into())).collect()
    }

    #[test]
    fn a_round_offers_each_once_and_ends_with_the_last_answer() {
        let mut p = Progress::new(5);
        let a = p.take(3).unwrap();
        let b = p.take(3).unwrap();
        assert_eq!((a.as_slice(), b.as_slice(), p.take(3)), ([0, 1, 2].as_slice(), [3, 4].as_slice(), None));
        assert_eq!(p.answer(&all(&b, Fate::Delivered)), Next::Round);
        assert_eq!(p.answer(&all(&a, Fate::Delivered)), Next::Done);
    }

    #[test]
    fn who_was_deferred_is_offered_again_and_nobody_else() {
        let mut p = Progress::new(4);
        let c = p.take(10).unwrap();
        let mut results = all(&c, Fate::Delivered);
        results[1].1 = Fate::Deferred;
        results[2].1 = Fate::Failed;
        results[3].1 = Fate::Unknown;
        assert_eq!(p.answer(&results), Next::Again { broken_only: false });
        p.replay_round();
        assert_eq!(p.take(10).unwrap(), [1, 3]);
        assert_eq!(p.answer(&all(&[1], Fate::Delivered)), Next::Round);
        assert_eq!(p.answer(&all(&[3], Fate::Unknown)), Next::Again { broken_only: true });
    }

    #[test]
    fn p13_what_a_dead_worker_had_taken_is_offered_again_first() {
        let mut p = Progress::new(5);
        let a = p.take(2).unwrap();
        let b = p.take(9).unwrap();
        assert!(p.all_offered());
        p.give_back(&a);
        assert!(!p.all_offered());
        assert_eq!(p.answer(&all(&b, Fate::Delivered)), Next::Round);
        assert_eq!(p.take(9).unwrap(), a);
        assert_eq!(p.answer(&all(&a, Fate::Delivered)), Next::Done);
    }

    #[test]
    fn the_log_rebuilds_the_same_state() {
        let results = [
            (0, Fate::Delivered, "250 ok".into()),
            (1, Fate::Delivered, "250 ok".into()),
            (2, Fate::Deferred, "450 later".into()),
            (3, Fate::Delivered, "250 ok".into()),
        ];
        let outcomes = fold(&results);
        assert_eq!(outcomes.len(), 2);
        assert_eq!(outcomes[0].who, [(0, 1), (3, 3)]);
        let mut p = Progress::new(6);
        p.replay(&outcomes);
        p.begin_round();
        assert_eq!(p.take(10).unwrap(), [2, 4, 5]);
    }
}
