//! The shell around the pure step: takes vitals, keeps the state, sends what is to be sent, answers questions.

mod asked;
mod owners;
mod sending;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthaste_model::{Clock, Timestamp};
use posthaste_smtp::client::Pool;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use self::sending::Outcome;
use super::channels::Webhook;
use super::outbox::Outbox;
use super::rules::{canary_is_green, is_calm};
use super::shelf::{Page, Saved, Shelf};
use super::{Action, Event, Group, Happening, Moment, Policy, State, Target, token};
use crate::{Key, Keys, Vitals};

pub use self::asked::{Overview, Proof, PublicStatus, Shown};

/// How often alerts look.
const EVERY: Duration = Duration::from_secs(1);
/// How often the state is kept when nothing happens.
const KEEP: Duration = Duration::from_mins(1);
/// At a stop, how long what is on its way may take.
const PARTING: Duration = Duration::from_secs(5);
/// A fire drill that nobody answers ends.
const DRILL: Duration = Duration::from_mins(15);
const DAY: i64 = 86_400;

/// What the configuration says of alerts.
#[derive(Clone, Default)]
pub struct Setup {
    /// Who is told when.
    pub policy: Policy,
    /// Our address.
    pub from: String,
    /// The relay for alerts, with connections of its own; `None`: no mail.
    pub pool: Option<Arc<Pool>>,
    /// By contact.
    pub webhooks: BTreeMap<String, Webhook>,
    /// What is asked for while all is well, so that its silence is heard elsewhere.
    pub heartbeat: Option<String>,
    /// How often.
    pub heartbeat_every: Duration,
    /// The domain where answers by mail arrive; `None`: none do.
    pub reply_domain: Option<String>,
    /// The day of the weekly self-test, 0 for Sunday.
    pub self_test: Option<u8>,
}

/// Alerts of a running server.
pub struct Alerts {
    clock: Arc<dyn Clock>,
    key: Key,
    shelf: Shelf,
    desk: Mutex<Desk>,
    /// Somebody acted; do not wait for the next second.
    wake: Notify,
}

struct Desk {
    setup: Arc<Setup>,
    state: State,
    outbox: Outbox,
    /// Wall time and monotonic time of one moment, which steady time goes on from.
    base: (Timestamp, Duration),
    /// Not yet written.
    events: Vec<Event>,
    /// Ways that are in use.
    busy: BTreeSet<Target>,
    kept: Timestamp,
    beaten: Option<Timestamp>,
    last: Arc<Vitals>,
}

impl Alerts {
    /// Takes up what was known when the server stopped. `state` is the state folder.
    pub fn open(state: &Path, keys: &Keys, setup: Setup, clock: Arc<dyn Clock>) -> Arc<Self> {
        let shelf = Shelf::new(state);
        let saved = shelf.read();
        // Steady time never goes back, whatever the wall clock says after a restart.
        let base = (clock.now().max(saved.steady), clock.monotonic());
        let mut state = saved.state;
        // Nothing was known while we were away, and that is over.
        state.memory.seen = Some(base.0);
        // The first self-test of a new server is that of the next week; the operator's own comes before.
        state.tested.get_or_insert(base.0);
        let started = Event::new(clock.now(), None, Happening::Started, "alerts watch again");
        let desk = Desk {
            setup: Arc::new(setup),
            state,
            outbox: saved.outbox,
            base,
            events: vec![started],
            busy: BTreeSet::new(),
            kept: base.0,
            beaten: None,
            last: Arc::default(),
        };
        let key = keys.key("alert ack");
        let alerts = Self { clock, key, shelf, desk: Mutex::new(desk), wake: Notify::new() };
        alerts.lock().forget_old_ways();
        Arc::new(alerts)
    }

    /// Other settings from now on.
    pub fn reconfigure(&self, setup: Setup) {
        let mut desk = self.lock();
        desk.setup = Arc::new(setup);
        desk.forget_old_ways();
    }

