//! Who has a post already: the state of each recipient, rebuilt from the entry's log and moved on by each transaction.
//!
//! A *round* offers every recipient that is still waiting once. When the last answer of a round is in, either nobody
//! waits any more and the entry is done, or it sleeps until the next round.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Lane;

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
    /// The round is over, and only recipients whose destination rests still wait.
    Rest,
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
    /// The relay was silent about some of these: offered a few at a time, each destination for itself.
    suspects: Chunk,
    /// So few.
    few: usize,
    /// Passed over in this round: their destinations are slow.
    slow: Chunk,
    /// Passed over in this round: their destinations rest.
    resting: Chunk,
    /// Offered, no answer yet.
    outstanding: usize,
    /// Rounds that ended with somebody waiting.
    pub rounds: u32,
}

impl Progress {
    /// Nobody has it.
    pub fn new(recipients: usize) -> Self {
        Self {
            fates: vec![None; recipients],
            cursor: 0,
            returned: vec![],
            suspects: vec![],
            few: 1,
            slow: vec![],
            resting: vec![],
            outstanding: 0,
            rounds: 0,
        }
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
        for passed_over in [&mut self.returned, &mut self.suspects, &mut self.slow, &mut self.resting] {
            passed_over.clear();
        }
        for fate in &mut self.fates {
            if fate.is_some_and(|f| !f.is_final()) {
                *fate = None;
            }
        }
    }

    /// Up to `most` recipients that this round has not offered and that go at once; `None` if there are none. `lane` says
    /// of each recipient how it is offered.
    pub fn take(&mut self, most: usize, lane: &dyn Fn(usize) -> Lane) -> Option<Chunk> {
        let mut chunk = Chunk::new();
        let returned: Chunk = self.returned.drain(..most.min(self.returned.len())).collect();
        for index in returned {
            self.sort(index, lane(index), &mut chunk);
        }
        while chunk.len() < most {
            let Some(fate) = self.fates.get(self.cursor) else { break };
            if fate.is_none() {
                self.sort(self.cursor, lane(self.cursor), &mut chunk);
            }
            self.cursor += 1;
        }
        self.taken(chunk)
    }

