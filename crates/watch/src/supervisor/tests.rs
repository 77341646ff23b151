use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Notify;

use super::*;

/// Monotonic time is tokio's, which tests turn.
struct Tokio(tokio::time::Instant);

impl Clock for Tokio {
    fn now(&self) -> posthaste_model::Timestamp {
        posthaste_model::Timestamp::default()
    }
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
    fn sleep(&self, for_: Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(for_))
    }
}

fn supervisor() -> (Supervisor, CancellationToken) {
    let stop = CancellationToken::new();
    (Supervisor::new(Arc::new(Tokio(tokio::time::Instant::now())), stop.clone()), stop)
}

fn task(supervisor: &Supervisor) -> TaskVitals {
    supervisor.tasks().into_iter().next().unwrap_or_default()
}

async fn until(mut what: impl FnMut() -> bool) {
    while !what() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn p11_a_task_that_panics_is_back_within_a_second_for_ever() {
    let (supervisor, stop) = supervisor();
    let (runs, started) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let (counted, signal) = (runs.clone(), started.clone());
    supervisor.keep("test", 1, move |_| {
        let (runs, started) = (counted.clone(), signal.clone());
        async move {
            started.notify_one();
            assert!(runs.fetch_add(1, Ordering::SeqCst) >= 100, "dies on purpose");
            std::future::pending::<()>().await;
        }
    });
    started.notified().await;
    let died = tokio::time::Instant::now();
    started.notified().await;
    assert!(died.elapsed() <= Duration::from_secs(1), "{:?}", died.elapsed());
    for _ in 2..100 {
        let last = tokio::time::Instant::now();
        started.notified().await;
        assert!(last.elapsed() <= Duration::from_secs(31), "{:?}", last.elapsed());
    }
    started.notified().await;
    let vitals = task(&supervisor);
    assert_eq!((vitals.wanted, vitals.running, vitals.restarts), (1, 1, 100));
    assert!(vitals.recent_restarts >= 5 && vitals.recent_restarts < 20, "{vitals:?}");
    assert_eq!(vitals.last_error.as_deref(), Some("panicked: dies on purpose"));
    stop.cancel();
    // The task itself ignores the stop; the supervisor says so instead of waiting for ever.
    assert!(!supervisor.finished(Duration::from_millis(10)).await);
}

#[tokio::test(start_paused = true)]
async fn p13_a_task_that_hangs_is_replaced_within_35_seconds() {
    let (supervisor, _stop) = supervisor();
    let let_go = Arc::new(AtomicU32::new(0));
    let counted = let_go.clone();
    supervisor.keep("test", 1, move |beat| {
        let held = Held(counted.clone());
        async move {
            beat.busy("a post");
            let _held = held;
            std::future::pending::<()>().await;
        }
    });
    let began = tokio::time::Instant::now();
    until(|| task(&supervisor).replaced == 1).await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_eq!(let_go.load(Ordering::SeqCst), 1, "what it held comes back");
    until(|| task(&supervisor).running == 1).await;
    assert!(began.elapsed() < Duration::from_secs(35), "{:?}", began.elapsed());
    assert_eq!(task(&supervisor).last_error.as_deref(), Some("hung: no progress at a post"));
    assert_eq!(supervisor.helpless(), None, "one hang is no reason to give up");
    until(|| supervisor.helpless().is_some()).await;
    assert!(began.elapsed() < Duration::from_mins(2), "{:?}", began.elapsed());
}

struct Held(Arc<AtomicU32>);
impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn p13_who_waits_for_something_known_is_left_alone() {
    let (supervisor, _stop) = supervisor();
    supervisor.keep("test", 3, |beat| async move {
        beat.busy("a post");
        beat.wait("the database", std::future::pending::<()>()).await;
    });
    supervisor.keep("test", 1, |beat| async move {
        loop {
            beat.busy("a long plan");
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
    });
    tokio::time::sleep(Duration::from_hours(2)).await;
    let vitals = task(&supervisor);
    assert_eq!((vitals.wanted, vitals.running, vitals.replaced, vitals.restarts), (4, 4, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn planted_faults_strike_and_end() {
    let (supervisor, _stop) = supervisor();
    let done = Arc::new(AtomicU32::new(0));
    let counted = done.clone();
    supervisor.keep("test", 1, move |beat| {
        let done = counted.clone();
        async move {
            loop {
                beat.wait("work", tokio::time::sleep(Duration::from_secs(1))).await;
                beat.begin("work").await;
                done.fetch_add(1, Ordering::SeqCst);
                beat.waiting("work");
            }
        }
    });
    assert!(!supervisor.plant("tset", Planted::Wedge));
    until(|| done.load(Ordering::SeqCst) > 3).await;

    assert!(supervisor.plant("test", Planted::PanicAtWork));
    until(|| task(&supervisor).restarts == 3).await;
    supervisor.plant("test", Planted::PanicOnStart);
    until(|| task(&supervisor).restarts == 10).await;
    supervisor.plant("test", Planted::Wedge);
    until(|| task(&supervisor).replaced == 5).await;
    assert_eq!(supervisor.helpless(), None, "whoever planted a fault wants to see what follows");
    let before = done.load(Ordering::SeqCst);
    supervisor.plant("test", Planted::None);
    until(|| done.load(Ordering::SeqCst) > before + 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p13_a_task_that_blocks_its_thread_is_replaced_and_known_as_left_behind() {
    let (supervisor, _stop) = supervisor();
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let place = supervisor.place("test");
    let handle = tokio::spawn(async move {
        let _ = blocked.recv();
    });
    handle.abort();
    leave_behind(handle, &place, Duration::ZERO);
    lock(&place.kept).left_behind.iter_mut().for_each(|since| *since = Duration::ZERO);
    assert!(lock(&place.kept).left_behind_for(kept::TOO_LONG) >= kept::TOO_LONG);
    drop(release);
    until(|| lock(&place.kept).left_behind.is_empty()).await;
    assert_eq!(supervisor.helpless(), None);
}
