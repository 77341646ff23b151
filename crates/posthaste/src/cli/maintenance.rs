//! `posthaste maintenance …`

use std::time::Duration;

use clap::Subcommand;
use posthaste_watch::Vitals;
use posthaste_watch::alerts::Window;

use super::alerts::{said, who};
use super::output::{BadInput, Exit, Out};
use crate::config::Config;
use crate::control::{AlertRequest, Request, Response, ask};

/// A window that is forgotten ends.
const LONGEST: Duration = Duration::from_hours(24);

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// What an outage would do, and what to do before it. Changes nothing
    Plan {
        /// What goes away: `db=m5`, `relay=mx1`, `dns=…`, `host=…`; as often as needed
        #[arg(long, required = true)]
        affects: Vec<String>,
        /// For how long: `30m`, `2h`
        #[arg(long = "for", default_value = "1h", value_parser = time)]
        length: Duration,
    },
    /// Open a window: causes are silent; mail that is not delivered for half an hour still pages
    Start {
        /// Why
        #[arg(long)]
        why: String,
        /// For how long, at most 24h
        #[arg(long = "for", default_value = "1h", value_parser = time)]
        length: Duration,
        /// What goes away: `db=m5`, `relay=mx1`
        #[arg(long)]
        affects: Vec<String>,
        /// Who you are [default: the user of this shell]
        #[arg(long)]
        by: Option<String>,
    },
    /// End the window; if mail does not flow within three minutes, somebody is paged
    End {
        /// Who you are [default: the user of this shell]
        #[arg(long)]
        by: Option<String>,
    },
    /// Write to the owners of all lists, each once
    Announce {
        /// When it is: for people, as "2026-12-01 14:00-16:00 UTC"
        #[arg(long)]
        when: String,
        /// What is done
        #[arg(long)]
        why: String,
        /// What they notice
        #[arg(
            long,
            default_value = "Posts are accepted as always and wait. When the work is done they are delivered; none is lost."
        )]
        effect: String,
        /// Show the mail, send nothing
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    match verb {
        Verb::Plan { affects, length } => {
            let vitals = match ask(&config.paths.state, &Request::Vitals)? {
                Some(Response::Done(told)) => serde_json::from_value(told).ok(),
                _ => None,
            };
            let mut lines = Vec::new();
            for one in &affects {
                lines.extend(effect(one, length, config, vitals.as_ref())?);
            }
            let text = lines.join("\n");
            out.value(&text, &serde_json::json!({ "affects": affects, "effects": lines }))?;
            Ok(Exit::Done)
        }
        Verb::Start { why, length, affects, by } => {
            if length > LONGEST {
                return Err(BadInput::new(
                    "a window is at most 24h long, for a forgotten one keeps alerts silent; open another tomorrow",
                )
                .into());
            }
            for one in &affects {
                kind(one)?;
            }
            let now = super::now();
            let window = Window { from: now, until: now.plus(length), who: who(by), why, affects };
            said(config, out, AlertRequest::OpenWindow { window })
        }
        Verb::End { by } => said(config, out, AlertRequest::CloseWindow { by: who(by) }),
        Verb::Announce { when, why, effect, dry_run } => {
            let subject = format!("Planned work on the list server: {when}");
            let text = format!(
                "Dear list owner,\n\nthere will be work on the list server.\n\nWhen: {when}\nWhat: {why}\n\nWhat you notice: \
                 {effect}\n\nNothing is to be done by you."
            );
            if dry_run {
                out.value(
                    &format!("Subject: {subject}\n\n{text}"),
                    &serde_json::json!({ "subject": subject, "text": text }),
                )?;
                return Ok(Exit::Done);
            }
            said(config, out, AlertRequest::Announce { subject, text })
        }
    }
}

/// What goes away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Database,
    Relay,
    Dns,
    Host,
}

fn kind(affects: &str) -> anyhow::Result<Kind> {
    match affects.split_once('=').map_or(affects, |(kind, _)| kind) {
        "db" | "database" => Ok(Kind::Database),
        "relay" | "mta" => Ok(Kind::Relay),
        "dns" => Ok(Kind::Dns),
        "host" => Ok(Kind::Host),
        other => {
            Err(BadInput::new(format!("{other:?} is nothing we need; say db=, relay=, dns= or host=")).into())
        }
    }
}

