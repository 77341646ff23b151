//! `posthaste config drift`: where the file and the running server differ.

use std::collections::BTreeMap;

use serde::Serialize;

use super::output::{Exit, Out};
use crate::config::{Config, Setting, settings};
use crate::control::{Request, Response, ask};

/// A key that differs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Drift {
    pub(super) key: String,
    /// What the file says; nothing if it does not have the key, as of a contact.
    file: Option<String>,
    in_force: Option<String>,
    /// True if it takes a restart, false if a reload does.
    pub(super) restart: bool,
}

/// Shows them; exit code 1 if there are any.
pub(super) fn run(config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let Some(drifts) = ask_running(config)? else {
        out.problem(&format!("no server is running on {}", config.paths.state.display()))?;
        return Ok(Exit::NotRunning);
    };
    if drifts.is_empty() && !out.is_json() {
        out.done("the file says what is in force", &())?;
        return Ok(Exit::Done);
    }
    let unset = || "not there".to_owned();
    let rows = drifts.iter().map(|drift| {
        let by = if drift.restart { "a restart" } else { "a reload" };
        vec![
            drift.key.clone(),
            drift.file.clone().unwrap_or_else(unset),
            drift.in_force.clone().unwrap_or_else(unset),
            by.to_owned(),
        ]
    });
    out.table(&["key", "the file says", "in force", "mended by"], rows, &drifts)?;
    Ok(if drifts.is_empty() { Exit::Done } else { Exit::Failed })
}

/// Where this file and the server of its state folder differ; `None` if no server runs there.
pub(super) fn ask_running(config: &Config) -> anyhow::Result<Option<Vec<Drift>>> {
    match ask(&config.paths.state, &Request::Settings)? {
        None => Ok(None),
        Some(Response::Failed(why)) => anyhow::bail!(why),
        Some(Response::Done(told)) => Ok(Some(between(&settings(config), &serde_json::from_value(told)?))),
    }
}

fn between(file: &BTreeMap<String, Setting>, in_force: &BTreeMap<String, Setting>) -> Vec<Drift> {
    let keys: std::collections::BTreeSet<&String> = file.keys().chain(in_force.keys()).collect();
    let differs = |key: &&String| file.get(*key) != in_force.get(*key);
    let drift = |key: &String| {
        let (file, in_force) = (file.get(key), in_force.get(key));
        Drift {
            key: key.clone(),
            file: file.map(|setting| setting.value.clone()),
            in_force: in_force.map(|setting| setting.value.clone()),
            restart: file.or(in_force).is_some_and(|setting| setting.restart),
        }
    };
    keys.into_iter().filter(differs).map(drift).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_and_what_is_on_one_side_only() {
        let setting = |value: &str, restart| Setting { value: value.into(), restart };
        let file = BTreeMap::from([
            ("a.same".to_owned(), setting("1", false)),
            ("b.live".to_owned(), setting("2", false)),
            ("c.restart".to_owned(), setting("3", true)),
            ("contact.Anne.step".to_owned(), setting("1", false)),
        ]);
        let in_force = BTreeMap::from([
            ("a.same".to_owned(), setting("1", false)),
            ("b.live".to_owned(), setting("9", false)),
            ("c.restart".to_owned(), setting("9", true)),
        ]);
        let told: Vec<_> =
            between(&file, &in_force).into_iter().map(|d| (d.key, d.file, d.in_force, d.restart)).collect();
        let wanted = [
            ("b.live", Some("2"), Some("9"), false),
            ("c.restart", Some("3"), Some("9"), true),
            ("contact.Anne.step", Some("1"), None, false),
        ];
        let owned = |t: Option<&str>| t.map(str::to_owned);
        assert_eq!(told, wanted.map(|(k, f, i, r)| (k.to_owned(), owned(f), owned(i), r)));
    }
}
