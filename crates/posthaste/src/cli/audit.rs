//! `posthaste audit …`

use clap::Subcommand;
use posthaste_model::{Address, Timestamp};
use posthaste_store::{AuditEntry, AuditRecord, AuditWanted, Store};
use serde_json::{Value, json};

use super::output::{BadInput, Exit, Out};
use crate::config::Config;

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Show what people did, the newest first
    Ls {
        /// Only on this list, by its name or list-id
        #[arg(long)]
        list: Option<String>,
        /// Only by this person: an address, or a user of the server
        #[arg(long)]
        who: Option<String>,
        /// Only this: accept, reject, discard, set, add …
        #[arg(long)]
        action: Option<String>,
        /// Only from this moment on, as in 2026-03-07 or 2026-03-07T14:35:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// So many
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// Check that nobody has changed or removed what was written down
    Verify,
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let store = super::store(config).await?;
    match verb {
        Verb::Ls { list, who, action, since, limit } => {
            let list = list.map(|list| list.replace('@', ".").to_lowercase());
            let since = since.as_deref().map(moment).transpose()?;
            let wanted = AuditWanted { list, who, action, since, ..AuditWanted::default() };
            let records = store.audit_page(&wanted, limit).await?;
            let json: Vec<_> = records.iter().map(as_json).collect();
            out.table(
                &["number", "at", "who", "action", "list", "what", "before", "after"],
                records.iter().map(|r| {
                    vec![
                        r.number.to_string(),
                        r.at.to_string().chars().take(19).collect(),
                        r.who.clone(),
                        r.action.clone(),
                        r.list.clone(),
                        r.object.clone(),
                        short(&r.was),
                        short(&r.became),
                    ]
                }),
                &json,
            )?;
            Ok(Exit::Done)
        }
        Verb::Verify => match store.verify_audit().await? {
            Ok(count) => {
                let told = format!("{count} records, all as they were written");
                out.done(&told, &json!({ "records": count, "ok": true }))?;
                Ok(Exit::Done)
            }
            Err(number) => {
                out.problem(&format!(
                    "record {number} is not as it was written, or the one before it was removed; what comes after it proves nothing"
                ))?;
                Ok(Exit::Failed)
            }
        },
    }
}

fn as_json(record: &AuditRecord) -> Value {
    json!({
        "number": record.number, "at": record.at.to_string(), "who": record.who, "action": record.action,
        "list": record.list, "object": record.object, "before": record.was, "after": record.became,
    })
}

/// A value in one cell of a table.
fn short(value: &Value) -> String {
    const MOST: usize = 60;
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let said = fields.iter().filter(|(_, v)| !matches!(v, Value::Null | Value::Bool(false)));
            let said = said.filter(|(_, v)| v.as_array().is_none_or(|a| !a.is_empty()));
            said.map(|(k, v)| format!("{k}: {}", v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
                .collect::<Vec<_>>()
                .join(", ")
        }
        other => other.to_string(),
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > MOST { text.chars().take(MOST).chain(['…']).collect() } else { text }
}

fn moment(text: &str) -> anyhow::Result<Timestamp> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    Timestamp::parse_rfc3339(&whole).ok_or_else(|| {
        BadInput::new(format!("--since {text:?} is no moment; write 2026-03-07 or 2026-03-07T14:35:00Z"))
            .into()
    })
}

/// A setting before and after; what is secret is said to have changed, and not what it is.
pub(super) fn setting(key: &str, was: Value, became: Value) -> (Value, Value) {
    let shown = |value: Value| match value {
        Value::String(text) if key.contains("password") && !text.is_empty() => json!("(secret)"),
        other => other,
    };
    (shown(was), shown(became))
}

/// Who was meant by a command, the first hundred by name.
pub(crate) fn people<'a>(people: impl Iterator<Item = &'a Address>) -> Value {
    const NAMED: usize = 100;
    let all: Vec<_> = people.map(Address::as_str).collect();
    json!({ "count": all.len(), "addresses": all.get(..NAMED).unwrap_or(&all) })
}

/// Whoever runs this command, as the audit log names them.
pub(crate) fn on_the_command_line() -> String {
    format!("{} on the command line", super::alerts::who(None))
}

/// Writes down what a command did. What was done stays done if this fails.
pub(crate) async fn note(store: &Store, action: &str, list: &str, object: &str, was: Value, became: Value) {
    let entry = AuditEntry {
        at: super::now(),
        who: on_the_command_line(),
        action: action.to_owned(),
        list: list.to_owned(),
        object: object.to_owned(),
        was,
        became,
    };
    if let Err(error) = store.audit(&entry).await {
        tracing::warn!(%error, "what was done is not in the audit log");
    }
}