    /// Up to `most` of those that were passed over because they are slow, all of one destination; `None` if there are none.
    pub fn take_slow<'a>(
        &mut self,
        most: usize,
        lane: &dyn Fn(usize) -> Lane,
        domain: &dyn Fn(usize) -> &'a str,
    ) -> Option<Chunk> {
        let mut chunk = Chunk::new();
        // Suspects of destinations that are not known to be slow have the best chances.
        for (suspects, first) in [(true, true), (true, false), (false, false)] {
            let (from, most) =
                if suspects { (&mut self.suspects, self.few.min(most)) } else { (&mut self.slow, most) };
            let mut of = None;
            for index in std::mem::take(from) {
                let same = of.is_none_or(|of: &str| of.eq_ignore_ascii_case(domain(index)));
                let lane = lane(index);
                if lane == Lane::Rest {
                    self.resting.push(index);
                } else if same && chunk.len() < most && !(first && lane == Lane::Slow) {
                    of = Some(domain(index));
                    chunk.push(index);
                } else {
                    from.push(index);
                }
            }
            if !chunk.is_empty() {
                break;
            }
        }
        self.taken(chunk)
    }

    fn sort(&mut self, index: usize, lane: Lane, chunk: &mut Chunk) {
        match lane {
            Lane::Go => chunk.push(index),
            Lane::Slow => self.slow.push(index),
            Lane::Rest => self.resting.push(index),
        }
    }

    fn taken(&mut self, chunk: Chunk) -> Option<Chunk> {
        self.outstanding += chunk.len();
        (!chunk.is_empty()).then_some(chunk)
    }

    /// Takes back recipients about some of whom the relay was silent: they are offered again in smaller pieces, each
    /// destination for itself, until it shows whom it is silent about.
    pub fn suspect(&mut self, chunk: &[usize]) {
        self.outstanding = self.outstanding.saturating_sub(chunk.len());
        self.few = (chunk.len() / 4).max(1);
        self.suspects.extend_from_slice(chunk);
    }

    /// Offers again in this round whom `lane` does not let rest any more. False if all of them rest.
    pub fn rouse(&mut self, lane: &dyn Fn(usize) -> Lane) -> bool {
        let (rest, roused): (Chunk, Chunk) =
            std::mem::take(&mut self.resting).into_iter().partition(|index| lane(*index) == Lane::Rest);
        self.resting = rest;
        let any = !roused.is_empty();
        self.returned.extend(roused);
        any
    }

    /// Recipients that were passed over in this round because their destinations rest.
    pub fn resting(&self) -> usize {
        self.resting.len()
    }

    /// True if this round has not offered everybody who may go at once.
    pub fn has_go(&self) -> bool {
        !self.returned.is_empty()
            || self.fates.get(self.cursor..).is_some_and(|rest| rest.iter().any(Option::is_none))
    }

    /// Takes back recipients whose answers will never come; they are offered again.
    pub fn give_back(&mut self, chunk: &[usize]) {
        self.outstanding = self.outstanding.saturating_sub(chunk.len());
        let open = chunk.iter().copied().filter(|i| self.fates.get(*i).is_some_and(Option::is_none));
        self.returned.extend(open);
    }

    /// True if this round has offered everybody who does not rest.
    pub fn all_offered(&self) -> bool {
        self.suspects.is_empty() && self.slow.is_empty() && !self.has_go()
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
            return if self.resting.is_empty() { Next::Done } else { Next::Rest };
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

    fn go(_: usize) -> Lane {
        Lane::Go
    }

    fn all(chunk: &[usize], fate: Fate) -> Vec<Met> {
        chunk.iter().map(|i| (*i, fate, "r".into())).collect()
    }

    #[test]
    fn a_round_offers_each_once_and_ends_with_the_last_answer() {
        let mut p = Progress::new(5);
        let a = p.take(3, &go).unwrap();
        let b = p.take(3, &go).unwrap();
        assert_eq!(
            (a.as_slice(), b.as_slice(), p.take(3, &go)),
            ([0, 1, 2].as_slice(), [3, 4].as_slice(), None)
        );
        assert_eq!(p.answer(&all(&b, Fate::Delivered)), Next::Round);
        assert_eq!(p.answer(&all(&a, Fate::Delivered)), Next::Done);
    }

    #[test]
    fn who_was_deferred_is_offered_again_and_nobody_else() {
        let mut p = Progress::new(4);
        let c = p.take(10, &go).unwrap();
        let mut results = all(&c, Fate::Delivered);
        results[1].1 = Fate::Deferred;
        results[2].1 = Fate::Failed;
        results[3].1 = Fate::Unknown;
        assert_eq!(p.answer(&results), Next::Again { broken_only: false });
        p.replay_round();
        assert_eq!(p.take(10, &go).unwrap(), [1, 3]);
        assert_eq!(p.answer(&all(&[1], Fate::Delivered)), Next::Round);
        assert_eq!(p.answer(&all(&[3], Fate::Unknown)), Next::Again { broken_only: true });
    }

    #[test]
    fn p13_what_a_dead_worker_had_taken_is_offered_again_first() {
        let mut p = Progress::new(5);
        let a = p.take(2, &go).unwrap();
        let b = p.take(9, &go).unwrap();
        assert!(p.all_offered());
        p.give_back(&a);
        assert!(!p.all_offered());
        assert_eq!(p.answer(&all(&b, Fate::Delivered)), Next::Round);
        assert_eq!(p.take(9, &go).unwrap(), a);
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
        assert_eq!(p.take(10, &go).unwrap(), [2, 4, 5]);
    }

    #[test]
    fn p12_whom_the_relay_is_silent_about_is_found_in_few_steps() {
        // 0 to 7 are at a.x but 3 and 5, which are at b.x; the relay is silent about 5.
        let domain = |i: usize| if i == 3 || i == 5 { "b.x" } else { "A.x" };
        let mut p = Progress::new(9);
        let first = p.take(8, &go).unwrap();
        p.suspect(&first);
        assert!(p.has_go() && !p.all_offered(), "others are not held up");
        assert_eq!(p.take(8, &go).unwrap(), [8]);
        let (mut silent, mut pieces) = (vec![], 0);
        while let Some(piece) = p.take_slow(50, &go, &domain) {
            pieces += 1;
            assert!(piece.iter().all(|i| domain(*i) == domain(piece[0])), "{piece:?}");
            if !piece.contains(&5) {
                p.answer(&all(&piece, Fate::Delivered));
            } else if piece.len() > 1 {
                p.suspect(&piece);
            } else {
                silent.push(piece[0]);
                p.answer(&all(&piece, Fate::Deferred));
            }
        }
        assert_eq!((silent, pieces), (vec![5], 7));
        assert_eq!(p.answer(&all(&[8], Fate::Delivered)), Next::Again { broken_only: false });
    }

    #[test]
    fn p12_slow_recipients_wait_for_their_lane_and_end_the_round_with_the_others() {
        let lane = |i: usize| if i < 3 { Lane::Slow } else { Lane::Go };
        let mut p = Progress::new(5);
        assert_eq!(p.take(9, &lane).unwrap(), [3, 4]);
        assert!(p.take(9, &lane).is_none() && !p.has_go());
        assert_eq!(p.answer(&all(&[3, 4], Fate::Delivered)), Next::Round, "the slow ones are still to come");
        assert_eq!(p.take_slow(2, &lane, &|_| "a.x").unwrap(), [0, 1]);
        p.give_back(&[0]);
        assert_eq!(p.answer(&all(&[1], Fate::Delivered)), Next::Round);
        assert!(p.take(9, &lane).is_none(), "it is still slow");
        assert_eq!(p.take_slow(9, &lane, &|_| "a.x").unwrap(), [2, 0]);
        assert_eq!(p.answer(&all(&[0, 2], Fate::Delivered)), Next::Done);
    }

    #[test]
    fn who_rests_is_neither_offered_nor_given_up() {
        let rests = |i: usize| if i == 1 { Lane::Rest } else { Lane::Go };
        let mut p = Progress::new(3);
        assert_eq!(p.take(9, &rests).unwrap(), [0, 2]);
        assert_eq!(p.answer(&all(&[0, 2], Fate::Delivered)), Next::Rest);
        assert!(!p.rouse(&rests));
        assert_eq!((p.resting(), p.waiting()), (1, vec![1]));
        assert!(p.rouse(&go));
        assert_eq!(p.take(9, &go).unwrap(), [1]);
        assert_eq!(p.answer(&all(&[1], Fate::Delivered)), Next::Done);
    }
}
