use std::fmt;
use std::sync::Mutex;

use posthaste_model::Timestamp;

use crate::disk::Space;
use crate::options::Options;
use crate::workers::lock;

/// Why intake should refuse mail for now, with 452 4.3.1 or 451 4.3.0. Mail that is in goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpoolTrouble {
    /// The disk refused a write or a sync (P4). Over after three good probes.
    Disk {
        /// What the system said, for the log and the operator; not for peers.
        error: String,
        /// Since when, wall time.
        since: Timestamp,
    },
    /// Fewer octets free than the reserve (P16).
    Space {
        /// Octets free.
        free: u64,
        /// Octets wanted.
        reserve: u64,
    },
    /// Fewer inodes free than 5 % (P16).
    Inodes {
        /// Inodes free.
        free: u64,
        /// Inodes wanted.
        reserve: u64,
    },
}

impl fmt::Display for SpoolTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk { error, since } => {
                write!(
                    f,
                    "the spool's disk fails since {since}: {error}; mail is taken again after three good writes"
                )
            }
            Self::Space { free, reserve } => write!(
                f,
                "the spool's disk has {} MiB free and {} MiB are kept in reserve: free some space, new mail is refused \
                 for now and goes on by itself",
                free >> 20,
                reserve >> 20
            ),
            Self::Inodes { free, reserve } => write!(
                f,
                "the spool's disk has {free} inodes free and {reserve} are kept in reserve: delete some files, new mail \
                 is refused for now and goes on by itself"
            ),
        }
    }
}

/// What is known of the disk.
#[derive(Debug, Default)]
pub(crate) struct Health {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failing: Option<(String, Timestamp)>,
    good_probes: u32,
    low: Option<SpoolTrouble>,
    /// As last measured, with the octets to keep in reserve.
    space: Option<(Space, u64)>,
    /// Octets written since the free space was last asked for.
    written: u64,
}

/// Good probes after which a failing disk is trusted again (P4).
const PROBES: u32 = 3;
/// Octets after which free space is asked for again, between two rounds of the guard.
const ASK_AFTER: u64 = 16 << 20;

impl Health {
    pub(crate) fn trouble(&self) -> Option<SpoolTrouble> {
        let state = lock(&self.state);
        match &state.failing {
            Some((error, since)) => Some(SpoolTrouble::Disk { error: error.clone(), since: *since }),
            None => state.low.clone(),
        }
    }

    /// A write or sync failed.
    pub(crate) fn fail(&self, error: &str, now: Timestamp) {
        let mut state = lock(&self.state);
        state.good_probes = 0;
        if state.failing.is_none() {
            tracing::error!(error, "the spool's disk fails; new mail is refused until it works again");
            state.failing = Some((error.to_owned(), now));
        }
    }

    /// What was free when it was last measured, and how many octets are kept in reserve.
    pub(crate) fn space(&self) -> Option<(Space, u64)> {
        lock(&self.state).space
    }

    pub(crate) fn failing(&self) -> bool {
        lock(&self.state).failing.is_some()
    }

    /// A probe was written and synced.
    pub(crate) fn probed(&self) {
        let mut state = lock(&self.state);
        state.good_probes += 1;
        if state.good_probes >= PROBES && state.failing.take().is_some() {
            tracing::info!("the spool's disk works again; new mail is taken");
        }
    }

    /// Notes what is free.
    pub(crate) fn measured(&self, space: Space, options: &Options) {
        let (octets, inodes) = reserve(space, options);
        let low = if space.free < octets {
            Some(SpoolTrouble::Space { free: space.free, reserve: octets })
        } else if space.inodes > 0 && space.free_inodes < inodes {
            Some(SpoolTrouble::Inodes { free: space.free_inodes, reserve: inodes })
        } else {
            None
        };
        let mut state = lock(&self.state);
        match (&state.low, &low) {
            (None, Some(trouble)) => tracing::error!(%trouble, "too little is free"),
            (Some(_), None) => tracing::info!("enough is free again; new mail is taken"),
            _ => {}
        }
        state.low = low;
        state.space = Some((space, octets));
        state.written = 0;
    }

    /// Counts what was written; true if it is time to ask what is free.
    pub(crate) fn wrote(&self, octets: u64) -> bool {
        let mut state = lock(&self.state);
        state.written = state.written.saturating_add(octets);
        state.written >= ASK_AFTER
    }
}

/// Octets and inodes that must stay free.
fn reserve(space: Space, options: &Options) -> (u64, u64) {
    let octets = options.reserve.unwrap_or_else(|| {
        let share = (space.total / 20).min(4 << 30);
        share.max(options.max_message / 2 * 3).max(256 << 20)
    });
    (octets, space.inodes / 20)
}
