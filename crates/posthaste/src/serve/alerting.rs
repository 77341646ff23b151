//! The alerts of this configuration.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use posthaste_model::Clock;
use posthaste_smtp::client::{Login, Pool, Relay};
use posthaste_watch::Keys;
use posthaste_watch::alerts::channels::{Template, Webhook};
use posthaste_watch::alerts::{Alerts, Contact, Policy, Setup, Target};
use serde::Serialize;

use super::{Server, announce, reload};
use crate::cli::output::BadInput;
use crate::config::{self, Config};
use crate::control::{AlertRequest, Response};

/// Connections to the relay for alerts: so many mails can hang, and the next one still goes.
const CONNECTIONS: usize = 8;

/// Alerts as they were when the server stopped.
pub(super) fn open(config: &Config, state: &Path, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<Alerts>> {
    Ok(Alerts::open(state, &Keys::open(state)?, setup(config, clock)?, clock.clone()))
}

/// What the configuration says of alerts.
pub(super) fn setup(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Setup> {
    let alerts = &config.alerts;
    let owner = config.site.owner.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut contacts: Vec<_> = config.contacts.iter().map(contact).collect();
    if contacts.is_empty() && !owner.is_empty() {
        contacts.push(Contact {
            name: "site owner".to_owned(),
            step: 1,
            targets: vec![Target::Mail(owner.clone())],
        });
    }
    let policy = Policy {
        contacts,
        second_after: alerts.second_after,
        everyone_after: alerts.everyone_after,
        public_after: alerts.public_after,
        repeat: alerts.repeat,
        ack_expires: alerts.ack_expires,
        owner: alerts.owner.clone().unwrap_or(owner),
        base_url: config.web.base_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned()),
        ..Policy::default()
    };
    let mut webhooks = BTreeMap::new();
    for contact in &config.contacts {
        let name = contact.name.clone().unwrap_or_default();
        let bad = |what: String| BadInput::new(format!("contact {name}: {what}"));
        if let Some(url) = contact.url().map_err(bad)? {
            let hook = Webhook {
                url,
                template: template(contact.template),
                token: contact.token().map_err(bad)?,
                room: contact.room.clone(),
            };
            webhooks.insert(name.clone(), hook);
        }
    }
    let hostname = reload::hostname(config);
    let from =
        alerts.from.as_ref().map_or_else(|| format!("posthaste-alerts@{hostname}"), ToString::to_string);
    Ok(Setup {
        policy,
        from,
        pool: Some(Pool::new(relay(config)?, clock.clone())),
        webhooks,
        heartbeat: config.heartbeat_url().map_err(|p| BadInput::problems(&[p]))?,
        heartbeat_every: alerts.heartbeat_interval,
        reply_domain: alerts.reply_domain.as_ref().map(|domain| domain.as_str().to_owned()),
        self_test: alerts.self_test.number(),
    })
}

/// The relay for alerts: its own, or that of list mail over connections of its own.
fn relay(config: &Config) -> anyhow::Result<Relay> {
    let alerts = &config.alerts;
    let mut relay = match &alerts.relay_host {
        None => reload::relay(config)?,
        Some(host) => {
            let mut relay = Relay::new(host.as_str(), alerts.relay_port, reload::hostname(config));
            relay.tls = reload::tls(alerts.relay_tls);
            relay.verify = !host.is_loopback();
            relay.dns_servers.clone_from(&config.dns.servers);
            let password = config.alerts_password().map_err(|p| BadInput::problems(&[p]))?;
            relay.login =
                alerts.relay_user.clone().zip(password).map(|(user, password)| Login { user, password });
            relay
        }
    };
    relay.max_connections = CONNECTIONS;
    // Alerts are rare: a connection kept would be dead when it is needed.
    relay.max_messages = 1;
    Ok(relay)
}

fn contact(from: &config::Contact) -> Contact {
    let name = from.name.clone().unwrap_or_default();
    let mail = from.mail.iter().map(|address| Target::Mail(address.to_string()));
    let hook = (from.webhook.is_some() || from.webhook_file.is_some()).then(|| Target::Webhook(name.clone()));
    Contact { targets: mail.chain(hook).collect(), step: from.step.0, name }
}

fn template(from: config::Template) -> Template {
    match from {
        config::Template::Generic => Template::Generic,
        config::Template::Slack => Template::Slack,
        config::Template::Matrix => Template::Matrix,
        config::Template::Ntfy => Template::Ntfy,
        config::Template::PagerDuty => Template::PagerDuty,
        config::Template::Alertmanager => Template::Alertmanager,
    }
}

impl Server {
    /// Answers the command line.
    pub(super) async fn alerts(&self, request: AlertRequest) -> Response {
        let alerts = &self.alerts;
        match request {
            AlertRequest::Overview => told(&alerts.overview()),
            AlertRequest::Ack { id, by, note } => said(alerts.ack(id, &by, &note)),
            AlertRequest::Test { contact } => told(&alerts.test(contact.as_deref()).await),
            AlertRequest::Judge { id, needed, by } => said(Ok(alerts.judge(id, needed, &by))),
            AlertRequest::FireDrill { by } => said(alerts.fire_drill(&by)),
            AlertRequest::OpenWindow { window } => said(Ok(alerts.open_window(window))),
            AlertRequest::CloseWindow { by } => said(alerts.close_window(&by)),
            AlertRequest::Announce { subject, text } => {
                said(announce::to_owners(self, &subject, &text).await)
            }
        }
    }
}

fn said(outcome: Result<String, String>) -> Response {
    outcome.map_or_else(Response::Failed, |text| Response::Done(text.into()))
}

fn told<T: Serialize>(value: &T) -> Response {
    serde_json::to_value(value).map_or_else(|e| Response::Failed(e.to_string()), Response::Done)
}
