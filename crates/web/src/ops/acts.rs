use std::time::Duration;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::cards::{self, Aside};
use crate::answer::{Top, notice, page, see};
use crate::call::Call;
use crate::house::Act;

/// How long an act may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// The longest note.
const NOTE: usize = 500;

/// Has it done, within seconds; what came of it is a sentence either way.
pub(crate) async fn act(call: &Call, act: Act) -> Result<String, String> {
    let slow = call.site.clock.sleep(PATIENCE);
    let done = tokio::select! {
        done = call.site.house.act(act) => done,
        () = slow => Err("The server did not answer in time. It may still be done: load the page again.".to_owned()),
    };
    call.site.blink();
    done
}

pub(crate) async fn acknowledge(call: Call) -> Response {
    let note = call.field("note").chars().take(NOTE).collect();
    let asked = Act::Acknowledge { alert: call.piece.clone(), by: who(&call), note };
    finish(&call, act(&call, asked).await, "/ops?done=acked#alerts")
}

pub(crate) async fn retry(call: Call) -> Response {
    let asked = Act::Retry { entry: call.piece.clone(), by: who(&call) };
    finish(&call, act(&call, asked).await, "/ops?done=retried#quarantine")
}

pub(crate) async fn remove(call: Call) -> Response {
    let asked = Act::Remove { entry: call.piece.clone(), by: who(&call) };
    finish(&call, act(&call, asked).await, "/ops?done=removed#quarantine")
}

fn who(call: &Call) -> String {
    call.session().map(|session| session.name.clone()).unwrap_or_default()
}

fn finish(call: &Call, outcome: Result<String, String>, then: &str) -> Response {
    match outcome {
        Ok(_) => see(&call.site, then),
        Err(why) => notice(&call.site, StatusCode::CONFLICT, "Not done", &why),
    }
}

#[derive(Template)]
#[template(path = "pages/quarantine.html")]
struct QuarantinePage<'a> {
    top: Top<'a>,
    entry: Aside,
}

/// One entry of the quarantine, and what can be done with it.
pub(crate) fn set_aside(call: &Call) -> Response {
    let seen = call.site.see();
    match seen.quarantine.iter().find(|entry| entry.id == call.piece) {
        Some(entry) => {
            let entry = cards::aside(call, call.session(), entry);
            page(&QuarantinePage { top: Top::with(call), entry })
        }
        None => {
            notice(&call.site, StatusCode::NOT_FOUND, "Not here", "This entry is not in quarantine any more.")
        }
    }
}