/// What it does, in sentences.
fn effect(
    affects: &str,
    length: Duration,
    config: &Config,
    vitals: Option<&Vitals>,
) -> anyhow::Result<Vec<String>> {
    let kind = kind(affects)?;
    let name = affects.split_once('=').map_or("", |(_, name)| name);
    let mut lines = vec![format!("{affects}, away for {} min:", length.as_secs() / 60)];
    let ours = match kind {
        Kind::Database => config.database_url().map(|url| url.as_str().to_owned()).unwrap_or_default(),
        Kind::Relay => config.relay.host.as_str().to_owned(),
        Kind::Dns => config.dns.servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        Kind::Host => crate::serve::hostname(config),
    };
    if !name.is_empty() && !ours.contains(name) {
        let known = if kind == Kind::Database { String::new() } else { format!(" (it is {ours:?})") };
        lines.push(format!("  The configuration does not name {name}{known}. Does it go by another name?"));
    }
    lines.push(
        match kind {
            Kind::Database if ours.starts_with("sqlite") => {
                "  The database is a file on this machine; it goes with the disk."
            }
            Kind::Database => {
                "  Mail is accepted and kept. What was on its way goes out. New posts wait until the database answers; the \
                 first is delivered within 5 s of that. Nothing is lost, nothing is to be started again."
            }
            Kind::Relay => {
                "  Mail is accepted and kept. Nothing goes out until the relay answers; it is probed every 30 s, and full speed \
                 is back within 35 s. Nothing is lost."
            }
            Kind::Dns => {
                "  Mail is accepted. If the relay is named and not numbered, nothing goes out. Nothing is lost."
            }
            Kind::Host => {
                "  Mail waits at the mail servers of its senders, which try again for days. What was accepted here goes out after \
                 the start. Nobody is told by this host: its silence is noticed by the heartbeat's receiver."
            }
        }
        .to_owned(),
    );
    if let Some(vitals) = vitals {
        let hours = (vitals.uptime_seconds as f64 / 3600.0).max(0.02);
        let posts = vitals.counters.accepted as f64 / hours * length.as_secs_f64() / 3600.0;
        lines.push(format!("  About {} posts would wait, at the rate since the start.", posts.ceil()));
        if let Some(hours) = vitals.disk.full_in_seconds.map(|s| s / 3600) {
            lines.push(format!("  The disk lasts for {hours} h."));
        }
    }
    lines.push(format!(
        "  Before: posthaste maintenance announce --when … --why …; then: posthaste maintenance start --why … --for {}m --affects {affects}",
        length.as_secs() / 60
    ));
    if length > Duration::from_mins(30) && kind != Kind::Host {
        lines.push(
            "  It is longer than 30 min: whoever is on call is paged when posts have waited for so long, window or not."
                .to_owned(),
        );
    }
    Ok(lines)
}

/// `30m`, `2h`, `1d`.
fn time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time such as 30m or 2h");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: u64 = text.trim_end_matches(unit).parse().map_err(|_| wrong())?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    Some(number)
        .and_then(|n| n.checked_mul(seconds))
        .filter(|n| *n > 0)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(time("30m"), Ok(Duration::from_mins(30)));
        assert_eq!(time("2h"), Ok(Duration::from_hours(2)));
        for bad in ["", "m", "0m", "30", "-1h", "1y", "99999999999999999999d"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_outage_of_the_database_is_foretold() {
        let text = "[database]\nurl = \"mysql://posthaste@m5.example.org/posthaste\"";
        let config = Config::parse(text, std::path::Path::new("")).unwrap();
        let say = |affects: &str| effect(affects, Duration::from_hours(2), &config, None).unwrap().join("\n");
        assert!(say("db=m5").contains("New posts wait until the database answers"));
        assert!(!say("db=m5").contains("does not name"), "{}", say("db=m5"));
        assert!(say("db=x1").contains("does not name x1"));
        assert!(say("relay=mx").contains("it is \"127.0.0.1\""));
        assert!(effect("cat=1", Duration::from_hours(2), &config, None).is_err());
    }
}
