use posthaste_model::{ListId, Stage};
use serde::{Deserialize, Serialize};

use crate::entry::Kind;

/// What came and went of one list, from the opening of the spool. At every moment
/// `opening + put = delivered + held + rejected + discarded + removed + queued + quarantined`, unless entries vanished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Book {
    /// Found at the start, quarantine included.
    pub opening: u64,
    /// Put since.
    pub put: u64,
    /// Left the spool with their work done.
    pub delivered: u64,
    /// Left it to be held in the database.
    pub held: u64,
    /// Left it rejected.
    pub rejected: u64,
    /// Left it discarded.
    pub discarded: u64,
    /// Removed by a person, or used up at a stage that delivers nothing.
    pub removed: u64,
    /// In the spool now.
    pub queued: u64,
    /// In quarantine now.
    pub quarantined: u64,
    /// Entries that wait for each stage, in the order of [`Stage::ALL`].
    pub depth: [u32; Stage::ALL.len()],
}

/// How an entry came into the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    /// Put.
    Put,
    /// Found at the start, or later where it could not be read at first.
    Found,
    /// Back from quarantine.
    Back,
    /// Its file was gone, and somebody put it back.
    Returned,
}

/// How an entry left the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Went {
    /// Its last stage recorded this.
    Ended(Stage, Kind),
    /// A person removed it.
    Removed,
    /// It was set aside.
    Quarantined,
    /// Its file is gone, and nobody of us did it.
    Vanished,
}

impl Book {
    pub(super) fn came(&mut self, came: Came) {
        self.queued += 1;
        match came {
            Came::Put => self.put += 1,
            Came::Found => self.opening += 1,
            Came::Returned => {}
            Came::Back => self.quarantined = self.quarantined.saturating_sub(1),
        }
    }

    pub(super) fn went(&mut self, went: Went) {
        self.queued = self.queued.saturating_sub(1);
        match went {
            Went::Ended(_, Kind::Held) => self.held += 1,
            Went::Ended(_, Kind::Rejected) => self.rejected += 1,
            Went::Ended(_, Kind::Discarded) => self.discarded += 1,
            Went::Ended(Stage::Command | Stage::Bounce, _) | Went::Removed => self.removed += 1,
            Went::Ended(..) => self.delivered += 1,
            Went::Quarantined => self.quarantined += 1,
            Went::Vanished => {}
        }
    }
}

/// All books, by the number of their list.
#[derive(Debug, Default)]
pub(super) struct Books(Vec<Book>);

impl Books {
    /// The book of a list.
    pub(super) fn of(&mut self, list: u32) -> &mut Book {
        let at = list as usize;
        if self.0.len() <= at {
            self.0.resize(at + 1, Book::default());
        }
        #[expect(clippy::indexing_slicing, reason = "it was made long enough")]
        &mut self.0[at]
    }

    pub(super) fn by_list(&self, lists: &[ListId]) -> Vec<(ListId, Book)> {
        lists.iter().cloned().zip(self.0.iter().copied()).collect()
    }

    /// How many lists have something at one of these stages.
    pub(super) fn waiting(&self, stages: &[Stage]) -> usize {
        let waits = |book: &&Book| stages.iter().any(|s| book.depth.get(s.index()).is_some_and(|n| *n > 0));
        self.0.iter().filter(waits).count()
    }
}
