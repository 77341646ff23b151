//! The page behind the link of an alert's message: whoever has it may take the alert in hand.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use crate::answer::{Top, notice, of, page};
use crate::call::{Call, Proof};
use crate::house::Act;
use crate::ops::{AlertCard, act};

#[derive(Template)]
#[template(path = "pages/ack.html")]
struct AckPage<'a> {
    top: Top<'a>,
    alert: AlertCard,
    /// What came of it, once it was posted.
    said: Option<&'a str>,
    failed: bool,
}

/// Shows; mail programs and scanners open links, so looking acknowledges nothing.
pub(crate) fn show(call: &Call) -> Response {
    match &call.proof {
        Proof::Alert(alert) => {
            let alert = AlertCard::new(alert, call.now, String::new());
            page(&AckPage { top: Top::of(&call.site), alert, said: None, failed: false })
        }
        _ => gone(call),
    }
}

/// Acts.
pub(crate) async fn acknowledge(call: Call) -> Response {
    let asked = Act::AcknowledgeByLink { token: call.piece.clone(), note: call.field("note").to_owned() };
    let outcome = act(&call, asked).await;
    // As it is now, with the name of who has it in hand.
    let Some(alert) = call.site.house.linked(&call.piece) else { return gone(&call) };
    let alert = AlertCard::new(&alert, call.now, String::new());
    let (Ok(said) | Err(said)) = &outcome;
    let made = AckPage { top: Top::of(&call.site), alert, said: Some(said), failed: outcome.is_err() };
    of(if outcome.is_ok() { StatusCode::OK } else { StatusCode::CONFLICT }, &made)
}

fn gone(call: &Call) -> Response {
    notice(
        &call.site,
        StatusCode::GONE,
        "It is over",
        "This alert is over; there is nothing left to acknowledge.",
    )
}
