use std::sync::Arc;
use std::time::Duration;

use posthaste_lists::archive::Library;
use posthaste_lists::subscription::{Desk, DeskError, Verdict};
use posthaste_model::{EntryId, ListId};
use posthaste_spool::Spool;
use posthaste_watch::Watch;
use posthaste_watch::alerts::Alerts;
use posthaste_web::{Act, Acting, House, Looking, OpenAlert, Planned, Reply, Seen};
use tokio::runtime::Handle;

use super::aside::Aside;
use super::incidents::Incidents;
use super::known;
use super::moderating::{Counter, Wish};
use super::trends::trends;
use crate::serve::Deed;

/// How long ending a membership may take.
const PATIENCE: Duration = Duration::from_secs(6);

/// What stands in files, read in the background.
pub(super) struct Files {
    pub(super) aside: Aside,
    pub(super) incidents: Incidents,
}

/// The server behind the pages. What it is asked to do runs where the mail runs, not in the pages' thread.
pub(super) struct ServerHouse {
    watch: Arc<Watch>,
    spool: Arc<Spool>,
    desk: Desk,
    files: Files,
    alerts: Arc<Alerts>,
    counter: Counter,
    library: Option<Arc<Library>>,
    runtime: Handle,
}

impl ServerHouse {
    pub(super) fn new(
        watch: Arc<Watch>,
        spool: Arc<Spool>,
        desk: Desk,
        alerts: Arc<Alerts>,
        files: Files,
        counter: Counter,
    ) -> Self {
        Self { watch, spool, desk, alerts, files, counter, library: None, runtime: Handle::current() }
    }

    /// The same with an archive.
    pub(super) fn with_library(mut self, library: Option<Arc<Library>>) -> Self {
        self.library = library;
        self
    }
}

impl House for ServerHouse {
    fn see(&self) -> Seen {
        let overview = self.alerts.overview();
        let public = self.alerts.public_status();
        Seen {
            vitals: self.watch.latest(),
            trends: trends(&self.watch.samples()),
            quarantine: self.files.aside.rows(),
            alerts: known::alerts(&overview),
            incidents: self.files.incidents.all(),
            windows: known::windows(&overview),
            banner: public.since.filter(|_| public.banner),
            planned: public.maintenance.map(|(until, why)| Planned { why, until }),
        }
    }

    fn act(&self, act: Act) -> Acting<'_> {
        if let Act::SendReadingLink { list, address, link } = act {
            let desk = self.desk.clone();
            let said = format!(
                "If {address} belongs to a member of {list}, a mail with a link is on its way. It holds for half an hour."
            );
            // Nobody waits for it, so that the time it takes tells nothing of who is a member.
            self.runtime.spawn(async move {
                if let Err(error) = desk.send_reading_link(&list, &address, &link).await {
                    tracing::warn!(%error, "a link to the archive was not sent");
                }
            });
            return Box::pin(async move { Ok(said) });
        }
        let (spool, desk, alerts) = (self.spool.clone(), self.desk.clone(), self.alerts.clone());
        let counter = self.counter.clone();
        let done = self.runtime.spawn(async move { perform(&spool, &desk, &alerts, &counter, act).await });
        Box::pin(async move { done.await.unwrap_or_else(|error| Err(error.to_string())) })
    }

    fn library(&self) -> Option<Arc<Library>> {
        self.library.clone()
    }

    fn linked(&self, token: &str) -> Option<OpenAlert> {
        self.alerts.verify(token).map(|(shown, _)| known::alert(&shown))
    }

    fn held<'a>(&'a self, list: &ListId, number: i64, moderator: &str) -> Looking<'a> {
        let (counter, list, moderator) = (self.counter.clone(), list.clone(), moderator.to_owned());
        let seen = self.runtime.spawn(async move { counter.look(&list, number, &moderator).await });
        Box::pin(async move { seen.await.unwrap_or_else(|error| Err(error.to_string())) })
    }
}

