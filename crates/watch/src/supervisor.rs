//! Keeps tasks running: one that panics or ends is back within a second, one that hangs is replaced, for ever (P11, P13).

mod hang;
mod kept;
mod pause;

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthaste_model::{Beat, Clock, Plant, Planted};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::hang::Hang;
use self::kept::Kept;
use self::pause::Pause;
use crate::TaskVitals;

/// How often a task is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// A task that was told to end has so long to let go of its thread. One that does not is left behind.
const LET_GO: Duration = Duration::from_secs(2);

/// Runs tasks until told to stop.
#[derive(Clone)]
pub struct Supervisor {
    clock: Arc<dyn Clock>,
    tracker: TaskTracker,
    stop: CancellationToken,
    groups: Arc<Mutex<Vec<Group>>>,
}

/// All tasks of one name.
struct Group {
    name: &'static str,
    plant: Arc<Plant>,
    kept: Vec<Arc<Mutex<Kept>>>,
}

/// One task as the loop that keeps it knows it.
struct Place {
    name: &'static str,
    plant: Arc<Plant>,
    kept: Arc<Mutex<Kept>>,
}

/// How a run of a task came to its end.
enum End {
    Ended,
    Died(JoinError),
    /// It hung, at this work; true if it could not even be ended.
    Hung(&'static str, Option<JoinHandle<()>>),
}

impl Supervisor {
    /// One that keeps nothing yet. After `stop` no task is started again.
    pub fn new(clock: Arc<dyn Clock>, stop: CancellationToken) -> Self {
        Self { clock, tracker: TaskTracker::new(), stop, groups: Arc::default() }
    }

