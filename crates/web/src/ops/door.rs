//! Logging in and out.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::Response;

use crate::answer::{Top, notice, page, see};
use crate::call::{Call, Proof};

#[derive(Template)]
#[template(path = "pages/login.html")]
struct LoginPage<'a> {
    top: Top<'a>,
    /// Who is invited; `None` on the page that says how to get a link.
    name: Option<&'a str>,
    token: &'a str,
}

/// How to get a link.
pub(crate) fn how_to_log_in(call: &Call) -> Response {
    page(&LoginPage { top: Top::of(&call.site), name: None, token: "" })
}

/// A button: programs that open links use no link up.
pub(crate) fn welcome(call: &Call) -> Response {
    let name = match &call.proof {
        Proof::Link(link) => link.name.as_str(),
        _ => "",
    };
    page(&LoginPage { top: Top::of(&call.site), name: Some(name), token: &call.piece })
}

/// Opens a session.
pub(crate) fn log_in(call: &Call) -> Response {
    let secret = match &call.proof {
        Proof::Link(link) => call.site.access.enter(link, call.now),
        _ => None,
    };
    let Some(secret) = secret else {
        let what = "This link was used already. Ask for a new one on the server: posthaste ops login";
        return notice(&call.site, StatusCode::FORBIDDEN, "This link does not hold", what);
    };
    with_cookie(see(&call.site, "/ops"), &call.site.cookie().set(&secret))
}

/// Ends the session.
pub(crate) fn log_out(call: &Call) -> Response {
    if let Some(session) = call.session() {
        call.site.access.leave(session);
    }
    with_cookie(see(&call.site, "/ops/login"), &call.site.cookie().forget())
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
