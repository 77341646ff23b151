//! Webhooks: the same message in the shape that each receiver wants.

use std::fmt;

use posthaste_model::Timestamp;
use serde_json::{Value, json};

use super::Request;
use crate::alerts::{Kind, Level, Message};

/// Whose shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Template {
    /// Our own: everything, as flat JSON.
    #[default]
    Generic,
    /// Slack, and what takes Slack's incoming webhooks (Mattermost, Rocket.Chat).
    Slack,
    /// Matrix: a message into a room.
    Matrix,
    /// ntfy: a push to phones.
    Ntfy,
    /// `PagerDuty`, Events API v2.
    PagerDuty,
    /// Prometheus' Alertmanager, API v2.
    Alertmanager,
}

/// Where a contact's webhook is. Never printed: its address is often a secret itself.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// In which shape.
    pub template: Template,
    /// The access token (Matrix, ntfy, generic) or the routing key (`PagerDuty`).
    pub token: Option<String>,
    /// The room's id (Matrix).
    pub room: Option<String>,
}

/// The request that tells `message`. `ack` is the page to acknowledge on; `serial` a number no other message has.
pub fn request(hook: &Webhook, message: &Message, ack: Option<&str>, serial: u64, at: Timestamp) -> Request {
    let line = message.line(ack);
    let base = hook.url.trim_end_matches('/');
    let post = |url: &str, body: &Value| {
        let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        if let Some(token) = hook.token.as_ref().filter(|_| hook.template != Template::PagerDuty) {
            headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        }
        Request { method: "POST", url: url.to_owned(), headers, body: body.to_string() }
    };
    match hook.template {
        Template::Generic => post(&hook.url, &generic(message, ack, at, &line)),
        Template::Slack => post(&hook.url, &json!({ "text": line })),
        Template::Matrix => {
            let room = percent(hook.room.as_deref().unwrap_or_default());
            let url = format!("{base}/_matrix/client/v3/rooms/{room}/send/m.room.message/posthaste.{serial}");
            let body = json!({ "msgtype": "m.text", "body": line });
            Request { method: "PUT", ..post(&url, &body) }
        }
        Template::Ntfy => ntfy(&post(&hook.url, &Value::Null), message, ack),
        Template::PagerDuty => post(&hook.url, &pager_duty(hook, message, ack, &line)),
        Template::Alertmanager => post(&format!("{base}/api/v2/alerts"), &alertmanager(message, at, &line)),
    }
}

fn generic(message: &Message, ack: Option<&str>, at: Timestamp, line: &str) -> Value {
    let rows: serde_json::Map<_, _> =
        message.rows.iter().map(|(label, text)| (label.clone(), Value::from(text.as_str()))).collect();
    json!({
        "host": message.host,
        "incident": message.incident,
        "key": message.key,
        "kind": message.kind,
        "level": message.level,
        "resolved": message.kind == Kind::Closed,
        "at": at.to_string(),
        "subject": message.subject,
        "text": line,
        "details": rows,
        "ack": ack.filter(|_| message.wants_ack),
    })
}

fn ntfy(post: &Request, message: &Message, ack: Option<&str>) -> Request {
    let priority = match (message.kind, message.level) {
        (Kind::Page | Kind::Escalation(_) | Kind::AckExpired, Level::Critical) => "urgent",
        (Kind::Closed | Kind::Test | Kind::Acked, _) => "default",
        _ => "high",
    };
    // Fields of HTTP are octets that not everything takes; what stands in them is ASCII.
    let title: String =
        message.subject.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    let mut headers = post.headers.clone();
    headers.retain(|(name, _)| name != "Content-Type");
    headers.push(("Title".to_owned(), title));
    headers.push(("Priority".to_owned(), priority.to_owned()));
    if let Some(link) = ack.filter(|_| message.wants_ack) {
        headers.push(("Click".to_owned(), link.to_owned()));
    }
    Request { headers, body: message.tail.clone(), ..post.clone() }
}

fn pager_duty(hook: &Webhook, message: &Message, ack: Option<&str>, line: &str) -> Value {
    let action = match message.kind {
        Kind::Closed => "resolve",
        Kind::Acked => "acknowledge",
        _ => "trigger",
    };
    let severity = match message.level {
        Level::Critical => "critical",
        Level::Degraded => "warning",
    };
    let links: Vec<_> = ack.iter().map(|link| json!({ "href": link, "text": "Acknowledge" })).collect();
    // At most 1024 characters of summary are taken.
    let summary: String = line.chars().take(1000).collect();
    json!({
        "routing_key": hook.token,
        "event_action": action,
        "dedup_key": message.key,
        "payload": { "summary": summary, "source": message.host, "severity": severity },
        "links": links,
    })
}