    /// Runs `count` tasks made by `task`, each again and again, until the stop. A task shows by its [`Beat`] that it
    /// moves; one that does not for [`Beat::LONGEST`], though it is busy, is ended and made anew.
    pub fn keep<F, T>(&self, name: &'static str, count: usize, task: T)
    where
        F: Future<Output = ()> + Send + 'static,
        T: Fn(Beat) -> F + Send + Sync + 'static,
    {
        let task = Arc::new(task);
        for _ in 0..count {
            let place = self.place(name);
            let (keeper, task) = (self.clone(), Arc::clone(&task));
            self.tracker.spawn(async move { keeper.keep_one(&place, &task).await });
        }
    }

    /// How the tasks are, one line for each name, in the order in which they were first kept.
    pub fn tasks(&self) -> Vec<TaskVitals> {
        let now = self.clock.monotonic();
        let vitals = |group: &Group| {
            let mut vitals = TaskVitals { name: group.name.to_owned(), ..TaskVitals::default() };
            for kept in &group.kept {
                lock(kept).add_to(&mut vitals, now);
            }
            vitals
        };
        lock(&self.groups).iter().map(vitals).collect()
    }

    /// Plants a fault into all tasks of this name, for drills and tests, or takes it out again ([`Planted::None`]).
    /// False if there is no such task. [`Planted::Wedge`] and
    /// [`Planted::PanicAtWork`] strike where a task takes up work ([`Beat::begin`]), before anything is done of it.
    pub fn plant(&self, name: &str, fault: Planted) -> bool {
        let groups = lock(&self.groups);
        let found = groups.iter().find(|group| group.name == name);
        if let Some(group) = found {
            tracing::warn!(task = name, ?fault, "fault planted");
            group.plant.set(fault);
        }
        found.is_some()
    }

    /// Why starting tasks anew does not help and the whole process had better be, if so: a task that cannot be ended
    /// keeps what it holds, and where every task of a name hangs again and again something they share is to blame.
    pub fn helpless(&self) -> Option<String> {
        let now = self.clock.monotonic();
        lock(&self.groups).iter().find_map(|group| {
            if group.plant.get() != Planted::None {
                return None;
            }
            let kept: Vec<_> = group.kept.iter().map(|kept| lock(kept)).collect();
            if kept.iter().any(|kept| kept.left_behind_for(now) >= kept::TOO_LONG) {
                return Some(format!("a task of `{}` hangs and cannot be ended", group.name));
            }
            kept.iter()
                .all(|kept| kept.hung_in_a_row >= kept::TOO_OFTEN)
                .then(|| format!("every task of `{}` hangs, and again after each new start", group.name))
        })
    }

    /// Waits until all tasks have ended after the stop, or `longest` has passed; false if some had not.
    pub async fn finished(&self, longest: Duration) -> bool {
        self.tracker.close();
        tokio::select! {
            () = self.tracker.wait() => true,
            () = self.clock.sleep(longest) => false,
        }
    }

    fn place(&self, name: &'static str) -> Place {
        let mut groups = lock(&self.groups);
        let at = groups.iter().position(|group| group.name == name).unwrap_or_else(|| {
            groups.push(Group { name, plant: Arc::default(), kept: vec![] });
            groups.len() - 1
        });
        let kept = Arc::<Mutex<Kept>>::default();
        let plant = groups.get_mut(at).map(|group| {
            group.kept.push(Arc::clone(&kept));
            Arc::clone(&group.plant)
        });
        Place { name, plant: plant.unwrap_or_default(), kept }
    }

    async fn keep_one<F, T>(&self, place: &Place, task: &Arc<T>)
    where
        F: Future<Output = ()> + Send + 'static,
        T: Fn(Beat) -> F + Send + Sync + 'static,
    {
        let name = place.name;
        let mut pause = Pause::default();
        loop {
            let began = self.clock.monotonic();
            let beat = Beat::planted(Arc::clone(&place.plant));
            lock(&place.kept).start();
            let (run, own, plant) = (Arc::clone(task), beat.clone(), Arc::clone(&place.plant));
            // Made inside, so that a panic in the making is caught too.
            let handle = tokio::spawn(async move {
                plant.at_start();
                run(own).await;
            });
            let end = self.until_end(handle, &beat, place).await;
            if self.stop.is_cancelled() {
                lock(&place.kept).stop();
                return;
            }
            let now = self.clock.monotonic();
            let ran = now.saturating_sub(began);
            let wait = match end {
                End::Ended => {
                    let wait = pause.after(ran, rand::random());
                    tracing::error!(task = name, again_in = ?wait, "task ended; starting it again");
                    lock(&place.kept).died(now, "it ended".to_owned());
                    wait
                }
                End::Died(error) => {
                    let wait = pause.after(ran, rand::random());
                    let why = said(error);
                    tracing::error!(task = name, why, again_in = ?wait, "task died; starting it again");
                    lock(&place.kept).died(now, why);
                    wait
                }
                End::Hung(what, left) => {
                    tracing::error!(
                        task = name,
                        at = what,
                        "task hung, no progress for {:?}; replaced",
                        Beat::LONGEST
                    );
                    lock(&place.kept).hung(now, ran, what);
                    if let Some(handle) = left {
                        tracing::error!(task = name, "the hung task cannot be ended; its thread is lost");
                        leave_behind(handle, place, now);
                    }
                    Duration::ZERO
                }
            };
            tokio::select! { () = self.stop.cancelled() => return, () = self.clock.sleep(wait) => {} }
        }
    }

    async fn until_end(&self, mut handle: JoinHandle<()>, beat: &Beat, place: &Place) -> End {
        let mut hang = Hang::default();
        loop {
            tokio::select! {
                ended = &mut handle => return ended.map_or_else(End::Died, |()| End::Ended),
                () = self.clock.sleep(LOOK) => {}
            }
            let pulse = beat.pulse();
            // At a stop a task has as long as the stop gives it.
            let hangs = hang.look(pulse) && !self.stop.is_cancelled();
            lock(&place.kept).stuck = hang.stuck();
            if hangs {
                handle.abort();
                let ended = tokio::select! {
                    _ = &mut handle => true,
                    () = self.clock.sleep(LET_GO) => false,
                };
                return End::Hung(pulse.what, (!ended).then_some(handle));
            }
        }
    }
}

/// Keeps in mind a task that cannot be ended, until it does.
fn leave_behind(handle: JoinHandle<()>, place: &Place, now: Duration) {
    lock(&place.kept).left_behind.push_back(now);
    let kept = Arc::clone(&place.kept);
    tokio::spawn(async move {
        let _ = handle.await;
        lock(&kept).left_behind.pop_front();
    });
}

/// What a task that panicked said.
fn said(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "it was cancelled".to_owned() };
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.as_deref().unwrap_or("without words"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Times, oldest first.
type Times = VecDeque<Duration>;

#[cfg(test)]
mod tests;
