//! How the server is, for other programs.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::call::Call;

const PLAIN: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];

/// `ok`, or 503 if the process must be started again.
pub(crate) fn live(call: &Call) -> Response {
    word(call.site.house.health().live)
}

/// `ok`, or 503 if mail is not accepted now.
pub(crate) fn ready(call: &Call) -> Response {
    word(call.site.house.health().ready)
}

fn word(good: bool) -> Response {
    if good {
        (PLAIN, "ok\n").into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, PLAIN, "not ok\n").into_response()
    }
}

/// Every check with its reasons.
pub(crate) fn health(call: &Call) -> Response {
    let health = call.site.house.health();
    let status = if health.live && health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, "application/json")], health.json).into_response()
}

/// Prometheus' text format, version 0.0.4.
pub(crate) fn metrics(call: &Call) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, call.site.house.metrics()).into_response()
}
