//! What everybody may know: whether list mail is being delivered, without inner names and numbers.

use askama::Template;
use axum::response::Response;
use serde::Serialize;

use crate::answer::{Top, shared};
use crate::call::Call;
use crate::ops::When;
use crate::seen::{Grade, Incident, Seen};
use crate::verdict::Verdict;
use crate::words;

/// Seconds that everybody may keep what this says.
const KEPT: u32 = 15;
/// So many incidents are told.
const TOLD: usize = 20;

#[derive(Template)]
#[template(path = "pages/status.html")]
struct StatusPage<'a> {
    top: Top<'a>,
    class: &'static str,
    headline: &'static str,
    text: &'static str,
    since: Option<When>,
    planned: Option<Work>,
    past: Vec<Told>,
}

/// Planned work.
struct Work {
    why: String,
    until: When,
}

/// An incident for everybody.
struct Told {
    id: String,
    words: &'static str,
    began: When,
    ended: Option<When>,
    lasted: String,
}

/// The incidents that members noticed, the newest first.
fn told(seen: &Seen, call: &Call) -> Vec<Told> {
    let one = |incident: &Incident| Told {
        id: incident.id.clone(),
        words: public(incident),
        began: When::new(incident.began, call.now),
        ended: incident.ended.map(|at| When::new(at, call.now)),
        lasted: words::duration(incident.ended.unwrap_or(call.now).since(incident.began).as_secs()),
    };
    seen.incidents.iter().filter(|incident| incident.public).take(TOLD).map(one).collect()
}

fn public(incident: &Incident) -> &'static str {
    match (incident.grade, incident.ended.is_some()) {
        (Grade::Degraded, false) => "List mail is delayed",
        (Grade::Degraded, true) => "List mail was delayed",
        (_, false) => "List mail is not being delivered",
        (_, true) => "List mail was not being delivered",
    }
}

/// In words.
pub(crate) fn page(call: &Call) -> Response {
    let seen = call.site.see();
    let verdict = Verdict::of(&seen, call.now);
    let (headline, text) = verdict.public();
    let page = StatusPage {
        top: Top::of(&call.site),
        class: verdict.delivery.word(),
        headline,
        text,
        since: verdict.since.map(|since| When::new(since, call.now)),
        planned: seen
            .planned
            .as_ref()
            .map(|planned| Work { why: planned.why.clone(), until: When::new(planned.until, call.now) }),
        past: told(&seen, call),
    };
    rendered(call, "text/html; charset=utf-8", &page)
}

#[derive(Serialize)]
struct Json {
    status: &'static str,
    headline: &'static str,
    text: &'static str,
    since: Option<String>,
    /// True once every page says so.
    banner: bool,
    planned_until: Option<String>,
    incidents: Vec<JsonIncident>,
}

#[derive(Serialize)]
struct JsonIncident {
    id: String,
    what: &'static str,
    began: String,
    ended: Option<String>,
}

/// For programs.
pub(crate) fn json(call: &Call) -> Response {
    let seen = call.site.see();
    let verdict = Verdict::of(&seen, call.now);
    let (headline, text) = verdict.public();
    let incidents = told(&seen, call).into_iter().map(|told| JsonIncident {
        id: told.id,
        what: told.words,
        began: told.began.machine,
        ended: told.ended.map(|at| at.machine),
    });
    let json = Json {
        status: verdict.delivery.word(),
        headline,
        text,
        since: verdict.since.map(words::machine),
        banner: seen.banner.is_some(),
        planned_until: seen.planned.as_ref().map(|planned| words::machine(planned.until)),
        incidents: incidents.collect(),
    };
    shared(call, "application/json", KEPT, serde_json::to_string(&json).unwrap_or_default())
}

#[derive(Template)]
#[template(path = "pages/status.atom", escape = "html")]
struct Feed<'a> {
    /// Where the pages are, for readers of the feed.
    home: String,
    site: &'a str,
    updated: String,
    past: Vec<Told>,
}

/// RFC 4287.
pub(crate) fn feed(call: &Call) -> Response {
    let seen = call.site.see();
    let changed = seen.incidents.iter().filter(|i| i.public).flat_map(|i| [Some(i.began), i.ended]).flatten();
    let updated = changed
        .max()
        .unwrap_or_else(|| call.now.minus(std::time::Duration::from_secs(seen.vitals.uptime_seconds)));
    let origin = call.site.base.as_ref().map_or(String::new(), |base| base.origin().to_owned());
    let feed = Feed {
        home: format!("{origin}{}", call.site.prefix()),
        site: &call.site.name,
        updated: words::machine(updated),
        past: told(&seen, call),
    };
    rendered(call, "application/atom+xml; charset=utf-8", &feed)
}

fn rendered(call: &Call, kind: &'static str, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => shared(call, kind, KEPT, text),
        Err(error) => {
            tracing::error!(%error, "cannot make a page");
            axum::response::IntoResponse::into_response(axum::http::StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
