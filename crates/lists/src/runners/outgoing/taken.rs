//! Recipients in a worker's hands.

use std::sync::Arc;

use super::Outgoing;
use super::dispatch::Dispatch;
use crate::delivery::Chunk;
use crate::runners::failures::untold;

/// Recipients that a worker took from an open dispatch. If the worker dies or is replaced before their answers are in,
/// they go back and are offered again.
pub(super) struct Taken<'a> {
    outgoing: &'a Outgoing,
    pub(super) dispatch: Arc<Dispatch>,
    pub(super) chunk: Chunk,
    state: State,
}

/// How far the worker came.
#[derive(PartialEq, Eq)]
enum State {
    Taken,
    Begun,
    Over,
}

impl<'a> Taken<'a> {
    pub(super) const fn new(outgoing: &'a Outgoing, dispatch: Arc<Dispatch>, chunk: Chunk) -> Self {
        Self { outgoing, dispatch, chunk, state: State::Taken }
    }

    /// From now on it counts against the post if the worker dies.
    pub(super) fn begin(&mut self) {
        self.state = State::Begun;
    }

    /// Their answers are in.
    pub(super) fn answered(mut self) {
        self.state = State::Over;
    }

    /// They were not offered, or their answers could not be kept; that tells nothing about the post.
    pub(super) fn give_back(mut self) {
        self.state = State::Taken;
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        match self.state {
            State::Taken => self.outgoing.take_back(&self.dispatch, &self.chunk),
            State::Begun => {
                let pause = self.outgoing.failures.failed(self.dispatch.id(), untold());
                self.outgoing.close(&self.dispatch, &self.chunk, pause);
            }
            State::Over => {}
        }
        self.outgoing.let_go(&self.dispatch);
    }
}
