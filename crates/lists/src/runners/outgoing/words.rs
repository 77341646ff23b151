//! From what the pool answers to what is recorded.

use std::sync::Arc;

use posthaste_smtp::Reply;
use posthaste_smtp::client::{Attempt, SendError};

use crate::delivery::{Fate, Met};

/// The words of the last reply: most of a chunk hear the same, and they are written out once.
#[derive(Default)]
pub(super) struct Words {
    last: Option<(Reply, Arc<str>)>,
}

impl Words {
    /// What the pool's answer means for each recipient of the chunk. Whom a cancelled transaction did not reach is left
    /// out: nothing was offered, the next start offers it.
    pub(super) fn fates(&mut self, chunk: &[usize], answer: Result<Vec<Attempt>, SendError>) -> Vec<Met> {
        let error = match answer {
            Ok(attempts) => {
                let fate = |(index, attempt): (&usize, &Attempt)| {
                    let (fate, reply) = self.met(attempt);
                    (*index, fate, reply)
                };
                return chunk.iter().zip(&attempts).map(fate).collect();
            }
            Err(error) => error,
        };
        let undecided: Option<(Fate, Arc<str>)> = match &error {
            SendError::Refused { reply, .. } => Some((Fate::Refused, self.of(reply))),
            SendError::Unknown { why, .. } => Some((Fate::Unknown, why.as_str().into())),
            SendError::Cancelled { .. } | SendError::GaveWay { .. } | SendError::NotOffered { .. } => None,
        };
        let fate = |(index, attempt): (&usize, &Option<Attempt>)| {
            let (fate, reply) = match attempt {
                Some(attempt) => self.met(attempt),
                None => undecided.clone()?,
            };
            Some((*index, fate, reply))
        };
        chunk.iter().zip(error.decided()).filter_map(fate).collect()
    }

    fn met(&mut self, attempt: &Attempt) -> (Fate, Arc<str>) {
        let (fate, reply) = match attempt {
            Attempt::Delivered(reply) => (Fate::Delivered, reply),
            Attempt::Deferred(reply) => (Fate::Deferred, reply),
            Attempt::Failed(reply) => (Fate::Failed, reply),
        };
        (fate, self.of(reply))
    }

    fn of(&mut self, reply: &Reply) -> Arc<str> {
        if let Some((_, text)) = self.last.as_ref().filter(|(same, _)| same == reply) {
            return text.clone();
        }
        let text: Arc<str> = reply.to_string().into();
        self.last = Some((reply.clone(), text.clone()));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_message_is_never_held_against_its_recipients() {
        let refused = SendError::Refused {
            reply: Reply::new(554, (5, 7, 1), "no"),
            decided: vec![None, Some(Attempt::Failed(Reply::new(550, (5, 1, 1), "unknown"))), None],
        };
        let fates: Vec<_> =
            Words::default().fates(&[7, 8, 9], Err(refused)).into_iter().map(|(i, f, _)| (i, f)).collect();
        assert_eq!(fates, [(7, Fate::Refused), (8, Fate::Failed), (9, Fate::Refused)]);
    }

    #[test]
    fn what_was_cancelled_was_not_offered() {
        let cancelled = SendError::Cancelled {
            decided: vec![Some(Attempt::Delivered(Reply::new(250, (2, 0, 0), "ok"))), None],
        };
        let fates: Vec<_> =
            Words::default().fates(&[0, 1], Err(cancelled)).into_iter().map(|(i, f, _)| (i, f)).collect();
        assert_eq!(fates, [(0, Fate::Delivered)]);
    }
}
