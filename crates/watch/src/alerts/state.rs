//! The state machine: from what the rules say, and what was before, to what is done now.

use std::collections::BTreeMap;
use std::time::Duration;

use posthaste_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::rules::{EXIT, canary_is_green, is_calm};
use super::{
    Ack, AlertState, Event, Facts, Finding, Group, Happening, Incident, Kind, Ladder, Level, Memory, Message,
    Policy, Rung, View, Words, judge,
};
use crate::Vitals;

/// A moment on two clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// What decisions go by: goes forward with the monotonic clock and never jumps; over a restart it goes on where
    /// the wall clock says.
    pub steady: Timestamp,
    /// What people read.
    pub wall: Timestamp,
}

/// Everything that is known about alerts; kept over restarts. Times are steady.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The number of the incident opened last.
    pub last_id: u32,
    /// Open incidents, at most one in each group.
    pub open: Vec<Incident>,
    /// By group: when told trouble came or went in the last hour.
    changes: BTreeMap<Group, Vec<Timestamp>>,
    /// What the rules remember.
    pub memory: Memory,
    /// The figures seen last.
    pub facts: Facts,
    /// The open maintenance window.
    pub window: Option<Window>,
    /// When the last window ended, while its exit check has not passed.
    pub exit: Option<Timestamp>,
    /// Since when a fire drill is under way.
    pub drill: Option<Timestamp>,
    /// When the last self-test was.
    pub tested: Option<Timestamp>,
}

/// A maintenance window: causes are silent within it, the symptom is not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Window {
    /// Since when.
    pub from: Timestamp,
    /// Until when, at most 24 h later.
    pub until: Timestamp,
    /// Who opened it.
    pub who: String,
    /// Why.
    pub why: String,
    /// What it is about: `db=m5`, `relay=mx1`.
    pub affects: Vec<String>,
}

/// What is to be done.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Tell people.
    Send(Notice),
    /// Write down.
    Record(Event),
}

/// A message and whom it is for.
#[derive(Clone, PartialEq, Debug)]
pub struct Notice {
    /// The message.
    pub message: Message,
    /// Contacts up to this step, channels included; `None` for no contact.
    pub step: Option<u8>,
    /// Owners of dependencies as well.
    pub owners: Vec<String>,
}

/// A degraded state that lasts is told again so often.
const DAILY: Duration = Duration::from_hours(24);
/// Changes older than this are forgotten.
const HOUR: Duration = Duration::from_hours(1);

impl Moment {
    /// The wall time of a steady time that is past, or not far off.
    pub fn wall_of(&self, steady: Timestamp) -> Timestamp {
        if steady <= self.steady {
            self.wall.minus(self.steady.since(steady))
        } else {
            self.wall.plus(steady.since(self.steady))
        }
    }
}

impl State {
    /// Looks once. `vitals` are new ones, or `None` if nothing new is known since the last look.
    pub fn step(&mut self, policy: &Policy, vitals: Option<&Vitals>, now: Moment) -> Vec<Action> {
        let mut actions = Vec::new();
        self.memory.seen.get_or_insert(now.steady);
        self.end_window_in_time(now, &mut actions);
        if let Some(vitals) = vitals {
            let told = self.delays_are_known(now.steady);
            self.memory.observe(vitals, told, now.steady);
            self.facts = Facts::of(vitals);
            self.check_exit(vitals, now, &mut actions);
        }
        let nothing = Vitals::default();
        let seen = vitals.unwrap_or(&nothing);
        let paths = policy.contacts.iter().map(|c| c.targets.len()).sum();
        let paged = self.open.iter().any(|i| i.group == Group::Delivery && i.told == Some(Level::Critical));
        let view = View { vitals: seen, memory: &self.memory, paged, exit: self.exit, paths, now };
        let mut findings: BTreeMap<Group, Vec<Finding>> = BTreeMap::new();
        for finding in judge(&view, vitals.is_some()) {
            findings.entry(finding.alert.group()).or_default().push(finding);
        }
        let calm = vitals.map(is_calm);
        for group in Group::ALL {
            // Without data nothing has healed: other groups stay as they are.
            let fresh = vitals.is_some() || group == Group::Watching;
            let said = fresh.then(|| findings.remove(&group).unwrap_or_default());
            let calm = if group == Group::Delivery { calm.unwrap_or(false) } else { true };
            self.group(group, said, calm, policy, now, &mut actions);
        }
        actions
    }

