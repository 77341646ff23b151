//! From the outbox to the channels, each parcel in a task of its own.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::{Alerts, Setup};
use crate::alerts::channels::{self, Mail, Request};
use crate::alerts::outbox::Parcel;
use crate::alerts::{Event, Happening, Target};

/// What the heartbeat is called among the ways out.
pub(super) const HEARTBEAT: &str = "heartbeat";

/// What became of something that was sent.
pub(super) struct Outcome {
    /// The parcel; `None` for a heartbeat.
    parcel: Option<Parcel>,
    said: Result<String, String>,
}

impl Alerts {
    /// Sends every parcel whose time has come.
    pub(super) fn send_due(self: &Arc<Self>, done: &UnboundedSender<Outcome>) {
        let steady = self.moment().steady;
        let mut desk = self.lock();
        let busy = desk.busy.clone();
        for parcel in desk.outbox.due(&busy, steady) {
            desk.busy.insert(parcel.target.clone());
            let (alerts, setup, done) = (self.clone(), desk.setup.clone(), done.clone());
            tokio::spawn(async move {
                let said = alerts.send(&setup, &parcel).await;
                let _ = done.send(Outcome { parcel: Some(parcel), said });
            });
        }
    }

    /// One try on one way.
    pub(super) async fn send(&self, setup: &Setup, parcel: &Parcel) -> Result<String, String> {
        let token = parcel.token.as_deref();
        let link = token.zip(setup.policy.base_url.as_ref()).map(|(token, base)| format!("{base}/a/{token}"));
        match &parcel.target {
            Target::Mail(to) => {
                let pool = setup.pool.as_ref().ok_or("no relay for alerts is configured")?;
                let reply_to = token.zip(setup.reply_domain.as_ref()).map(|(token, domain)| {
                    format!("{ANSWERS}+{token}@{domain}", ANSWERS = posthaste_lists::ANSWERS)
                });
                let mail = Mail {
                    message: &parcel.message,
                    from: &setup.from,
                    to,
                    link: link.as_deref(),
                    reply_to: reply_to.as_deref(),
                    host: &parcel.message.host,
                    serial: parcel.serial,
                    at: self.clock.now(),
                };
                channels::send_mail(pool, &self.clock, &mail).await
            }
            Target::Webhook(contact) => {
                let hook = setup.webhooks.get(contact).ok_or("no webhook is configured any more")?;
                let at = self.clock.now();
                let made = channels::request(hook, &parcel.message, link.as_deref(), parcel.serial, at);
                channels::send_http(made).await
            }
        }
    }

    /// Takes note of what became of it.
    pub(super) fn settle(&self, outcome: Outcome) {
        let now = self.moment();
        let Outcome { parcel, said } = outcome;
        let way = parcel.as_ref().map_or(HEARTBEAT.to_owned(), |p| p.target.to_string());
        self.proved(&way, &said);
        let Some(parcel) = parcel else { return };
        let mut desk = self.lock();
        desk.busy.remove(&parcel.target);
        let (id, who) = (parcel.message.incident, format!("{} ({way})", parcel.contact));
        match said {
            Ok(answer) => {
                if desk.outbox.sent(parcel.serial).is_some() {
                    desk.events.push(Event::new(now.wall, id, Happening::Delivered, answer).by(who));
                }
            }
            Err(why) => {
                let Some(failure) = desk.outbox.failed(parcel.serial, now.steady) else { return };
                if failure.parcel.failed == 1 || failure.parcel.failed.is_multiple_of(10) {
                    tracing::warn!(contact = parcel.contact, why, "an alert did not get through");
                    desk.events.push(Event::new(now.wall, id, Happening::Failed, why).by(who));
                }
                if let Some(incident) = failure.nobody {
                    desk.state.hurry(incident);
                }
            }
        }
    }

    /// How a way did.
    pub(super) fn proved(&self, way: &str, said: &Result<String, String>) {
        let now = self.moment().steady;
        let mut desk = self.lock();
        // Owners of lists and of other things are told, and their addresses are not ours to watch over.
        let ours = desk.setup.policy.contacts.iter().flat_map(|c| &c.targets).any(|t| t.to_string() == way);
        if !ours && way != HEARTBEAT {
            return;
        }
        let health = desk.state.memory.paths.entry(way.to_owned()).or_default();
        match said {
            Ok(_) => {
                health.proved = Some(now);
                (health.broken, health.error) = (None, None);
            }
            Err(why) => {
                health.broken.get_or_insert(now);
                health.error = Some(why.clone());
            }
        }
    }
}

/// Tells the outside that all is well.
pub(super) fn beat(url: String, done: UnboundedSender<Outcome>) {
    let request = Request { method: "GET", url, ..Request::default() };
    tokio::spawn(async move {
        let said = channels::send_http(request).await;
        let _ = done.send(Outcome { parcel: None, said });
    });
}
