//! A piece of a post to the relay: one message for all, or a copy for each.

use posthaste_model::{Beat, ForwardPath, ReversePath, Timestamp};
use posthaste_smtp::client::{Attempt, Batch, SendError};
use tokio_util::sync::CancellationToken;

use super::Outgoing;
use super::dispatch::Dispatch;
use super::silence::Answers;
use super::words::Words;
use crate::delivery::{Chunk, signed_verp, verp};
use crate::site::Site;

impl Outgoing {
    pub(super) async fn send_bulk(
        &self,
        dispatch: &Dispatch,
        chunk: &Chunk,
        stop: &CancellationToken,
        beat: &Beat,
    ) -> Answers {
        let (sendable, mut results) = dispatch.paths(chunk);
        let mark = self.failures.mark(dispatch.id());
        let (indices, recipients): (Vec<_>, _) = sendable.into_iter().unzip();
        let batch = Batch {
            reverse_path: ReversePath::from(dispatch.plan().sender.clone()),
            verp: false,
            recipients,
            message: dispatch.message(&self.site.get(), self.clock.now()),
        };
        drop(mark);
        // Every step of it has the client's own deadline; a relay that is away is waited for.
        let answer = beat.wait("the relay", self.pool.send_in(&self.haste(), batch, stop)).await;
        let gave_way = matches!(answer, Err(SendError::GaveWay { .. }));
        results.extend(Words::default().fates(&indices, answer));
        Answers { results, gave_way }
    }

    pub(super) async fn send_personal(
        &self,
        dispatch: &Dispatch,
        chunk: &Chunk,
        stop: &CancellationToken,
        beat: &Beat,
    ) -> Answers {
        let (mut sendable, mut results) = dispatch.paths(chunk);
        let mut words = Words::default();
        let mut gave_way = false;
        if dispatch.differs_by_sender_only() {
            let answer = self.send_verp(dispatch, &sendable, stop, beat).await;
            gave_way = matches!(answer, Err(SendError::GaveWay { .. }));
            let offered = !matches!(answer, Err(SendError::NotOffered { .. }));
            let indices: Vec<_> = sendable.iter().map(|(index, _)| *index).collect();
            results.extend(words.fates(&indices, answer));
            if offered {
                return Answers { results, gave_way };
            }
            sendable.retain(|(index, _)| results.iter().all(|(decided, ..)| decided != index));
        }
        let (site, now) = (self.site.get(), self.clock.now());
        let batch = |(index, path): &(usize, ForwardPath)| Batch {
            reverse_path: ReversePath::from(sender(dispatch, path.as_str(), &site, now)),
            verp: false,
            message: dispatch.copy(*index, &site, now),
            recipients: vec![path.clone()],
        };
        let mark = self.failures.mark(dispatch.id());
        let batches = sendable.iter().map(batch).collect();
        drop(mark);
        let answers = beat.wait("the relay", self.pool.send_each_in(&self.haste(), batches, stop)).await;
        for ((index, _), answer) in sendable.iter().zip(answers) {
            gave_way |= matches!(answer, Err(SendError::GaveWay { .. }));
            results.extend(words.fates(&[*index], answer));
        }
        Answers { results, gave_way }
    }

    /// One transaction for copies that differ in nothing but the sender, if the relay makes the senders.
    async fn send_verp(
        &self,
        dispatch: &Dispatch,
        sendable: &[(usize, ForwardPath)],
        stop: &CancellationToken,
        beat: &Beat,
    ) -> Result<Vec<Attempt>, SendError> {
        let batch = Batch {
            reverse_path: ReversePath::from(dispatch.plan().sender.clone()),
            verp: true,
            recipients: sendable.iter().map(|(_, path)| path.clone()).collect(),
            message: dispatch.message(&self.site.get(), self.clock.now()),
        };
        beat.wait("the relay", self.pool.send_in(&self.haste(), batch, stop)).await
    }
}

/// The envelope sender of one copy: it names its recipient, with our signature if the site wants it.
fn sender(dispatch: &Dispatch, recipient: &str, site: &Site, now: Timestamp) -> String {
    let plain = &dispatch.plan().sender;
    match site.bounces.seal.as_ref().filter(|_| site.bounces.sign_senders) {
        Some(seal) => {
            signed_verp(plain, recipient, &crate::bounces::tag(seal, dispatch.list(), recipient, now))
        }
        None => verp(plain, recipient),
    }
}
