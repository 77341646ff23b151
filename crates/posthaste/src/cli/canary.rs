//! `posthaste canary`

use clap::Subcommand;
use posthaste_watch::CanaryVitals;

use super::output::{Exit, Out};
use crate::config::Config;
use crate::control::{Request, Response, ask};

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Whether our own posts come back, and how long they take
    Status,
}

pub(crate) fn run(verb: &Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let Verb::Status = verb;
    match ask(&config.paths.state, &Request::Canary)? {
        None => {
            out.problem(&format!("no server is running on {}", config.paths.state.display()))?;
            Ok(Exit::NotRunning)
        }
        Some(Response::Failed(why)) => anyhow::bail!(why),
        Some(Response::Done(told)) => {
            let vitals: CanaryVitals = serde_json::from_value(told)?;
            out.value(&text(&vitals), &vitals)?;
            Ok(Exit::Done)
        }
    }
}

/// The figures in words.
fn text(vitals: &CanaryVitals) -> String {
    if !vitals.enabled {
        return "There is no canary: set canary.address (docs/operate/mta.md tells how)".into();
    }
    let mut text = match (vitals.missing, &vitals.last_returned) {
        (0, None) => "None has come back yet".to_owned(),
        (0, Some(at)) => format!("Mail moves: the last one came back at {at}"),
        (missing, None) => {
            format!("Mail does NOT move: {missing} missing, none ever came back since the start")
        }
        (missing, Some(at)) => {
            format!("Mail does NOT move: {missing} missing, the last one came back at {at}")
        }
    };
    if let Some(latency) = vitals.latency_ms {
        text.push_str(&format!(" after {:.1} s", latency as f64 / 1000.0));
    }
    text.push_str(&format!(
        "\nOne every {} s; since the start {} sent, {} came back, {} lost",
        vitals.interval_seconds, vitals.sent, vitals.returned, vitals.lost
    ));
    if let Some(age) = vitals.oldest_seconds {
        text.push_str(&format!("; the oldest is under way for {age} s"));
    }
    if let Some(error) = &vitals.error {
        text.push_str(&format!("\nTrouble: {error}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_whether_mail_moves() {
        let good = CanaryVitals { enabled: true, latency_ms: Some(1_250), ..CanaryVitals::default() };
        let moves =
            CanaryVitals { last_returned: Some(posthaste_model::Timestamp::default()), ..good.clone() };
        let stuck = CanaryVitals { missing: 2, error: Some("no way".into()), ..moves.clone() };
        assert!(text(&CanaryVitals::default()).starts_with("There is no canary"));
        assert!(text(&good).starts_with("None has come back yet"));
        assert!(text(&moves).starts_with("Mail moves: the last one came back at 1970"));
        assert!(text(&moves).contains(" after 1.2 s"));
        assert!(
            text(&stuck).starts_with("Mail does NOT move: 2 missing") && text(&stuck).ends_with("no way")
        );
    }
}