    /// Somebody takes an incident. Says so to everybody who was told.
    pub fn ack(
        &mut self,
        id: u32,
        by: &str,
        note: &str,
        policy: &Policy,
        now: Moment,
    ) -> Result<Vec<Action>, String> {
        let words = Words { facts: &self.facts, policy, window: self.window.as_ref(), now };
        let incident =
            self.open.iter_mut().find(|i| i.id == id).ok_or_else(|| {
                format!("incident {id} is not open; posthaste alerts ls shows those that are")
            })?;
        let Some(level) = incident.told else {
            return Err(format!(
                "incident {id} was not told to anybody yet; there is nothing to acknowledge"
            ));
        };
        incident.ack = Some(Ack { by: by.to_owned(), note: note.to_owned(), at: now.steady, level });
        incident.ladder = None;
        let text = if note.is_empty() { "taken".to_owned() } else { note.to_owned() };
        let event = Event::new(now.wall, Some(id), Happening::Acked, text).by(by);
        let mut actions = vec![Action::Record(event)];
        if level == Level::Critical {
            let message = words.message(incident, Kind::Acked);
            actions.push(Action::Send(Notice::to_all_told(message, incident)));
        }
        Ok(actions)
    }

    /// Opens a maintenance window, or changes the open one.
    pub fn open_window(&mut self, window: Window, now: Moment) -> Vec<Action> {
        let affects = if window.affects.is_empty() {
            String::new()
        } else {
            format!(" ({})", window.affects.join(", "))
        };
        let text = format!("until {}: {}{affects}", now.wall_of(window.until), window.why);
        let event = Event::new(now.wall, None, Happening::WindowOpened, text).by(window.who.clone());
        self.window = Some(window);
        vec![Action::Record(event)]
    }

    /// Ends the window; the exit check begins.
    pub fn close_window(&mut self, who: &str, now: Moment) -> Vec<Action> {
        if self.window.take().is_none() {
            return vec![];
        }
        self.exit = Some(now.steady);
        let text = "ended; the exit check waits for mail to flow";
        vec![Action::Record(Event::new(now.wall, None, Happening::WindowClosed, text).by(who))]
    }

    /// Nobody was reached by the last rung of this incident.
    pub fn hurry(&mut self, id: u32) {
        if let Some(ladder) = self.open.iter_mut().find(|i| i.id == id).and_then(|i| i.ladder.as_mut()) {
            ladder.hurry();
        }
    }

    /// How the worst of the open incidents stands, `Ok` if there is none.
    pub fn overall(&self, now: Timestamp) -> AlertState {
        let rank = |state: &AlertState| match state {
            AlertState::Ok => 0,
            AlertState::Pending => 1,
            AlertState::Maintenance => 2,
            AlertState::Recovering => 3,
            AlertState::Degraded => 4,
            AlertState::Unstable => 5,
            AlertState::Unknown => 6,
            AlertState::Acked => 7,
            AlertState::Critical => 8,
        };
        self.open.iter().map(|i| i.state(now)).max_by_key(rank).unwrap_or(AlertState::Ok)
    }

    fn group(
        &mut self,
        group: Group,
        said: Option<Vec<Finding>>,
        calm: bool,
        policy: &Policy,
        now: Moment,
        actions: &mut Vec<Action>,
    ) {
        let window = self.window.is_some() || self.exit.is_some_and(|ended| now.steady.since(ended) <= EXIT);
        let at = self.open.iter().position(|i| i.group == group);
        let mut incident = match (at, &said) {
            (Some(at), _) => self.open.remove(at),
            (None, Some(said)) if !said.is_empty() => {
                self.last_id += 1;
                let mut incident = Incident::new(self.last_id, group, now.wall);
                incident.drill = self.drill.is_some() && group == Group::Delivery;
                let what = said.first().map(|f| format!("{}: {}", f.alert, f.text)).unwrap_or_default();
                actions.push(Action::Record(Event::new(now.wall, Some(incident.id), Happening::Seen, what)));
                incident
            }
            (None, _) => return,
        };
        if let Some(said) = said {
            incident.merge(said, window, now.steady);
        }
        incident.worst.worse(&self.facts);
        if incident.told.is_none() && incident.lines.is_empty() {
            let event =
                Event::new(now.wall, Some(incident.id), Happening::Passed, "healed before anybody was told");
            actions.push(Action::Record(event));
            return;
        }
        let mut turn = Turn { policy, facts: &self.facts, window: self.window.as_ref(), now, actions };
        let changes = self.changes.entry(group).or_default();
        let lasts = match incident.level(now.steady) {
            Some(level) => {
                turn.tell(&mut incident, level, changes);
                true
            }
            None if incident.told.is_none() => true,
            None => turn.ease(&mut incident, calm, changes),
        };
        if lasts {
            self.open.push(incident);
            self.open.sort_by_key(|i| i.id);
        }
    }

