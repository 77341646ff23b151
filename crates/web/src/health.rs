//! How the server is, for other programs.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use posthaste_watch::health::{Health, live as judge_live, ready as judge_ready, report};
use posthaste_watch::metrics;

use crate::call::Call;

/// `ok`, or 503 if the process must be started again.
pub(crate) fn live(call: &Call) -> Response {
    word(&judge_live(&call.site.see().vitals, call.now))
}

/// `ok`, or 503 if mail is not accepted now.
pub(crate) fn ready(call: &Call) -> Response {
    word(&judge_ready(&call.site.see().vitals, call.now))
}

/// Everybody may ask, so the reasons stand elsewhere.
fn word(health: &Health) -> Response {
    let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (status(health), plain, if health.well { "ok\n" } else { "not ok\n" }).into_response()
}

/// Every check with its reasons.
pub(crate) fn health(call: &Call) -> Response {
    let health = report(&call.site.see().vitals, call.now);
    (status(&health), axum::Json(&health)).into_response()
}

fn status(health: &Health) -> StatusCode {
    if health.well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// Prometheus' text format.
pub(crate) fn metrics(call: &Call) -> Response {
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics::render(&call.site.see().vitals))
        .into_response()
}
