use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::batch::Attempt;
use super::job::{Cause, Job};
use super::width::{Report, Width};
use crate::Reply;

/// The right to use a connection: as many at once as the [`Width`] says.
pub(crate) struct Seats {
    permits: Arc<Semaphore>,
    state: Mutex<State>,
}

struct State {
    width: Width,
    /// Seats to be taken away that somebody still sits on.
    owed: usize,
    /// When a connection last came back, or this was last asked; monotonic.
    moved: Duration,
}

/// With nothing coming back for so long, those who wait get further connections.
pub(crate) const STALL: Duration = Duration::from_millis(500);

/// One such right; ends when dropped.
pub(crate) struct Seat {
    permit: Option<OwnedSemaphorePermit>,
    seats: Arc<Seats>,
    /// It was the last one.
    contended: bool,
}

/// How far jobs have come: what a run over a connection changes in it is what the relay said.
#[derive(Clone, Copy, Default)]
pub(crate) struct Standing {
    decided: usize,
    /// Recipients and messages that the relay asks patience for.
    patience: usize,
    refused: bool,
}

impl Seats {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        let width = Width::new(most.min(Semaphore::MAX_PERMITS));
        let permits = Arc::new(Semaphore::new(width.limit()));
        Arc::new(Self { permits, state: Mutex::new(State { width, owed: 0, moved: Duration::ZERO }) })
    }

    /// Waits for its turn. `None` never comes: the seats are not closed.
    pub(crate) async fn take(self: &Arc<Self>) -> Option<Seat> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok()?;
        let contended = self.permits.available_permits() == 0;
        Some(Seat { permit: Some(permit), seats: Arc::clone(self), contended })
    }

    /// The same if there is no need to wait.
    pub(crate) fn try_take(self: &Arc<Self>) -> Option<Seat> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        let contended = self.permits.available_permits() == 0;
        Some(Seat { permit: Some(permit), seats: Arc::clone(self), contended })
    }

    /// Somebody has waited for [`STALL`].
    pub(crate) fn waited(&self, now: Duration) {
        let mut state = self.lock();
        if now.saturating_sub(state.moved) >= STALL {
            state.moved = now;
            self.change(state, |width| width.stalled(now));
        }
    }

    /// Connections that may be in use at once.
    pub(crate) fn limit(&self) -> usize {
        self.lock().width.limit()
    }

    /// Learns from one use of a connection, from `before` to `after` in `took`. `closing`: the relay said 421.
    pub(crate) fn learn(
        &self,
        seat: &Seat,
        now: Duration,
        took: Duration,
        [before, after]: [Standing; 2],
        closing: bool,
    ) {
        let decided = after.decided - before.decided;
        let patience = after.patience - before.patience;
        let refused = after.refused && !before.refused;
        let mut state = self.lock();
        state.moved = now;
        self.change(state, |width| {
            if closing || refused || (patience > 0 && patience * 2 >= decided) {
                width.pushed_back(now);
            } else if !seat.contended {
                width.idle();
            } else if decided > 0 {
                width.served(now, Report { recipients: decided, took });
            }
        });
    }

    fn change(&self, mut state: MutexGuard<'_, State>, change: impl FnOnce(&mut Width)) {
        let limit = state.width.limit();
        change(&mut state.width);
        let to = state.width.limit();
        if to > limit {
            let paid = state.owed.min(to - limit);
            state.owed -= paid;
            self.permits.add_permits(to - limit - paid);
        } else {
            state.owed += limit - to - self.permits.forget_permits(limit - to);
        }
        drop(state);
        if to != limit {
            tracing::debug!(from = limit, to, "connections to the relay that may be used at once");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.seats.lock();
        if state.owed > 0
            && let Some(permit) = self.permit.take()
        {
            state.owed -= 1;
            permit.forget();
        }
    }
}

impl Standing {
    pub(crate) fn of(jobs: &[Job]) -> Self {
        let mut standing = Self::default();
        for job in jobs {
            for attempt in job.decided.iter().flatten() {
                standing.decided += 1;
                standing.patience +=
                    usize::from(matches!(attempt, Attempt::Deferred(reply) if asks_patience(reply)));
            }
            standing.refused |= matches!(&job.error, Some(Cause::Refused(reply)) if asks_patience(reply));
        }
        standing
    }
}

/// RFC 5321 §4.2.2: not now, for want of something that others share.
fn asks_patience(reply: &Reply) -> bool {
    matches!(reply.code, 421 | 450 | 451 | 452)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(decided: usize, patience: usize) -> Standing {
        Standing { decided, patience, refused: false }
    }

    /// One contended use.
    async fn learn(seats: &Arc<Seats>, change: Standing, closing: bool) {
        let mut seat = seats.take().await.unwrap();
        seat.contended = true;
        let now = Duration::from_secs(100);
        seats.learn(&seat, now, Duration::from_millis(20), [Standing::default(), change], closing);
    }

    #[tokio::test]
    async fn seats_are_added_while_all_are_taken_and_taken_away_when_left() {
        let seats = Seats::new(6);
        assert_eq!((seats.limit(), seats.permits.available_permits()), (4, 4));
        for _ in 0..10 {
            learn(&seats, standing(50, 1), false).await;
        }
        assert_eq!((seats.limit(), seats.permits.available_permits()), (6, 6));
        let mut taken = Vec::new();
        for _ in 0..5 {
            taken.push(seats.take().await.unwrap());
        }
        assert!(taken.iter().all(|seat| !seat.contended));
        learn(&seats, standing(50, 25), false).await;
        assert_eq!((seats.limit(), seats.lock().owed), (3, 2), "only the free ones are gone");
        assert_eq!(seats.permits.available_permits(), 0);
        taken.truncate(2);
        assert_eq!((seats.permits.available_permits(), seats.lock().owed), (1, 0));
        taken.clear();
        assert_eq!(seats.permits.available_permits(), 3);
    }

    #[tokio::test]
    async fn who_waits_in_vain_gets_more_seats() {
        let seats = Seats::new(20);
        let mut taken: Vec<_> = std::iter::from_fn(|| seats.try_take()).collect();
        assert_eq!(taken.len(), 4);
        let now = Duration::from_secs(100);
        seats.waited(now);
        seats.waited(now + STALL / 2);
        taken.extend(seats.try_take());
        taken.extend(seats.try_take());
        assert_eq!((taken.len(), seats.limit(), seats.try_take().is_none()), (6, 6, true));
        seats.waited(now + STALL);
        assert_eq!(seats.limit(), 9);
    }

    #[tokio::test]
    async fn closing_and_refusals_ask_for_patience_and_single_recipients_do_not() {
        for (change, closing, limit) in [
            (standing(0, 0), true, 2),
            (Standing { refused: true, ..standing(0, 0) }, false, 2),
            (standing(1, 1), false, 2),
            (standing(50, 24), false, 5),
            (standing(0, 0), false, 4),
        ] {
            let seats = Seats::new(20);
            learn(&seats, change, closing).await;
            assert_eq!(seats.limit(), limit);
        }
    }
}