    /// Members know already that mail is late.
    fn delays_are_known(&self, now: Timestamp) -> bool {
        self.memory.explained(now) || self.open.iter().any(|i| i.group == Group::Delivery && i.told.is_some())
    }

    fn end_window_in_time(&mut self, now: Moment, actions: &mut Vec<Action>) {
        if self.window.as_ref().is_some_and(|w| w.until <= now.steady) {
            actions.extend(self.close_window("its time", now));
        }
    }

    fn check_exit(&mut self, vitals: &Vitals, now: Moment, actions: &mut Vec<Action>) {
        let Some(ended) = self.exit else { return };
        let back = vitals.canary.last_returned.is_some_and(|back| back > now.wall_of(ended));
        let passed = match canary_is_green(vitals) {
            Some(green) => green && back,
            None => is_calm(vitals) && vitals.dependencies.iter().all(|d| d.up),
        };
        if passed {
            self.exit = None;
            let text = "mail flows after the maintenance window";
            actions.push(Action::Record(Event::new(now.wall, None, Happening::ExitPassed, text)));
        }
    }
}

/// What a group needs to speak.
struct Turn<'a> {
    policy: &'a Policy,
    facts: &'a Facts,
    window: Option<&'a Window>,
    now: Moment,
    actions: &'a mut Vec<Action>,
}