fn alertmanager(message: &Message, at: Timestamp, line: &str) -> Value {
    let labels = json!({
        "alertname": "PosthasteIncident",
        "instance": message.host,
        "incident": message.key,
        "severity": if message.level == Level::Critical { "critical" } else { "warning" },
    });
    let mut alert = json!({
        "labels": labels,
        "annotations": { "summary": message.subject, "description": line },
    });
    if message.kind == Kind::Closed
        && let Some(alert) = alert.as_object_mut()
    {
        alert.insert("endsAt".to_owned(), at.to_string().into());
    }
    json!([alert])
}

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
fn percent(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("template", &self.template).finish_non_exhaustive()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(kind: Kind) -> Message {
        Message {
            kind,
            level: Level::Critical,
            incident: Some(7),
            host: "lists.example.org".into(),
            key: "posthaste/lists.example.org/7/1".into(),
            subject: "CRITICAL lists.example.org: list mail is NOT being delivered".into(),
            tail: "6 posts wait.".into(),
            rows: vec![("Lost".into(), "0 lost".into())],
            wants_ack: kind == Kind::Page,
        }
    }

    fn made(template: Template, kind: Kind) -> (Request, Value) {
        let hook = Webhook {
            url: "https://hook.example.org/x".into(),
            template,
            token: Some("s3cret".into()),
            room: Some("!abc:example.org".into()),
        };
        let request = request(&hook, &page(kind), Some("https://l/a/t"), 9, Timestamp::from_micros(0));
        let body = serde_json::from_str(&request.body).unwrap_or(Value::Null);
        (request, body)
    }

    #[test]
    fn every_receiver_gets_its_shape() {
        let (generic, body) = made(Template::Generic, Kind::Page);
        assert_eq!((generic.method, generic.url.as_str()), ("POST", "https://hook.example.org/x"));
        assert_eq!((&body["incident"], &body["level"]), (&json!(7), &json!("critical")));
        assert_eq!((&body["ack"], &body["details"]["Lost"]), (&json!("https://l/a/t"), &json!("0 lost")));
        let (_, slack) = made(Template::Slack, Kind::Page);
        assert!(slack["text"].as_str().unwrap().ends_with("6 posts wait. Ack: https://l/a/t"));
        let (matrix, body) = made(Template::Matrix, Kind::Page);
        assert_eq!(matrix.method, "PUT");
        assert!(
            matrix.url.ends_with("/rooms/%21abc%3Aexample.org/send/m.room.message/posthaste.9"),
            "{}",
            matrix.url
        );
        assert_eq!(body["msgtype"], "m.text");
        assert!(matrix.headers.contains(&("Authorization".into(), "Bearer s3cret".into())));
        let (ntfy, _) = made(Template::Ntfy, Kind::Page);
        assert_eq!(ntfy.body, "6 posts wait.");
        assert!(ntfy.headers.contains(&("Priority".into(), "urgent".into())));
    }

    #[test]
    fn what_is_over_is_resolved() {
        let action = |kind| made(Template::PagerDuty, kind).1["event_action"].clone();
        assert_eq!(action(Kind::Page), "trigger");
        assert_eq!(action(Kind::Acked), "acknowledge");
        assert_eq!(action(Kind::Closed), "resolve");
        let (request, body) = made(Template::PagerDuty, Kind::Page);
        assert_eq!(
            (&body["routing_key"], &body["dedup_key"]),
            (&json!("s3cret"), &json!("posthaste/lists.example.org/7/1"))
        );
        assert!(!request.headers.iter().any(|(name, _)| name == "Authorization"));
        let (request, open) = made(Template::Alertmanager, Kind::Page);
        assert!(request.url.ends_with("/x/api/v2/alerts"));
        assert_eq!(open[0]["endsAt"], Value::Null);
        assert_ne!(made(Template::Alertmanager, Kind::Closed).1[0]["endsAt"], Value::Null);
    }

    #[test]
    fn secrets_are_not_printed() {
        let (request, _) = made(Template::Ntfy, Kind::Page);
        assert!(!format!("{request:?}").contains("s3cret"));
    }
}
