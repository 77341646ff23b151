//! `posthaste status`

use posthaste_model::Stage;
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

/// The status, a line for each fact; of the stages those where something waits or rests.
fn rows(status: &Value) -> Vec<Vec<String>> {
    let at = |path: &str| status.pointer(path).unwrap_or(&Value::Null);
    let text = |path: &str| at(path).as_str().map_or_else(|| at(path).to_string(), ToOwned::to_owned);
    let health = |part: &str, well: &str| {
        if *at(&format!("{part}/{well}")) == true {
            "well".to_owned()
        } else {
            format!("IN TROUBLE: {}", text(&format!("{part}/error")))
        }
    };
    let configuration = match at("/config/error").as_str() {
        None => text("/config/file"),
        Some(error) => format!("the last reload was REFUSED, the old one is in force: {error}"),
    };
    let connections = text("/relay/connections");
    let mut rows = vec![
        vec!["server".into(), format!("version {}, process {}", text("/version"), text("/pid"))],
        vec!["configuration".into(), configuration],
        vec!["database".into(), health("/database", "up")],
        vec!["relay".into(), format!("{}, {connections} connections", health("/relay", "up"))],
        vec!["spool".into(), health("/spool", "healthy")],
        vec!["lists".into(), text("/lists")],
        vec!["accepted".into(), format!("{} since the start", text("/accepted"))],
    ];
    if at("/spool/quarantined").as_u64().is_some_and(|n| n > 0) {
        let told = format!("{} entries wait for a person: posthaste queue ls", text("/spool/quarantined"));
        rows.push(vec!["quarantine".into(), told]);
    }
    for list in at("/resting_lists").as_array().into_iter().flatten().filter_map(Value::as_str) {
        rows.push(vec!["list".into(), format!("{list} RESTS (posthaste queue resume --list {list})")]);
    }
    for to in at("/resting_destinations").as_array().into_iter().flatten().filter_map(Value::as_str) {
        let told = format!("mail to {to} RESTS (posthaste queue resume --destination {to})");
        rows.push(vec!["destination".into(), told]);
    }
    for stage in Stage::ALL.map(Stage::name) {
        let pulse = |what: &str| at(&format!("/stages/{stage}/{what}"));
        if *pulse("depth") == 0 && *pulse("paused") == false {
            continue;
        }
        let mut told = format!("{} waiting, {} due", pulse("depth"), pulse("due"));
        if let Some(age) = pulse("oldest_due_age_seconds").as_u64() {
            told.push_str(&format!(", the oldest for {age} s"));
        }
        if let Some(eta) = pulse("eta_seconds").as_u64() {
            told.push_str(&format!(", gone in {eta} s"));
        }
        if *pulse("paused") == true {
            told.push_str(&format!(", PAUSED (posthaste queue resume {stage})"));
        }
        rows.push(vec![stage.into(), told]);
    }
    rows
}
