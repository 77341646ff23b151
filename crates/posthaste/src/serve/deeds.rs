//! What people do to the queue, to alerts and with maintenance windows, for the audit log. Written beside the deed: a database
//! that is away holds up nobody who mends something.

use std::time::Duration;

use posthaste_model::Timestamp;
use posthaste_store::{AuditEntry, Store};
use serde_json::{Value, json};

use crate::control::{AlertRequest, Request};

/// So long the database may take to write it down.
const PATIENCE: Duration = Duration::from_secs(10);

/// A deed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Deed {
    pub(crate) action: &'static str,
    /// The list-id; empty if it concerns no list.
    pub(crate) list: String,
    pub(crate) object: String,
    pub(crate) became: Value,
}

impl Deed {
    /// One that has an object and no more.
    pub(crate) fn new(action: &'static str, object: impl Into<String>) -> Self {
        Self { action, list: String::new(), object: object.into(), became: Value::Null }
    }

    fn with(self, became: Value) -> Self {
        Self { became, ..self }
    }

    fn of(self, list: &str) -> Self {
        Self { list: super::list_id(list).to_string(), ..self }
    }

    /// What this request does, if it is a deed.
    pub(super) fn of_request(request: &Request) -> Option<Self> {
        Some(match request {
            Request::Retry { id } => Self::new("queue retry", id.to_string()),
            Request::Remove { id } => Self::new("queue rm", id.to_string()),
            Request::SetAside { id, why } => {
                Self::new("queue move", id.to_string()).with(json!({ "why": why }))
            }
            Request::RetryMany { which } => Self::new("queue retry", "").with(json!(which)),
            Request::RemoveMany { which } => Self::new("queue rm", "").with(json!(which)),
            Request::Pause { stage } => Self::new("queue pause", stage.name()),
            Request::Resume { stage } => Self::new("queue resume", stage.name()),
            Request::PauseList { list } => Self::new("queue pause", "").of(list),
            Request::ResumeList { list } => Self::new("queue resume", "").of(list),
            Request::PauseDestination { domain } => Self::new("queue pause", domain),
            Request::ResumeDestination { domain } => Self::new("queue resume", domain),
            Request::Alerts { ask } => return Self::of_alerts(ask),
            _ => return None,
        })
    }

    fn of_alerts(ask: &AlertRequest) -> Option<Self> {
        Some(match ask {
            AlertRequest::Ack { id, note, .. } => {
                Self::new("alert ack", format!("incident {id}")).with(json!({ "note": note }))
            }
            AlertRequest::FireDrill { .. } => Self::new("fire drill", ""),
            AlertRequest::OpenWindow { window } => Self::new("maintenance start", &window.why)
                .with(json!({ "until": window.until, "affects": window.affects })),
            AlertRequest::CloseWindow { .. } => Self::new("maintenance end", ""),
            AlertRequest::Announce { subject, .. } => Self::new("maintenance announce", subject),
            AlertRequest::Overview | AlertRequest::Test { .. } | AlertRequest::Judge { .. } => return None,
        })
    }

    /// Writes it down, soon: `who` did it at `at`.
    pub(crate) fn note(self, store: &Store, who: String, at: Timestamp) {
        let store = store.clone();
        let Self { action, list, object, became } = self;
        let entry = AuditEntry { at, who, action: action.to_owned(), list, object, was: Value::Null, became };
        tokio::spawn(async move {
            match tokio::time::timeout(PATIENCE, store.audit(&entry)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, action = entry.action, "what was done is not in the audit log");
                }
                Err(_) => tracing::warn!(
                    action = entry.action,
                    "what was done is not in the audit log: the database gave no answer"
                ),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use posthaste_model::Stage;

    use super::*;

    #[test]
    fn hands_on_the_queue_and_on_alerts_are_deeds_and_questions_are_not() {
        let told = |request: &Request| Deed::of_request(request).map(|d| (d.action, d.list, d.object));
        let list = |name: &str| Request::PauseList { list: name.into() };
        let deed = |action, list: &str, object: &str| Some((action, list.to_owned(), object.to_owned()));
        assert_eq!(told(&Request::Pause { stage: Stage::Out }), deed("queue pause", "", "out"));
        assert_eq!(told(&list("Dev@x.org")), deed("queue pause", "dev.x.org", ""));
        let ask = AlertRequest::Ack { id: 3, by: "Anne".into(), note: String::new() };
        assert_eq!(told(&Request::Alerts { ask }), deed("alert ack", "", "incident 3"));
        for question in [Request::Status, Request::Vitals, Request::Alerts { ask: AlertRequest::Overview }] {
            assert_eq!(told(&question), None);
        }
    }
}
