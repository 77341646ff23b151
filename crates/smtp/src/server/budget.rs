use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The memory that the messages of all sessions of one listener share.
#[derive(Debug)]
pub struct Budget {
    free: AtomicUsize,
}

impl Budget {
    /// A budget of so many octets.
    pub fn new(octets: usize) -> Arc<Self> {
        Arc::new(Self { free: AtomicUsize::new(octets) })
    }

    /// Octets nobody holds.
    pub fn free(&self) -> usize {
        self.free.load(Ordering::Relaxed)
    }
}

/// What one message holds of the budget; given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    held: usize,
}

/// Shares grow in steps, so that lines do not contend for the counter.
const STEP: usize = 64 * 1024;

impl Share {
    pub(super) fn new(budget: Arc<Budget>) -> Self {
        Self { budget, held: 0 }
    }

    /// Makes sure that at least `octets` are held. False if the budget is spent.
    pub(super) fn cover(&mut self, octets: usize) -> bool {
        if octets <= self.held {
            return true;
        }
        let more = (octets - self.held).next_multiple_of(STEP);
        let taken = self
            .budget
            .free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(more))
            .is_ok();
        if taken {
            self.held += more;
        }
        taken
    }

    /// Gives everything back.
    pub(super) fn release(&mut self) {
        self.budget.free.fetch_add(std::mem::take(&mut self.held), Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_taken_in_steps_and_given_back() {
        let budget = Budget::new(2 * STEP);
        let mut one = Share::new(Arc::clone(&budget));
        assert!(one.cover(1) && one.cover(STEP));
        assert_eq!(budget.free(), STEP);
        let mut other = Share::new(Arc::clone(&budget));
        assert!(other.cover(10));
        assert!(!one.cover(STEP + 1), "nothing is left");
        drop(other);
        assert!(one.cover(STEP + 1));
        drop(one);
        assert_eq!(budget.free(), 2 * STEP);
    }
}
