//! Signing in to read what only members may: by a link that comes by mail.

use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use posthaste_lists::archive::Reader;
use posthaste_model::{Address, ListName};

use super::ticket::{Ticket, Use, cookie, kept};
use super::{ROOT, nothing};
use crate::answer::{Top, page, see};
use crate::call::{Call, Proof};
use crate::house::Act;
use crate::ops::act;

#[derive(Template)]
#[template(path = "archive/sign-in.html")]
struct SignIn<'a> {
    top: Top<'a>,
    list: &'a str,
    address: &'a str,
    said: Option<&'a str>,
    bad: bool,
    /// The end of the address behind the button, once somebody came by the link.
    token: Option<&'a str>,
}

fn show(call: &Call, said: Option<&str>, bad: bool) -> Response {
    page(&SignIn {
        top: Top::of(&call.site),
        list: call.field("list"),
        address: call.field("address"),
        said,
        bad,
        token: None,
    })
}

/// Asks for list and address.
pub(crate) fn ask(call: &Call) -> Response {
    show(call, None, false)
}

/// Sends the link, to whom it may be sent. What is said is the same either way.
pub(crate) async fn send(call: Call) -> Response {
    let (Ok(list), Ok(address)) =
        (ListName::parse(call.field("list")), Address::parse(call.field("address")))
    else {
        return show(&call, Some("Write the list's address and your own, both with an @."), true);
    };
    let ticket = Ticket { address: address.clone(), list: list.to_string() };
    let token = ticket.sign(&call.site.reading, Use::Link, call.now);
    let origin = match &call.site.base {
        Some(base) => base.origin().to_owned(),
        // Our own name, or it would not have come here.
        None => call
            .headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .map_or(String::new(), |host| format!("http://{host}")),
    };
    let link = format!("{origin}{}{ROOT}/sign-in/{token}", call.site.prefix());
    match act(&call, Act::SendReadingLink { list, address, link }).await {
        Ok(said) => show(&call, Some(&said), false),
        Err(why) => show(&call, Some(&why), true),
    }
}

/// Who came by the link. Scanners of mail open links, so looking signs nobody in.
pub(crate) fn welcome(call: &Call) -> Response {
    let Proof::Reader(Reader::Known(address)) = &call.proof else { return nothing(call) };
    page(&SignIn {
        top: Top::of(&call.site),
        list: "",
        address: address.as_str(),
        said: None,
        bad: false,
        token: Some(&call.piece),
    })
}

/// Signs in, and on to the list.
pub(crate) fn enter(call: &Call) -> Response {
    let Some(ticket) = Ticket::read(&call.site.reading, Use::Link, &call.piece, call.now) else {
        return nothing(call);
    };
    let kept = ticket.sign(&call.site.reading, Use::Stay, call.now);
    with_cookie(call, &format!("{ROOT}/list/{}/", ticket.list), &kept)
}

/// Forgets who it was.
pub(crate) fn leave(call: &Call) -> Response {
    match kept(call.site.is_https(), &call.headers) {
        Some(_) => with_cookie(call, &format!("{ROOT}/"), ""),
        None => see(&call.site, &format!("{ROOT}/")),
    }
}

fn with_cookie(call: &Call, to: &str, text: &str) -> Response {
    let mut response = see(&call.site, to).into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie(call.site.is_https(), text)) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
