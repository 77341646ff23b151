//! `posthaste status`

use serde_json::Value;

use super::output::{Exit, Out};
use crate::config::Config;
use crate::control::{Request, Response, ask};

pub(crate) fn run(config: &Config, out: &Out) -> anyhow::Result<Exit> {
    match ask(&config.paths.state, &Request::Status)? {
        None => {
            let told = format!("No server is running on {}", config.paths.state.display());
            out.done(&told, &serde_json::json!({ "running": false }))?;
            Ok(Exit::NotRunning)
        }
        Some(Response::Failed(why)) => anyhow::bail!(why),
        Some(Response::Done(status)) => {
            out.table(&["what", "how"], rows(&status).into_iter(), &status)?;
            Ok(Exit::Done)
        }
    }
}

/// The status, a line for each fact.
fn rows(status: &Value) -> Vec<Vec<String>> {
    let mut rows = vec![];
    flatten("", status, &mut rows);
    rows
}

fn flatten(prefix: &str, value: &Value, rows: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let name = if prefix.is_empty() { key.clone() } else { format!("{prefix} {key}") };
                flatten(&name, value, rows);
            }
        }
        Value::Null => rows.push(vec![prefix.into(), "-".into()]),
        Value::String(text) => rows.push(vec![prefix.into(), text.clone()]),
        other => rows.push(vec![prefix.into(), other.to_string()]),
    }
}
