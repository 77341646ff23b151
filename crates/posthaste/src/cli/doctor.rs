//! `posthaste doctor`

use std::fmt::Write as _;
use std::time::Duration;

use posthaste_watch::doctor::{Answer, Diagnosis, diagnose};

use super::ask::{Told, vitals};
use super::output::{Exit, Out};
use crate::config::Config;

/// How long the server may think.
const PATIENCE: Duration = Duration::from_secs(10);

/// Says what is wrong; exit code 1 if anything is.
pub(crate) fn run(config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let told = vitals(&config.paths.state, PATIENCE);
    let answer = match &told {
        Told::Vitals(vitals) => Answer::Vitals(vitals),
        Told::NotRunning => Answer::NotRunning,
        Told::Silent(why) => Answer::Silent(why),
    };
    let mut diagnosis = diagnose(answer, super::now());
    if matches!(told, Told::Vitals(_))
        && let Ok(Some(drifts)) = super::drift::ask_running(config)
    {
        let keys = |restart: bool| -> Vec<String> {
            drifts.iter().filter(|drift| drift.restart == restart).map(|drift| drift.key.clone()).collect()
        };
        diagnosis.add_drift(&keys(false), &keys(true));
    }
    for line in words(&diagnosis).lines() {
        if !out.is_json() {
            out.done(line, &())?;
        }
    }
    if out.is_json() {
        out.done("", &diagnosis)?;
    }
    Ok(if diagnosis.healthy { Exit::Done } else { Exit::Failed })
}

fn words(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    let Some((first, others)) = diagnosis.findings.split_first() else {
        let _ = writeln!(text, "Posthaste is well. {}.", diagnosis.waiting);
        return text;
    };
    let _ = writeln!(text, "Cause:          {}", first.cause);
    let _ = writeln!(text, "Members notice: {}", first.notice);
    let _ = writeln!(text, "Waiting:        {}", diagnosis.waiting);
    let _ = writeln!(text, "Run:            {}", first.command);
    for other in others {
        let _ = writeln!(text, "Besides:        {} ({})", other.cause, other.command);
    }
    text
}
