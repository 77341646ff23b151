//! Switching mail on again that failures had switched off, by the address that stands in one member's warnings.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::answer::{Top, notice, page};
use crate::call::{Call, Proof};
use crate::house::Act;
use crate::ops::act;

#[derive(Template)]
#[template(path = "pages/enable.html")]
struct EnablePage<'a> {
    top: Top<'a>,
    list: &'a str,
    /// What came of it, once it was posted.
    said: Option<&'a str>,
}

/// Asks. Scanners of mail open addresses, so looking changes nothing.
pub(crate) fn ask(call: &Call) -> Response {
    let Proof::Member { list, .. } = &call.proof else { return lost(call) };
    page(&EnablePage { top: Top::of(&call.site), list: list.as_str(), said: None })
}

/// Does it: the button of the page above.
pub(crate) async fn enable(call: Call) -> Response {
    let Proof::Member { list, member } = &call.proof else { return lost(&call) };
    let asked = Act::Enable { list: list.clone(), member: *member };
    match act(&call, asked).await {
        Ok(said) => page(&EnablePage { top: Top::of(&call.site), list: list.as_str(), said: Some(&said) }),
        Err(why) => {
            let mut response = notice(&call.site, StatusCode::SERVICE_UNAVAILABLE, "Not done yet", &why);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            response
        }
    }
}

fn lost(call: &Call) -> Response {
    notice(&call.site, StatusCode::FORBIDDEN, "This address does not hold", "It was not copied whole.")
}
