use std::future::Future;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a supervised task shows of itself: whether it works or waits, and that the work moves (P13).
///
/// A task that is busy and tells of no progress for [`Beat::LONGEST`] hangs, and is replaced. So whatever may take long
/// belongs into [`Beat::wait`] if the length of it is somebody else's affair (a queue that is empty, a database or a
/// relay that is away), and between two calls of [`Beat::progress`] if it is work.
///
/// A handle: copies show the same task.
#[derive(Clone, Debug, Default)]
pub struct Beat {
    pulse: Arc<Mutex<Pulse>>,
    plant: Arc<Plant>,
}

/// A fault planted on purpose, for drills and tests. It strikes where a task begins a piece of work, before anything is
/// done of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Planted {
    /// No fault.
    #[default]
    None,
    /// Each start ends in a panic. Tasks that run go on until they die of something else.
    PanicOnStart,
    /// A task that has work panics.
    PanicAtWork,
    /// A task that has work goes no further: busy, and never done.
    Wedge,
}

/// Where a fault is planted: one place for all tasks of a name.
#[derive(Debug, Default)]
pub struct Plant(AtomicU8);

/// A beat as it is at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pulse {
    /// True while it works; false while it waits for something known.
    pub busy: bool,
    /// At what it works, or for what it waits.
    pub what: &'static str,
    /// Grows with every sign of life. Two looks that see the same number have seen no progress between them.
    pub beats: u64,
}

impl Default for Pulse {
    fn default() -> Self {
        // Until it says otherwise, a task waits: one that never tells of work is never taken for hung.
        Self { busy: false, what: "its first work", beats: 0 }
    }
}

impl Beat {
    /// So long may work go on without a sign of progress.
    pub const LONGEST: Duration = Duration::from_secs(25);

    /// Of a task that has the faults of `plant`.
    pub fn planted(plant: Arc<Plant>) -> Self {
        Self { pulse: Arc::default(), plant }
    }

    /// Takes up a piece of work: [`Beat::busy`], and where planted faults strike. If none is planted, it costs one read
    /// of an atomic number more than that.
    pub async fn begin(&self, what: &'static str) {
        self.busy(what);
        match self.plant.get() {
            Planted::None | Planted::PanicOnStart => {}
            Planted::PanicAtWork => fall(),
            Planted::Wedge => std::future::pending().await,
        }
    }

    /// Works at `what` from now on.
    pub fn busy(&self, what: &'static str) {
        let mut pulse = self.lock();
        *pulse = Pulse { busy: true, what, beats: pulse.beats + 1 };
    }

    /// The work moves.
    pub fn progress(&self) {
        self.lock().beats += 1;
    }

    /// Waits for something known from now on: it may take as long as it likes.
    pub fn waiting(&self, what: &'static str) {
        let mut pulse = self.lock();
        *pulse = Pulse { busy: false, what, beats: pulse.beats + 1 };
    }

    /// Waits for `future`, however long it takes, and is then as busy or idle as before.
    pub async fn wait<F: Future>(&self, what: &'static str, future: F) -> F::Output {
        let before = *self.lock();
        self.waiting(what);
        let output = future.await;
        if before.busy {
            self.busy(before.what);
        } else {
            self.waiting(before.what);
        }
        output
    }

    /// How it is now.
    pub fn pulse(&self) -> Pulse {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Pulse> {
        self.pulse.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plant {
    /// Plants it; what was planted before is gone.
    pub fn set(&self, fault: Planted) {
        self.0.store(fault as u8, Ordering::Relaxed);
    }

    /// What is planted.
    pub fn get(&self) -> Planted {
        match self.0.load(Ordering::Relaxed) {
            0 => Planted::None,
            1 => Planted::PanicOnStart,
            2 => Planted::PanicAtWork,
            _ => Planted::Wedge,
        }
    }

    /// Where [`Planted::PanicOnStart`] strikes.
    pub fn at_start(&self) {
        if self.get() == Planted::PanicOnStart {
            fall();
        }
    }
}

#[expect(clippy::panic, reason = "asked for")]
fn fall() -> ! {
    panic!("a planted fault")
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn every_sign_of_life_counts_and_a_wait_ends_as_it_began() {
        let beat = Beat::default();
        assert!(!beat.pulse().busy);
        beat.busy("a post");
        let working = beat.pulse();
        assert_eq!((working.busy, working.what), (true, "a post"));
        beat.progress();
        assert!(beat.pulse().beats > working.beats);

        let mut context = Context::from_waker(Waker::noop());
        {
            let mut forever = pin!(beat.wait("the relay", std::future::pending::<()>()));
            assert_eq!(forever.as_mut().poll(&mut context), Poll::Pending);
            assert_eq!((beat.pulse().busy, beat.pulse().what), (false, "the relay"));
        }
        beat.busy("a post");
        let mut done = pin!(beat.wait("the relay", std::future::ready(7)));
        assert_eq!(done.as_mut().poll(&mut context), Poll::Ready(7));
        assert_eq!((beat.pulse().busy, beat.pulse().what), (true, "a post"));
    }
}
