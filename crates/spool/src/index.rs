//! The spool in memory: which entry waits for what. No I/O, no clock: times come in, in microseconds of the monotonic
//! clock (negative for what waited before this process began).

pub(crate) mod books;
mod queue;

use std::collections::{BTreeMap, HashMap};

use posthaste_model::{EntryId, ListId, Stage, Timestamp};

use crate::entry::Then;
use books::{Book, Books, Came, Went};
use queue::Queue;

/// How a stage is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// Entries that wait for the stage, now or later, leased ones included.
    pub depth: usize,
    /// Entries due now and not leased.
    pub due: usize,
    /// Entries being worked on.
    pub leased: usize,
    /// When the oldest entry that is due or leased became due, wall time.
    pub oldest_due: Option<Timestamp>,
    /// True if nothing is leased out until someone resumes the stage.
    pub paused: bool,
    /// The weights of these entries together: recipients who wait, for entries that are planned.
    pub weight: u64,
    /// Of this, the weight of those that are due or leased.
    pub weight_due: u64,
    /// Entries that have left the stage since the spool was opened.
    pub left: u64,
    /// Weight that has been taken off entries at the stage since then.
    pub worked: u64,
}

/// One entry.
#[derive(Debug)]
pub(crate) struct Slot {
    list: u32,
    /// Recipients who wait, as its workers say.
    weight: u32,
    /// How the end of its file is known.
    pub(crate) file: FileEnd,
    waits: Vec<Wait>,
}

/// What is known of the end of an entry's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileEnd {
    /// Octets that are acknowledged.
    pub(crate) length: u64,
    /// The number of the next record.
    pub(crate) next: u16,
    pub(crate) state: EndState,
}

/// What may follow the acknowledged octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndState {
    /// Nothing.
    Clean,
    /// An unfinished record: cut it off before the next one.
    Torn,
    /// A record whose sync failed: the system may call its pages clean though they never reached the disk, so a
    /// second sync proves nothing. The file must be written anew.
    Abandoned,
}

#[derive(Debug)]
struct Wait {
    stage: Stage,
    /// Leases that ended without an event.
    attempts: u16,
    place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Delayed { due: i64 },
    Ready { since: i64 },
    Leased { since: i64, lease: Lease },
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    token: u32,
    /// Records on their way to the disk.
    pending: u16,
    /// True once its holder let go.
    dropped: bool,
    /// True once it recorded an event.
    moved: bool,
    /// Until when the entry rests once it is let go of.
    due: Option<i64>,
}

/// A lease as given out.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) id: EntryId,
    pub(crate) list: ListId,
    pub(crate) attempts: u16,
    pub(crate) token: u32,
}

/// Who records: a lease, or an administrator on behalf of a stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct By {
    pub(crate) stage: Stage,
    pub(crate) token: Option<u32>,
}

/// An event as the index sees it, times resolved.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) by: By,
    pub(crate) then: Then,
    /// For `Then::Again`: when it is due.
    pub(crate) due: i64,
    pub(crate) also: Vec<Stage>,
}

/// Why a file was left where it is.
#[derive(Debug, Clone)]
pub(crate) struct LeftAlone {
    pub(crate) why: String,
    /// True if reading it may work later.
    pub(crate) again: bool,
}

/// A stage to wait for, as found in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) stage: Stage,
    pub(crate) since: i64,
    pub(crate) due: Option<i64>,
}

/// How an entry arrives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) came: Came,
    pub(crate) weight: u32,
    /// Now, on the monotonic clock.
    pub(crate) now: i64,
}

/// Entries whose files were gone that are remembered by name.
const VANISHED: usize = 100;

#[derive(Debug, Default)]
pub(crate) struct Index {
    slots: HashMap<EntryId, Slot>,
    lists: Vec<ListId>,
    numbers: HashMap<ListId, u32>,
    queues: [Queue; Stage::ALL.len()],
    tokens: u32,
    books: Books,
    /// The last entries whose files were gone.
    vanished: Vec<(EntryId, ListId)>,
    /// Lists that rest, by number: nothing of theirs is leased for any stage.
    resting: Vec<u32>,
    /// What is in quarantine, since when, and the number of its list.
    pub(crate) quarantined: BTreeMap<EntryId, (Timestamp, u32)>,
    /// Files that were left alone, and why.
    pub(crate) left_alone: BTreeMap<EntryId, LeftAlone>,
}

