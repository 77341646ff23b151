use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::When;
use super::cards::IncidentRow;
use crate::answer::{Top, notice, page};
use crate::call::Call;

#[derive(Template)]
#[template(path = "pages/incident.html")]
struct IncidentPage<'a> {
    top: Top<'a>,
    incident: IncidentRow,
    ended: Option<When>,
    lines: Vec<(When, &'a str)>,
}

/// What happened when.
pub(crate) fn incident(call: &Call) -> Response {
    let seen = call.site.see();
    let Some(found) = seen.incidents.iter().find(|incident| incident.id == call.piece) else {
        return notice(
            &call.site,
            StatusCode::NOT_FOUND,
            "Not here",
            "No incident of the last weeks has this name.",
        );
    };
    page(&IncidentPage {
        top: Top::with(call),
        incident: IncidentRow::new(found, call.now),
        ended: found.ended.map(|at| When::new(at, call.now)),
        lines: found.lines.iter().map(|line| (When::new(line.at, call.now), line.what.as_str())).collect(),
    })
}
