//! The pages of operators.

mod acts;
mod alert;
mod cards;
mod door;
mod incident;
mod overview;
mod spark;
mod stage;

use posthaste_model::Timestamp;

pub(crate) use self::acts::{acknowledge, act, remove, retry, set_aside};
pub(crate) use self::alert::AlertCard;
pub(crate) use self::door::{how_to_log_in, log_in, log_out, welcome};
pub(crate) use self::incident::incident;
pub(crate) use self::overview::overview;
use crate::words;

/// A moment for people and for programs.
pub(crate) struct When {
    pub(crate) words: String,
    pub(crate) machine: String,
}

impl When {
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { words: words::moment(at, now), machine: words::machine(at) }
    }
}
