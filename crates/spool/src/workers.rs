use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::task;

type Job = Box<dyn FnOnce() + Send>;

/// Runs blocking work, so many at once and no more. Work once handed in is done, whether or not anyone still waits for it:
/// a dropped future never leaves a file half written.
#[derive(Clone)]
pub(crate) struct Workers {
    shared: Arc<Shared>,
}

struct Shared {
    most: usize,
    state: Mutex<State>,
}

struct State {
    queue: VecDeque<Job>,
    busy: usize,
}

/// Locks, also after a panic elsewhere: every critical section here leaves its data whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Workers {
    pub(crate) fn new(most: usize) -> Self {
        let state = Mutex::new(State { queue: VecDeque::new(), busy: 0 });
        Self { shared: Arc::new(Shared { most: most.max(1), state }) }
    }

    /// Hands in a job whose result nobody waits for. Must be called within a tokio runtime.
    pub(crate) fn submit(&self, job: impl FnOnce() + Send + 'static) {
        let mut state = lock(&self.shared.state);
        state.queue.push_back(Box::new(job));
        if state.busy < self.shared.most {
            state.busy += 1;
            let shared = Arc::clone(&self.shared);
            task::spawn_blocking(move || Worker(shared).work());
        }
    }

    /// Runs a job and waits for its result; `None` if it panicked.
    pub(crate) async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (done, result) = oneshot::channel();
        self.submit(move || {
            let _ = done.send(job());
        });
        result.await.ok()
    }
}

/// A thread that works until the queue is empty.
struct Worker(Arc<Shared>);

impl Worker {
    fn work(&self) {
        loop {
            let Some(job) = lock(&self.0.state).queue.pop_front() else { break };
            // A job that panics must not take the waiting ones with it; its own waiter sees a closed channel.
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)).is_err() {
                tracing::error!("a disk job of the spool panicked");
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.busy -= 1;
    }
}