async fn perform(
    spool: &Arc<Spool>,
    desk: &Desk,
    alerts: &Alerts,
    counter: &Counter,
    act: Act,
) -> Result<String, String> {
    match act {
        Act::Moderate { list, number, moderator, measure, reason, forward, preserve, force } => {
            let wish = Wish { measure, reason, forward, preserve, force };
            counter.decide(&list, number, &moderator, wish).await
        }
        Act::Retry { entry, by } => {
            let id = id(&entry)?;
            spool.retry(id).await.map_err(|error| error.to_string())?;
            tracing::info!(entry = %id, by, "taken back from quarantine by the operations page");
            counter.note(Deed::new("queue retry", id.to_string()), &by);
            Ok(format!("{id} is due now"))
        }
        Act::Remove { entry, by } => {
            let id = id(&entry)?;
            if !spool.quarantined().iter().any(|(aside, _)| *aside == id) {
                return Err("This entry is not in quarantine any more.".into());
            }
            spool.remove(id).await.map_err(|error| error.to_string())?;
            tracing::info!(entry = %id, by, "removed from quarantine by the operations page");
            counter.note(Deed::new("queue rm", id.to_string()), &by);
            Ok(format!("{id} removed"))
        }
        Act::Leave { list, member } => {
            let left = tokio::time::timeout(PATIENCE, desk.depart(&list, member)).await;
            let away = "The database does not answer; please try again in a minute.";
            match left {
                Ok(Ok(_)) => Ok(format!("You have left {list}.")),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "leaving by one click");
                    Err(away.into())
                }
                Err(_) => Err(away.into()),
            }
        }
        Act::Membership { token, reply } => {
            let answered = tokio::time::timeout(PATIENCE, answer(desk, &token, reply)).await;
            answered
                .ok()
                .and_then(Result::ok)
                .ok_or_else(|| "The database does not answer; please try again in a minute.".to_owned())
        }
        Act::Enable { list, member } => {
            let away = "The database does not answer; please try again in a minute.";
            match tokio::time::timeout(PATIENCE, desk.enable(&list, member)).await {
                Ok(Ok(true)) => Ok(format!("You will get the mail of {list} again.")),
                Ok(Ok(false)) => {
                    Ok(format!("You are not a member of {list} any more; you can join again at any time."))
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "switching mail on again");
                    Err(away.into())
                }
                Err(_) => Err(away.into()),
            }
        }
        Act::SendReadingLink { .. } => Err("This is done elsewhere.".into()),
        Act::Acknowledge { alert, by, note } => {
            let id = alert.parse().map_err(|_| "There is no such alert any more.")?;
            let said = alerts.ack(id, &by, &note)?;
            counter.note(Deed::new("alert ack", format!("incident {id}")), &by);
            Ok(said)
        }
        Act::AcknowledgeByLink { token, note } => {
            let whose = alerts.verify(&token);
            let said = alerts.ack_by_token(&token, &note)?;
            if let Some((shown, who)) = whose {
                counter.note(Deed::new("alert ack", format!("incident {}", shown.id)), &who);
            }
            Ok(said)
        }
    }
}

async fn answer(desk: &Desk, token: &str, reply: Reply) -> Result<String, DeskError> {
    let verdict = match reply {
        Reply::Never => return desk.leave_alone(token).await,
        Reply::Yes => None,
        Reply::Accept => Some(Verdict::Accept),
        Reply::Reject(reason) => Some(Verdict::Reject((!reason.is_empty()).then_some(reason))),
        Reply::Discard => Some(Verdict::Discard),
    };
    desk.answer(token, verdict.as_ref()).await.inspect_err(|error| tracing::warn!(%error, "membership page"))
}

fn id(text: &str) -> Result<EntryId, String> {
    text.parse().map_err(|_| "This is not the id of an entry.".to_owned())
}