impl Turn<'_> {
    /// Something is to be told, or was and lasts.
    fn tell(&mut self, incident: &mut Incident, level: Level, changes: &mut Vec<Timestamp>) {
        let steady = self.now.steady;
        let came = incident.told.is_none();
        if came || incident.recovering.take().is_some() {
            incident.calm = None;
            if !came {
                self.record(incident, Happening::Returned, "it is back");
            }
            self.change(incident, changes);
        }
        let new: Vec<(bool, Finding)> = incident
            .lines
            .iter()
            .filter(|l| !l.told && l.present && !l.silenced && steady.since(l.first) >= l.finding.hold)
            .map(|l| {
                let known = incident.lines.iter().any(|o| {
                    o.told && (o.finding.alert, &o.finding.subject) == (l.finding.alert, &l.finding.subject)
                });
                (known, l.finding.clone())
            })
            .collect();
        let ripe: Vec<_> = incident
            .ripe(steady)
            .map(|l| (l.finding.alert, l.finding.subject.clone(), l.finding.level))
            .collect();
        for line in &mut incident.lines {
            let key = (line.finding.alert, line.finding.subject.clone(), line.finding.level);
            line.told |= ripe.contains(&key);
        }
        incident.told = incident.told.max(Some(level));
        let expired = self.judge_ack(incident, level);
        if level == Level::Critical {
            self.page(incident, expired);
        } else if let Some(ladder) = &mut incident.ladder {
            ladder.rest(steady);
        }
        self.notice(incident, level, &new);
    }

    /// An ack is void when it got worse, and runs out. True if it ran out.
    fn judge_ack(&self, incident: &mut Incident, level: Level) -> bool {
        let Some(ack) = &incident.ack else { return false };
        let worse = ack.level < level;
        let old = self.now.steady.since(ack.at) >= self.policy.ack_expires;
        if worse || old {
            incident.ack = None;
        }
        old && !worse
    }

    fn page(&mut self, incident: &mut Incident, expired: bool) {
        if incident.ack.is_some() {
            return;
        }
        let steady = self.now.steady;
        let ladder = incident.ladder.get_or_insert_with(|| Ladder::begin(steady));
        ladder.resume(steady);
        let Some(rung) = ladder.climb(self.policy, steady) else { return };
        let step = ladder.step();
        incident.public |= ladder.is_public();
        let (kind, what) = match rung {
            Rung::First if incident.pages == 0 => (Kind::Page, Happening::Paged),
            Rung::First if expired => (Kind::AckExpired, Happening::AckExpired),
            rung => (Kind::Escalation(rung), Happening::Escalated),
        };
        incident.pages += 1;
        let owners = if step >= 3 { owners(incident) } else { vec![] };
        self.send(incident, kind, what, Some(step), owners);
    }

    /// Causes that are new are told in the channel and to their owners; under a page to their owners only.
    fn notice(&mut self, incident: &mut Incident, level: Level, new: &[(bool, Finding)]) {
        let fresh: Vec<_> =
            new.iter().filter(|(known, f)| !known && f.level == Level::Degraded).map(|(_, f)| f).collect();
        let owners: Vec<_> = fresh.iter().filter_map(|f| f.owner.clone()).collect();
        let daily = incident.ack.is_none()
            && incident.last_told.is_some_and(|told| self.now.steady.since(told) >= DAILY);
        if level == Level::Critical {
            if !owners.is_empty() {
                self.send(incident, Kind::Notice, Happening::Noticed, None, owners);
            }
        } else if incident.unstable {
            // Told once that it comes and goes.
        } else if !fresh.is_empty() || daily {
            self.send(incident, Kind::Notice, Happening::Noticed, Some(0), owners);
        }
    }

    /// Nothing is to be told now. False when the incident is over.
    fn ease(&mut self, incident: &mut Incident, calm: bool, changes: &mut Vec<Timestamp>) -> bool {
        let steady = self.now.steady;
        if let Some(ladder) = &mut incident.ladder {
            ladder.rest(steady);
        }
        if incident.lasts() {
            // A maintenance window keeps it silent.
            return true;
        }
        if incident.recovering.is_none() {
            incident.recovering = Some(steady);
            self.record(incident, Happening::Recovering, "the symptom is gone");
            self.change(incident, changes);
        }
        if !calm {
            incident.calm = None;
            return true;
        }
        let since = *incident.calm.get_or_insert(steady);
        let wait = if incident.unstable { self.policy.quiet } else { self.policy.calm };
        if steady.since(since) < wait {
            return true;
        }
        let words = self.words();
        let message = words.message(incident, Kind::Closed);
        self.record(incident, Happening::Closed, &message.line(None));
        self.actions.push(Action::Send(Notice::to_all_told(message, incident)));
        false
    }

    /// Told trouble came or went. Four times within an hour is one incident that comes and goes.
    fn change(&mut self, incident: &mut Incident, changes: &mut Vec<Timestamp>) {
        let steady = self.now.steady;
        changes.push(steady);
        changes.retain(|at| steady.since(*at) < HOUR);
        if changes.len() >= self.policy.changes && !incident.unstable && incident.told.is_some() {
            incident.unstable = true;
            let step = if incident.pages > 0 { incident.reached.step } else { 0 };
            self.send(incident, Kind::Unstable, Happening::Unstable, Some(step), vec![]);
        }
    }

    fn send(
        &mut self,
        incident: &mut Incident,
        kind: Kind,
        what: Happening,
        step: Option<u8>,
        owners: Vec<String>,
    ) {
        incident.last_told = Some(self.now.steady);
        incident.reached.step = incident.reached.step.max(step.unwrap_or(0));
        for owner in &owners {
            if !incident.reached.owners.contains(owner) {
                incident.reached.owners.push(owner.clone());
            }
        }
        let message = self.words().message(incident, kind);
        self.record(incident, what, &message.line(None));
        self.actions.push(Action::Send(Notice { message, step, owners }));
    }

    fn record(&mut self, incident: &Incident, what: Happening, text: &str) {
        self.actions.push(Action::Record(Event::new(self.now.wall, Some(incident.id), what, text)));
    }

    fn words(&self) -> Words<'_> {
        Words { facts: self.facts, policy: self.policy, window: self.window, now: self.now }
    }
}

impl Notice {
    fn to_all_told(message: Message, incident: &Incident) -> Self {
        Self { message, step: Some(incident.reached.step), owners: incident.reached.owners.clone() }
    }
}

/// Owners of the causes seen.
fn owners(incident: &Incident) -> Vec<String> {
    let mut owners: Vec<_> =
        incident.lines.iter().filter(|l| l.present).filter_map(|l| l.finding.owner.clone()).collect();
    owners.sort();
    owners.dedup();
    owners
}
