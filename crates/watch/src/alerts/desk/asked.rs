//! What people ask of alerts, by page, mail or command line.

use posthaste_lists::Answers;
use posthaste_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Alerts, Desk};
use crate::alerts::message::{moment, span};
use crate::alerts::outbox::Parcel;
use crate::alerts::{
    Ack, AlertState, Event, Group, Happening, Incident, Kind, Level, Moment, PathHealth, Window, Words, token,
};

/// All there is to show.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Overview {
    /// The worst of all.
    pub state: AlertState,
    /// Open incidents.
    pub incidents: Vec<Shown>,
    /// An open maintenance window; its times are wall times.
    pub window: Option<Window>,
    /// True while the exit check after a window has not passed.
    pub exit_check: bool,
    /// The ways out, and how they do; times are wall times.
    pub paths: Vec<(String, PathHealth)>,
}

/// One open incident, to be shown. Times are wall times.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Shown {
    /// Its number.
    pub id: u32,
    /// How it stands.
    pub state: AlertState,
    /// How bad it is.
    pub level: Level,
    /// The rule that says most.
    pub alert: String,
    /// True if members notice it.
    pub symptom: bool,
    /// Since when.
    pub since: Timestamp,
    /// In a sentence.
    pub text: String,
    /// What is suspected.
    pub cause: String,
    /// One command that shows more.
    pub look: String,
    /// Who looks after it.
    pub owner: String,
    /// Who has it.
    pub ack: Option<Ack>,
    /// When the ack runs out.
    pub ack_until: Option<Timestamp>,
    /// When who is told next.
    pub next: Option<Timestamp>,
    /// When what waits will be gone, for one that recovers.
    pub eta_seconds: Option<u64>,
    /// The public was told.
    pub public: bool,
    /// A drill.
    pub drill: bool,
}

/// What everybody may know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PublicStatus {
    /// List mail is not being delivered, or not being accepted.
    pub trouble: bool,
    /// It has been so for an hour and nobody has answered: say so on every page.
    pub banner: bool,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Planned work, until when and why.
    pub maintenance: Option<(Timestamp, String)>,
}

/// Whether a way to somebody works.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Proof {
    /// Who.
    pub contact: String,
    /// Which way.
    pub path: String,
    /// What the other side said.
    pub answer: Option<String>,
    /// Why it does not work.
    pub error: Option<String>,
}

impl Alerts {
    /// All there is to show.
    pub fn overview(&self) -> Overview {
        let now = self.moment();
        let desk = self.lock();
        let state = &desk.state;
        let wall = |window: &Window| Window {
            from: now.wall_of(window.from),
            until: now.wall_of(window.until),
            ..window.clone()
        };
        let paths = state.memory.paths.iter().map(|(path, health)| {
            let wall = |at: Option<Timestamp>| at.map(|at| now.wall_of(at));
            let health = PathHealth {
                proved: wall(health.proved),
                broken: wall(health.broken),
                error: health.error.clone(),
            };
            (path.clone(), health)
        });
        Overview {
            state: state.overall(now.steady),
            incidents: state.open.iter().map(|i| desk.show(i, now)).collect(),
            window: state.window.as_ref().map(wall),
            exit_check: state.exit.is_some(),
            paths: paths.collect(),
        }
    }

    /// What everybody may know.
    pub fn public_status(&self) -> PublicStatus {
        let now = self.moment();
        let desk = self.lock();
        let bad = desk.state.open.iter().filter(|i| {
            matches!(i.group, Group::Delivery | Group::Accepting)
                && i.told == Some(Level::Critical)
                && i.recovering.is_none()
                && !i.drill
        });
        let since = bad.clone().map(Incident::since).min();
        PublicStatus {
            trouble: since.is_some(),
            banner: bad.clone().any(|i| i.public),
            since,
            maintenance: desk.state.window.as_ref().map(|w| (now.wall_of(w.until), w.why.clone())),
        }
    }

