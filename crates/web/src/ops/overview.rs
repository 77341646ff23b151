use askama::Template;
use axum::response::Response;

use super::When;
use super::alert::AlertCard;
use super::cards::{self, Aside, Card, IncidentRow, Need, Runner, WindowCard};
use super::stage::{self, StageRow};
use crate::answer::{Top, page_with_script};
use crate::call::Call;
use crate::verdict::Verdict;
use crate::words;

/// So many entries of the quarantine are on the page; the others stand in `posthaste queue ls`.
const ASIDE: usize = 50;
/// Seconds from one look to the next.
const EVERY: u32 = 5;

#[derive(Template)]
#[template(path = "pages/ops.html")]
struct OpsPage<'a> {
    top: Top<'a>,
    nonce: &'a str,
    every: u32,
    /// Reload by itself without a script.
    reloads: bool,
    said: Option<&'static str>,
    class: &'static str,
    verdict: &'a Verdict,
    since: Option<When>,
    taken: When,
    host: &'a str,
    version: &'a str,
    uptime: String,
    config_error: Option<&'a str>,
    alerts: Vec<AlertCard>,
    stages: Vec<StageRow>,
    quiet: Vec<&'static str>,
    needs: Vec<Need>,
    cards: [Card; 3],
    runners: Vec<Runner>,
    /// Those with nothing to tell.
    steady: Vec<String>,
    quarantine: Vec<Aside>,
    more_aside: usize,
    windows: Vec<WindowCard>,
    incidents: Vec<IncidentRow>,
}

/// Everything at one look.
pub(crate) fn overview(call: &Call) -> Response {
    let seen = call.site.see();
    let (vitals, now) = (&seen.vitals, call.now);
    let verdict = Verdict::of(&seen, now);
    let (stages, quiet) = stage::rows(&seen);
    let (runners, steady) = cards::runners(vitals);
    let session = call.session();
    let token = |route| session.map(|s| call.site.access.form_token(s, route)).unwrap_or_default();
    let ack = token("/ops/alerts/{id}/ack");
    let page = OpsPage {
        top: Top::with(call),
        nonce: &call.nonce,
        every: EVERY,
        reloads: call.fields.contains_key("reload"),
        said: said(call.field("done")),
        class: if verdict.drift.is_some() { "stopped" } else { verdict.delivery.word() },
        since: verdict.since.map(|since| When::new(since, now)),
        verdict: &verdict,
        taken: When::new(vitals.at, now),
        host: &vitals.hostname,
        version: &vitals.version,
        uptime: words::duration(vitals.uptime_seconds),
        config_error: vitals.config_error.as_deref(),
        alerts: seen.alerts.iter().map(|alert| AlertCard::new(alert, now, ack.clone())).collect(),
        stages,
        quiet,
        needs: cards::needs(vitals, now),
        cards: [cards::canary(vitals, now), cards::ledger(vitals, now), cards::disk(vitals)],
        runners,
        steady,
        quarantine: seen
            .quarantine
            .iter()
            .take(ASIDE)
            .map(|entry| cards::aside(call, session, entry))
            .collect(),
        more_aside: seen.quarantine.len().saturating_sub(ASIDE),
        windows: cards::windows(&seen, now),
        incidents: seen.incidents.iter().take(20).map(|incident| IncidentRow::new(incident, now)).collect(),
    };
    page_with_script(call, &page)
}

/// What was done, by a word: nobody can put a text of their own onto the page by a link (CVE-2018-13796).
fn said(word: &str) -> Option<&'static str> {
    match word {
        "acked" => {
            Some("You have it in hand. Everybody else is told so; after four hours they are asked again.")
        }
        "retried" => Some("The entry is due now."),
        "removed" => Some("The entry is gone."),
        _ => None,
    }
}
