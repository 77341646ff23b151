//! Files that are the same for everybody.

use axum::response::Response;

use crate::answer::shared;
use crate::call::Call;

/// Seconds that browsers keep these: a new version brings new ones.
const KEPT: u32 = 3_600;

pub(crate) fn style(call: &Call) -> Response {
    shared(call, "text/css; charset=utf-8", KEPT, include_str!("../templates/pages/pages.css").to_owned())
}

pub(crate) fn icon(call: &Call) -> Response {
    shared(call, "image/svg+xml", KEPT, include_str!("../templates/mailbox/icon.svg").to_owned())
}

/// Crawlers have nothing to find behind the login.
pub(crate) fn robots(call: &Call) -> Response {
    let text = "User-agent: *\nDisallow: /ops\nDisallow: /a/\nDisallow: /metrics\nDisallow: /health\n\
                Disallow: /archives/list/*/export/\nDisallow: /archives/list/*/search\n\
                Disallow: /archives/list/*/message/*/raw\nDisallow: /archives/list/*/message/*/attachment/\n";
    shared(call, "text/plain; charset=utf-8", KEPT, text.to_owned())
}