    /// The incident that this token takes, and for whom the token was made; `None` unless we made it and the incident
    /// is open.
    pub fn verify(&self, token: &str) -> Option<(Shown, String)> {
        let now = self.moment();
        let desk = self.lock();
        let (incident, who) = token::verify(&self.key, token, &desk.state.open, desk.names().into_iter())?;
        Some((desk.show(incident, now), who))
    }

    /// Takes an incident for `by`. The answer is a sentence for people.
    pub fn ack(&self, id: u32, by: &str, note: &str) -> Result<String, String> {
        let now = self.moment();
        let mut desk = self.lock();
        let setup = desk.setup.clone();
        let actions = desk.state.ack(id, by, note, &setup.policy, now)?;
        self.absorb(&mut desk, actions, now);
        drop(desk);
        self.wake.notify_one();
        let expires = moment(now.wall.plus(setup.policy.ack_expires));
        Ok(format!("Incident {id} is yours, {by}. If it lasts, everybody is told again at {expires}."))
    }

    /// The same by a link or an answer to a mail: the token says who.
    pub fn ack_by_token(&self, token: &str, note: &str) -> Result<String, String> {
        let (shown, who) =
            self.verify(token).ok_or("this link means nothing any more: the incident is over")?;
        self.ack(shown.id, &who, note)
    }

    /// Says whether a page was needed: what the report's precision is made of.
    pub fn judge(&self, id: u32, needed: bool, by: &str) -> String {
        let text = if needed { "action needed" } else { "no action needed" };
        self.note(Event::new(self.clock.now(), Some(id), Happening::Judged, text).by(by));
        format!("Noted for incident {id}: {text}.")
    }

    /// Opens a maintenance window. Its times are wall times.
    pub fn open_window(&self, window: Window) -> String {
        let now = self.moment();
        let until = now.steady.plus(window.until.since(now.wall));
        let said = format!(
            "Maintenance until {}: causes are silent, mail that does not come is not.",
            moment(window.until)
        );
        let mut desk = self.lock();
        let actions = desk.state.open_window(Window { from: now.steady, until, ..window }, now);
        self.absorb(&mut desk, actions, now);
        drop(desk);
        self.wake.notify_one();
        said
    }

    /// Ends the maintenance window; the exit check begins.
    pub fn close_window(&self, who: &str) -> Result<String, String> {
        let now = self.moment();
        let mut desk = self.lock();
        let actions = desk.state.close_window(who, now);
        if actions.is_empty() {
            return Err("no maintenance window is open".to_owned());
        }
        self.absorb(&mut desk, actions, now);
        drop(desk);
        self.wake.notify_one();
        Ok("Ended. If mail does not flow within three minutes, somebody is paged.".to_owned())
    }

    /// Withholds the canary from the alerts, as if it did not come back, until somebody answers or 15 minutes pass.
    pub fn fire_drill(&self, by: &str) -> Result<String, String> {
        let now = self.moment();
        let mut desk = self.lock();
        if let Some(open) = desk.state.open.iter().find(|i| i.group == Group::Delivery) {
            return Err(format!(
                "incident {} is open; a drill would be mistaken for it, or it for a drill",
                open.id
            ));
        }
        if desk.state.drill.is_some() {
            return Err("a drill is under way".to_owned());
        }
        desk.state.drill = Some(now.steady);
        let event =
            Event::new(now.wall, None, Happening::Drilled, "a fire drill begins: the canary is withheld")
                .by(by);
        desk.events.push(event);
        drop(desk);
        self.wake.notify_one();
        Ok("The canary is withheld. The first person is paged within a minute; posthaste alerts report shows how long \
            each step took."
            .to_owned())
    }

