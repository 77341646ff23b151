use super::batch::{Attempt, Batch, SendError};
use crate::Reply;

/// A batch on its way, over as many transactions and connections as it takes.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) batch: Batch,
    /// One place per recipient.
    pub(crate) decided: Vec<Option<Attempt>>,
    /// Set once; the undecided recipients then stay undecided.
    pub(crate) error: Option<Cause>,
    /// Connections that were lost in one of its transactions before the final dot.
    pub(crate) losses: u32,
    /// Times the relay said 421 in one of its transactions.
    pub(crate) closings: u32,
}

/// Why a job ends without a word on each of its recipients.
#[derive(Debug)]
pub(crate) enum Cause {
    Refused(Reply),
    NotOffered,
    GaveWay,
    Unknown(String),
}

impl Job {
    pub(crate) fn new(batch: Batch) -> Self {
        let decided = vec![None; batch.recipients.len()];
        Self { batch, decided, error: None, losses: 0, closings: 0 }
    }

    /// There is still something to send.
    pub(crate) fn is_open(&self) -> bool {
        self.error.is_none() && self.decided.iter().any(Option::is_none)
    }

    /// The recipients still to be sent to.
    pub(crate) fn undecided(&self) -> impl Iterator<Item = usize> {
        self.decided.iter().enumerate().filter(|(_, decided)| decided.is_none()).map(|(i, _)| i)
    }

    /// The first verdict on a recipient stands.
    pub(crate) fn decide(&mut self, recipient: usize, attempt: Attempt) {
        if let Some(place) = self.decided.get_mut(recipient) {
            place.get_or_insert(attempt);
        }
    }

    /// The first cause stands.
    pub(crate) fn fail(&mut self, cause: Cause) {
        self.error.get_or_insert(cause);
    }

    /// What the caller hears.
    pub(crate) fn finish(self) -> Result<Vec<Attempt>, SendError> {
        let decided = self.decided;
        match self.error {
            Some(Cause::Refused(reply)) => Err(SendError::Refused { reply, decided }),
            Some(Cause::NotOffered) => Err(SendError::NotOffered { decided }),
            Some(Cause::GaveWay) => Err(SendError::GaveWay { decided }),
            Some(Cause::Unknown(why)) => Err(SendError::Unknown { why, decided }),
            None if decided.iter().all(Option::is_some) => Ok(decided.into_iter().flatten().collect()),
            None => Err(SendError::Cancelled { decided }),
        }
    }
}