impl Index {
    /// Takes in an entry. One that is there already stays as it is.
    pub(crate) fn insert(
        &mut self,
        id: EntryId,
        list: &ListId,
        file: FileEnd,
        found: &[Found],
        arrival: Arrival,
    ) {
        if self.slots.contains_key(&id) {
            return;
        }
        let list = self.number(list);
        let Arrival { mut came, weight, now } = arrival;
        if let Some(at) = self.vanished.iter().position(|(gone, _)| *gone == id) {
            self.vanished.remove(at);
            came = Came::Returned;
        }
        self.books.of(list).came(came);
        self.slots.insert(id, Slot { list, weight, file, waits: Vec::with_capacity(found.len()) });
        for f in found {
            let place = match f.due {
                Some(due) if due > now => Place::Delayed { due },
                Some(due) => Place::Ready { since: due },
                None => Place::Ready { since: f.since },
            };
            self.enter(id, f.stage, 0, place);
        }
    }

    pub(crate) fn contains(&self, id: EntryId) -> bool {
        self.slots.contains_key(&id)
    }

    pub(crate) fn file(&self, id: EntryId) -> Option<FileEnd> {
        self.slots.get(&id).map(|slot| slot.file)
    }

    pub(crate) fn set_file(&mut self, id: EntryId, file: FileEnd) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.file = file;
        }
    }

    /// Forgets an entry. Leases on it are over.
    pub(crate) fn remove(&mut self, id: EntryId, went: Went) {
        let stages: Vec<Stage> =
            self.slots.get(&id).into_iter().flat_map(|s| &s.waits).map(|w| w.stage).collect();
        for stage in stages {
            self.leave(id, stage);
        }
        let Some(slot) = self.slots.remove(&id) else { return };
        self.books.of(slot.list).went(went);
        if went == Went::Vanished {
            let list = self.lists.get(slot.list as usize).cloned().unwrap_or_else(|| ListId::new(""));
            self.vanished.push((id, list));
            let spare = self.vanished.len().saturating_sub(VANISHED);
            self.vanished.drain(..spare);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Gives out a lease, or says when to ask again (`None`: when something changes).
    /// Entries of the lists in `pass_over` are left where they are.
    pub(crate) fn take(
        &mut self,
        stage: Stage,
        now: i64,
        pass_over: &[ListId],
    ) -> Result<Granted, Option<i64>> {
        self.wake(stage, now);
        let pass_over = pass_over.iter().filter_map(|list| self.numbers.get(list).copied());
        let pass_over: Vec<u32> = pass_over.chain(self.resting.iter().copied()).collect();
        let queue = self.queue(stage);
        if queue.paused {
            return Err(None);
        }
        let Some(id) = queue.next(&pass_over, now) else { return Err(queue.next_due()) };
        self.tokens = self.tokens.wrapping_add(1);
        let token = self.tokens;
        let (attempts, since) = match self.leave(id, stage) {
            Some(Wait { attempts, place: Place::Ready { since }, .. }) => (attempts, since),
            _ => (0, now),
        };
        let lease = Lease { token, pending: 0, dropped: false, moved: false, due: None };
        self.enter(id, stage, attempts, Place::Leased { since, lease });
        let list = self.list(id);
        Ok(Granted { id, list, attempts, token })
    }

    /// The holder let go of its lease. Unless it recorded that it has left, the entry rests until `due`, if that is said.
    pub(crate) fn drop_lease(&mut self, id: EntryId, stage: Stage, token: u32, due: Option<i64>) {
        if let Some(lease) = self.lease(id, By { stage, token: Some(token) }) {
            lease.dropped = true;
            lease.due = due;
            self.settle(id, stage);
        }
    }

    /// A record is on its way; false if the lease is over.
    pub(crate) fn begin_record(&mut self, id: EntryId, by: By) -> bool {
        match by.token {
            None => self.contains(id),
            Some(_) => match self.lease(id, by) {
                Some(lease) => {
                    lease.pending += 1;
                    true
                }
                None => false,
            },
        }
    }

    /// A record failed; nothing changed but that it is no longer on its way.
    pub(crate) fn abort_record(&mut self, id: EntryId, by: By) {
        if let Some(lease) = self.lease(id, by) {
            lease.pending -= 1;
            self.settle(id, by.stage);
        }
    }

    /// A record is durable. True if the entry now waits for nothing.
    pub(crate) fn apply(&mut self, id: EntryId, change: &Change, now: i64) -> bool {
        if let Some(lease) = self.lease(id, change.by) {
            lease.pending -= 1;
            lease.moved = true;
        }
        let stage = change.by.stage;
        match change.then {
            Then::Stay => {}
            Then::Leave => {
                if self.leave(id, stage).is_some() {
                    self.queue(stage).left += 1;
                }
            }
            Then::Again { .. } => {
                // An administrator makes due what sleeps, and takes nothing out of anyone's hands.
                let asleep = matches!(self.wait(id, stage), Some(Wait { place: Place::Delayed { .. }, .. }));
                if (change.by.token.is_some() || asleep) && self.leave(id, stage).is_some() {
                    let due = change.due;
                    let place = if due > now { Place::Delayed { due } } else { Place::Ready { since: due } };
                    self.enter(id, stage, 0, place);
                }
            }
        }
        for &also in &change.also {
            if self.wait(id, also).is_none() {
                self.enter(id, also, 0, Place::Ready { since: now });
            }
        }
        self.settle(id, stage);
        self.slots.get(&id).is_some_and(|slot| slot.waits.is_empty())
    }

    /// The stages of an entry that sleep.
    pub(crate) fn delayed(&self, id: EntryId) -> Vec<Stage> {
        let waits = self.slots.get(&id).into_iter().flat_map(|slot| &slot.waits);
        waits.filter(|w| matches!(w.place, Place::Delayed { .. })).map(|w| w.stage).collect()
    }

    pub(crate) fn pause(&mut self, stage: Stage, paused: bool) {
        self.queue(stage).paused = paused;
    }

    /// Lets a list rest, or go on.
    pub(crate) fn rest(&mut self, list: &ListId, rests: bool) {
        let number = self.number(list);
        self.resting.retain(|resting| *resting != number);
        if rests {
            self.resting.push(number);
        }
    }

    /// The lists that rest.
    pub(crate) fn resting(&self) -> Vec<ListId> {
        let list = |number: &u32| self.lists.get(*number as usize).cloned();
        self.resting.iter().filter_map(list).collect()
    }

    /// How the stage is doing at `now`, which is `wall` in wall time.
    pub(crate) fn pulse(&mut self, stage: Stage, now: i64, wall: Timestamp) -> Pulse {
        self.wake(stage, now);
        self.queue(stage).pulse(now, wall)
    }

    /// Moves what has become due from the sleepers to the ready.
    fn wake(&mut self, stage: Stage, now: i64) {
        while let Some((due, id)) = self.queue(stage).first_delayed().filter(|(due, _)| *due <= now) {
            let attempts = self.leave(id, stage).map_or(0, |w| w.attempts);
            self.enter(id, stage, attempts, Place::Ready { since: due });
            self.queue(stage).has_slept(id, due);
        }
    }

    /// If the lease on this stage was dropped and nothing of it is on its way, the stage is ready again.
    fn settle(&mut self, id: EntryId, stage: Stage) {
        let Some(Wait { attempts, place: Place::Leased { since, lease }, .. }) = self.wait(id, stage) else {
            return;
        };
        if lease.dropped && lease.pending == 0 {
            let attempts = if lease.moved { 0 } else { attempts.saturating_add(1) };
            let place = lease.due.map_or(Place::Ready { since: *since }, |due| Place::Delayed { due });
            self.leave(id, stage);
            self.enter(id, stage, attempts, place);
        }
    }

    fn enter(&mut self, id: EntryId, stage: Stage, attempts: u16, place: Place) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        slot.waits.push(Wait { stage, attempts, place });
        let (list, weight) = (slot.list, slot.weight);
        if let Some(depth) = self.books.of(list).depth.get_mut(stage.index()) {
            *depth += 1;
        }
        self.queue(stage).weigh(place, i64::from(weight));
        self.queue(stage).enter(id, list, attempts, place);
    }

    fn leave(&mut self, id: EntryId, stage: Stage) -> Option<Wait> {
        let slot = self.slots.get_mut(&id)?;
        let at = slot.waits.iter().position(|w| w.stage == stage)?;
        let wait = slot.waits.swap_remove(at);
        let (list, weight) = (slot.list, slot.weight);
        if let Some(depth) = self.books.of(list).depth.get_mut(stage.index()) {
            *depth = depth.saturating_sub(1);
        }
        self.queue(stage).weigh(wait.place, -i64::from(weight));
        self.queue(stage).leave(id, list, wait.attempts, wait.place);
        Some(wait)
    }

    /// Sets how heavy an entry is.
    pub(crate) fn weigh(&mut self, id: EntryId, weight: u32) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let more = i64::from(weight) - i64::from(slot.weight);
        slot.weight = weight;
        let places: Vec<_> = slot.waits.iter().map(|w| (w.stage, w.place)).collect();
        for (stage, place) in places {
            self.queue(stage).weigh(place, more);
        }
    }

    /// Makes an entry lighter: so much of its work at this stage is done.
    pub(crate) fn lighten(&mut self, id: EntryId, stage: Stage, by: u32) {
        let Some(slot) = self.slots.get(&id) else { return };
        let by = by.min(slot.weight);
        let weight = slot.weight - by;
        self.weigh(id, weight);
        self.queue(stage).worked += u64::from(by);
    }

    /// What came and went, by list.
    pub(crate) fn books(&self) -> Vec<(ListId, Book)> {
        self.books.by_list(&self.lists)
    }

    /// How many lists wait for one of these stages.
    pub(crate) fn lists_waiting(&self, stages: &[Stage]) -> usize {
        self.books.waiting(stages)
    }

    pub(crate) fn vanished(&self) -> Vec<(EntryId, ListId)> {
        self.vanished.clone()
    }

    /// Takes an entry whose file was gone off the books: a person says that it is lost. False if there is none.
    pub(crate) fn write_off(&mut self, id: EntryId) -> bool {
        let Some(at) = self.vanished.iter().position(|(gone, _)| *gone == id) else { return false };
        let (_, list) = self.vanished.remove(at);
        let number = self.number(&list);
        self.books.of(number).removed += 1;
        true
    }

    pub(crate) fn ids(&self) -> std::collections::HashSet<EntryId> {
        self.slots.keys().copied().collect()
    }

    /// Notes that an entry is in quarantine: one that was waiting, or one found damaged or set aside at the start.
    pub(crate) fn set_aside(&mut self, id: EntryId, at: Timestamp, list: Option<&ListId>) {
        let known = self.slots.get(&id).map(|slot| slot.list);
        let number = known.unwrap_or_else(|| {
            let number = self.number(list.unwrap_or(&ListId::new("")));
            let book = self.books.of(number);
            (book.opening, book.quarantined) = (book.opening + 1, book.quarantined + 1);
            number
        });
        self.remove(id, Went::Quarantined);
        self.quarantined.insert(id, (at, number));
    }

    /// Takes an entry off the list of those in quarantine: removed by a person, or (`to`) back in this list's queue.
    pub(crate) fn leave_quarantine(&mut self, id: EntryId, to: Option<&ListId>) {
        let Some((_, number)) = self.quarantined.remove(&id) else { return };
        match to.map(|list| self.number(list)) {
            None => {
                let book = self.books.of(number);
                book.quarantined = book.quarantined.saturating_sub(1);
                book.removed += 1;
            }
            // Its list was not known while it was damaged or unread.
            Some(list) if list != number => {
                let book = self.books.of(number);
                book.quarantined = book.quarantined.saturating_sub(1);
                book.opening = book.opening.saturating_sub(1);
                let book = self.books.of(list);
                (book.opening, book.quarantined) = (book.opening + 1, book.quarantined + 1);
            }
            Some(_) => {}
        }
    }

    fn wait(&mut self, id: EntryId, stage: Stage) -> Option<&mut Wait> {
        self.slots.get_mut(&id)?.waits.iter_mut().find(|w| w.stage == stage)
    }

    fn lease(&mut self, id: EntryId, by: By) -> Option<&mut Lease> {
        match &mut self.wait(id, by.stage)?.place {
            Place::Leased { lease, .. } if Some(lease.token) == by.token => Some(lease),
            _ => None,
        }
    }

    /// What waits for a stage: what is due or being worked on, and what sleeps.
    pub(crate) fn at_stage(&mut self, stage: Stage) -> (Vec<EntryId>, Vec<EntryId>) {
        self.queue(stage).ids()
    }

    #[expect(clippy::indexing_slicing, reason = "there is one queue per stage")]
    fn queue(&mut self, stage: Stage) -> &mut Queue {
        &mut self.queues[stage.index()]
    }

    fn number(&mut self, list: &ListId) -> u32 {
        if let Some(number) = self.numbers.get(list) {
            return *number;
        }
        let number = self.lists.len() as u32;
        self.lists.push(list.clone());
        self.numbers.insert(list.clone(), number);
        number
    }

    fn list(&self, id: EntryId) -> ListId {
        let number = self.slots.get(&id).map_or(0, |slot| slot.list as usize);
        self.lists.get(number).cloned().unwrap_or_else(|| ListId::new(""))
    }
}