    /// Tries every way to `contact`, or to everybody, at the same time.
    pub async fn test(&self, contact: Option<&str>) -> Vec<Proof> {
        let now = self.moment();
        let (setup, parcels) = {
            let mut desk = self.lock();
            let setup = desk.setup.clone();
            let facts = desk.state.facts.clone();
            let words = Words { facts: &facts, policy: &setup.policy, window: None, now };
            let mut parcels = Vec::new();
            let wanted = setup
                .policy
                .contacts
                .iter()
                .filter(|c| contact.is_none_or(|name| c.name.eq_ignore_ascii_case(name)));
            for person in wanted {
                for target in &person.targets {
                    let serial = desk.outbox.next();
                    parcels.push(Parcel {
                        serial,
                        notice: serial,
                        contact: person.name.clone(),
                        target: target.clone(),
                        message: words.test(&person.name),
                        token: None,
                        due: now.steady,
                        since: now.steady,
                        failed: 0,
                    });
                }
            }
            (setup, parcels)
        };
        let tries = parcels.iter().map(|parcel| async {
            let said = self.send(&setup, parcel).await;
            let path = parcel.target.to_string();
            self.proved(&path, &said);
            let text = match &said {
                Ok(answer) => format!("got through: {answer}"),
                Err(why) => format!("did NOT get through: {why}"),
            };
            let who = format!("{} ({path})", parcel.contact);
            self.note(Event::new(self.clock.now(), None, Happening::Tested, text).by(who));
            Proof { contact: parcel.contact.clone(), path, answer: said.clone().ok(), error: said.err() }
        });
        futures_util::future::join_all(tries).await
    }

    fn note(&self, event: Event) {
        self.lock().events.push(event);
        self.wake.notify_one();
    }
}

/// By mail; the token says who it was sent to.
impl Answers for Alerts {
    fn knows(&self, token: &str) -> bool {
        self.verify(token).is_some()
    }

    fn acknowledge(&self, token: &str, note: &str) -> Result<String, String> {
        self.ack_by_token(token, note)
    }
}

impl Desk {
    /// Everybody a token can be made for.
    fn names(&self) -> Vec<String> {
        let owners = self.state.open.iter().flat_map(|i| i.reached.owners.iter().cloned());
        self.setup.policy.contacts.iter().map(|c| c.name.clone()).chain(owners).collect()
    }

    fn show(&self, incident: &Incident, now: Moment) -> Shown {
        let policy = &self.setup.policy;
        let words = Words { facts: &self.state.facts, policy, window: None, now };
        let message = words.message(incident, Kind::Notice);
        let main = incident.main().map(|line| &line.finding);
        let ack = incident.ack.as_ref();
        let state = incident.state(now.steady);
        let eta = self.last.stages.iter().filter_map(|s| s.eta_seconds).max();
        Shown {
            id: incident.id,
            state,
            level: incident.level(now.steady).or(incident.told).unwrap_or(Level::Degraded),
            alert: main.map(|f| f.alert.to_string()).unwrap_or_default(),
            symptom: incident.told == Some(Level::Critical)
                && matches!(incident.group, Group::Delivery | Group::Accepting),
            since: incident.since(),
            text: message
                .subject
                .split_once(": ")
                .map_or(message.subject.clone(), |(_, text)| text.to_owned()),
            cause: main.map(|f| f.text.clone()).unwrap_or_default(),
            look: main.map(|f| f.command.clone()).unwrap_or_default(),
            owner: main.and_then(|f| f.owner.clone()).unwrap_or_else(|| policy.owner.clone()),
            ack: ack.map(|ack| Ack { at: now.wall_of(ack.at), ..ack.clone() }),
            ack_until: ack.map(|ack| now.wall_of(ack.at).plus(policy.ack_expires)),
            next: incident.ladder.as_ref().map(|ladder| now.wall_of(ladder.next(policy).1)),
            eta_seconds: eta.filter(|_| state == AlertState::Recovering),
            public: incident.public,
            drill: incident.drill,
        }
    }
}

impl Shown {
    /// How long it has been so, for people.
    pub fn lasted(&self, now: Timestamp) -> String {
        span(now.since(self.since))
    }
}