    /// Watches until `stop`.
    pub async fn run(self: Arc<Self>, mut vitals: watch::Receiver<Arc<Vitals>>, stop: CancellationToken) {
        let writer = self.shelf.writer();
        let (done, mut outcomes) = mpsc::unbounded_channel();
        self.lock().busy.clear();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.clock.sleep(EVERY) => {
                    let fresh = vitals.has_changed().unwrap_or(false).then(|| vitals.borrow_and_update().clone());
                    self.look(fresh);
                }
                () = self.wake.notified() => {}
                Some(outcome) = outcomes.recv() => self.settle(outcome),
            }
            self.send_due(&done);
            self.beat(&done);
            self.test_weekly();
            self.keep(&writer, false);
        }
        // What is on its way is not sent again after the next start, if it gets through now.
        let mut parting = self.clock.sleep(PARTING);
        while !self.lock().busy.is_empty() {
            tokio::select! {
                Some(outcome) = outcomes.recv() => self.settle(outcome),
                () = &mut parting => break,
            }
        }
        self.keep(&writer, true);
    }

    /// One look.
    fn look(&self, fresh: Option<Arc<Vitals>>) {
        let now = self.moment();
        let mut desk = self.lock();
        let shown = fresh.map(|vitals| desk.stage_drill(&vitals, now));
        let setup = desk.setup.clone();
        let actions = desk.state.step(&setup.policy, shown.as_deref(), now);
        self.absorb(&mut desk, actions, now);
    }

    fn absorb(&self, desk: &mut Desk, actions: Vec<Action>, now: Moment) {
        let setup = desk.setup.clone();
        for action in actions {
            match action {
                Action::Record(event) => {
                    tracing::info!(incident = event.incident, what = ?event.what, "{}", event.text);
                    desk.events.push(event);
                }
                Action::Send(notice) => {
                    let id = notice.message.incident;
                    let incident = desk.state.open.iter().find(|i| Some(i.id) == id).cloned();
                    let made = |contact: &str| incident.as_ref().map(|i| token::token(&self.key, i, contact));
                    desk.outbox.post(&notice, &setup.policy, now.steady, made);
                }
            }
        }
    }

    fn keep(&self, writer: &std::sync::mpsc::Sender<Page>, now: bool) {
        let steady = self.moment().steady;
        let mut desk = self.lock();
        let happened = !desk.events.is_empty();
        if happened {
            let open = desk.state.open.iter().map(|incident| incident.id).collect();
            let _ = writer.send(Page::Events(std::mem::take(&mut desk.events), open));
        }
        if happened || now || steady.since(desk.kept) >= KEEP {
            desk.kept = steady;
            let saved = Saved { state: desk.state.clone(), outbox: desk.outbox.clone(), steady };
            let _ = writer.send(Page::State(Box::new(saved)));
        }
    }

    /// While the canary sings somebody outside hears of it; without a canary, while mail flows.
    fn beat(&self, done: &mpsc::UnboundedSender<Outcome>) {
        let steady = self.moment().steady;
        let mut desk = self.lock();
        let Some(url) = desk.setup.heartbeat.clone() else { return };
        let known = desk.state.memory.seen.is_some_and(|seen| steady.since(seen) <= Duration::from_secs(30));
        let well = canary_is_green(&desk.last).unwrap_or_else(|| is_calm(&desk.last));
        let due = desk.beaten.is_none_or(|at| steady.since(at) >= desk.setup.heartbeat_every);
        if known && well && due && desk.last.at != Timestamp::default() {
            desk.beaten = Some(steady);
            sending::beat(url, done.clone());
        }
    }

    fn test_weekly(self: &Arc<Self>) {
        let now = self.moment();
        let due = {
            let mut desk = self.lock();
            let Some(day) = desk.setup.self_test else { return };
            let secs = now.wall.as_secs();
            let today = u8::try_from((secs.div_euclid(DAY) + 4).rem_euclid(7)).unwrap_or(0);
            let ago = desk.state.tested.map(|at| now.steady.since(at));
            let morning = today == day && secs.rem_euclid(DAY) >= 10 * 3600;
            let due = match ago {
                None => morning,
                Some(ago) => {
                    (morning && ago > Duration::from_hours(48)) || ago > Duration::from_hours(8 * 24)
                }
            };
            if due {
                desk.state.tested = Some(now.steady);
            }
            due
        };
        if due {
            let alerts = self.clone();
            tokio::spawn(async move { alerts.test(None).await });
        }
    }

    fn moment(&self) -> Moment {
        let (wall, mono) = (self.clock.now(), self.clock.monotonic());
        let base = self.lock().base;
        Moment { steady: base.0.plus(mono.saturating_sub(base.1)), wall }
    }

    fn lock(&self) -> MutexGuard<'_, Desk> {
        // What is kept here is changed in steps that do not panic halfway.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// The vitals as a fire drill shows them: the canary is withheld. Real trouble ends the drill.
    fn stage_drill(&mut self, vitals: &Arc<Vitals>, now: Moment) -> Arc<Vitals> {
        self.last = vitals.clone();
        let Some(began) = self.state.drill else { return vitals.clone() };
        let real = !is_calm(vitals) || vitals.dependencies.iter().any(|d| !d.up);
        let acked = self.state.open.iter().any(|i| i.drill && i.ack.is_some());
        if real || acked || now.steady.since(began) >= DRILL {
            let how = match (real, acked) {
                (true, _) => "broken off: there is real trouble",
                (_, true) => "over: somebody answered",
                _ => "over: nobody answered within 15 min",
            };
            self.state.drill = None;
            if real {
                self.state.open.iter_mut().for_each(|i| i.drill = false);
            }
            let id = self.state.open.iter().find(|i| i.group == Group::Delivery).map(|i| i.id);
            self.events.push(Event::new(now.wall, id, Happening::Drilled, how));
            return vitals.clone();
        }
        let mut shown = Vitals::clone(vitals);
        shown.canary.enabled = true;
        shown.canary.missing = 2 + u32::try_from(now.steady.since(began).as_secs() / 30).unwrap_or(0);
        shown.canary.last_returned = Some(now.wall_of(began));
        Arc::new(shown)
    }

    /// Ways that are configured no more are not broken.
    fn forget_old_ways(&mut self) {
        let setup = self.setup.clone();
        let ways: BTreeSet<String> =
            setup.policy.contacts.iter().flat_map(|c| &c.targets).map(Target::to_string).collect();
        let heartbeat = setup.heartbeat.is_some();
        self.state
            .memory
            .paths
            .retain(|way, _| ways.contains(way) || (heartbeat && way == sending::HEARTBEAT));
    }
}
