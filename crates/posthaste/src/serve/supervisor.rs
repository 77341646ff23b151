//! Keeps tasks running: one that panics or ends is back within a second, for ever (P11).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use posthaste_model::Clock;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The longest pause before a task is started again.
const LONGEST: Duration = Duration::from_secs(30);
/// A task that ran so long begins with a short pause again.
const HEALTHY: Duration = Duration::from_mins(10);

/// Runs tasks until told to stop.
#[derive(Clone)]
pub(crate) struct Supervisor {
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Supervisor {
    pub(crate) fn new(clock: Arc<dyn Clock>, stop: CancellationToken) -> Self {
        Self { clock, tasks: TaskTracker::new(), stop }
    }

    /// Runs what `task` makes, again and again, until the stop.
    pub(crate) fn keep<F, T>(&self, name: &'static str, task: T)
    where
        F: Future<Output = ()> + Send + 'static,
        T: Fn() -> F + Send + 'static,
    {
        let (clock, stop) = (self.clock.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            let mut pause = Pause::default();
            loop {
                let began = clock.monotonic();
                let ended = tokio::spawn(task()).await;
                if stop.is_cancelled() {
                    return;
                }
                let wait = pause.after(clock.monotonic().saturating_sub(began));
                if let Err(error) = ended {
                    tracing::error!(task = name, %error, again_in = ?wait, "task died; starting it again");
                } else {
                    tracing::error!(task = name, again_in = ?wait, "task ended; starting it again");
                }
                tokio::select! { () = stop.cancelled() => return, () = clock.sleep(wait) => {} }
            }
        });
    }

    /// Waits until all tasks have ended after the stop, or `longest` has passed; false if some had not.
    pub(crate) async fn finished(&self, longest: Duration) -> bool {
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => true,
            () = self.clock.sleep(longest) => false,
        }
    }
}

/// How long to wait before the next start: 0.5 s, then 1, 2, 4 … 30 s.
#[derive(Default)]
struct Pause(u32);

impl Pause {
    fn after(&mut self, ran: Duration) -> Duration {
        if ran >= HEALTHY {
            self.0 = 0;
        }
        let wait = Duration::from_millis(500) * 2_u32.pow(self.0.min(6));
        self.0 += 1;
        wait.min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn p11_pauses_grow_and_reset_and_never_end() {
        let mut pause = Pause::default();
        let first = pause.after(Duration::ZERO);
        assert!(first < Duration::from_secs(1));
        for _ in 0..100 {
            assert!(pause.after(Duration::ZERO) <= LONGEST);
        }
        assert_eq!(pause.after(Duration::ZERO), LONGEST);
        assert_eq!(pause.after(HEALTHY), first);
    }

    #[tokio::test]
    async fn p11_a_task_that_panics_is_back() {
        let stop = CancellationToken::new();
        let supervisor = Supervisor::new(Arc::new(SystemClock::new()), stop.clone());
        let runs = Arc::new(AtomicU32::new(0));
        let again = Arc::new(tokio::sync::Notify::new());
        let (counted, signal) = (runs.clone(), again.clone());
        supervisor.keep("test", move || {
            let (runs, again) = (counted.clone(), signal.clone());
            async move {
                assert!(runs.fetch_add(1, Ordering::SeqCst) > 0, "the first run dies on purpose");
                again.notify_one();
                std::future::pending::<()>().await;
            }
        });
        tokio::time::timeout(Duration::from_secs(20), again.notified()).await.unwrap();
        assert_eq!(runs.load(Ordering::SeqCst), 2);
        stop.cancel();
        // The task itself ignores the stop; the supervisor says so instead of waiting for ever.
        assert!(!supervisor.finished(Duration::from_millis(10)).await);
    }
}
