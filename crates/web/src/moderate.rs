//! The page of one held post, behind the link in a moderator's notice.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use posthaste_model::{ListId, Timestamp};

use crate::answer::{Top, notice, of, page};
use crate::call::{Call, Proof};
use crate::house::Act;
use crate::ops::act;
use crate::words;

/// A held post as a moderator looks at it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeldPost {
    /// The list's posting address.
    pub list: String,
    /// Who wrote it; may be empty.
    pub sender: String,
    /// Its subject; may be empty.
    pub subject: String,
    /// Why it waits, one sentence each.
    pub reasons: Vec<String>,
    /// Since when.
    pub since: Timestamp,
    /// Octets.
    pub size: u64,
    /// The beginning of its text; empty if it has none.
    pub excerpt: String,
    /// Who else has it in hand.
    pub claimed: Option<String>,
    /// What was decided already: a sentence.
    pub decided: Option<String>,
}

/// What a moderator may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    /// To the list with it.
    Accept,
    /// Back to the author.
    Reject,
    /// Away with it.
    Discard,
    /// Take it in hand, so that others leave it alone.
    Claim,
    /// Send a copy to somebody.
    Forward,
}

impl Measure {
    const ALL: [Self; 5] = [Self::Accept, Self::Reject, Self::Discard, Self::Claim, Self::Forward];

    /// Its name in links and forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Discard => "discard",
            Self::Claim => "claim",
            Self::Forward => "forward",
        }
    }

    fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.name() == name)
    }
}

/// The longest text for an author, characters.
const REASON: usize = 4_000;

#[derive(Template)]
#[template(path = "pages/held.html")]
struct HeldPage<'a> {
    top: Top<'a>,
    post: &'a HeldPost,
    since: String,
    size: String,
    moderator: &'a str,
    /// What the link that was followed offers.
    offered: &'a str,
    said: Option<&'a str>,
    failed: bool,
}

/// Shows. Scanners of mail open links, so looking decides nothing.
pub(crate) async fn show(call: Call) -> Response {
    let offered = Measure::read(call.field("do")).map_or("", Measure::name);
    match look(&call).await {
        Ok(post) => made(&call, &post, offered, None, StatusCode::OK),
        Err(refusal) => *refusal,
    }
}

/// Decides.
pub(crate) async fn decide(call: Call) -> Response {
    let Some((list, number, moderator)) = named(&call) else { return lost(&call) };
    let Some(measure) = Measure::read(call.field("do")) else {
        return notice(
            &call.site,
            StatusCode::BAD_REQUEST,
            "Not done",
            "Choose one of the buttons of the page.",
        );
    };
    let asked = Act::Moderate {
        list: list.clone(),
        number,
        moderator: moderator.to_owned(),
        measure,
        reason: call.field("reason").chars().take(REASON).collect(),
        forward: call.field("forward").to_owned(),
        preserve: call.field("preserve") == "yes",
        force: call.field("force") == "yes",
    };
    let outcome = act(&call, asked).await;
    let (Ok(said) | Err(said)) = &outcome;
    match look(&call).await {
        Ok(post) => {
            let status = if outcome.is_ok() { StatusCode::OK } else { StatusCode::CONFLICT };
            made(&call, &post, "", Some((said, outcome.is_err())), status)
        }
        // Carried out already, and gone.
        Err(_) if outcome.is_ok() => notice(&call.site, StatusCode::OK, "Done", said),
        Err(_) => notice(&call.site, StatusCode::CONFLICT, "Not done", said),
    }
}

fn made(
    call: &Call,
    post: &HeldPost,
    offered: &str,
    said: Option<(&str, bool)>,
    status: StatusCode,
) -> Response {
    let Some((_, _, moderator)) = named(call) else { return lost(call) };
    let made = HeldPage {
        top: Top::of(&call.site),
        post,
        since: words::moment(post.since, call.now),
        size: words::octets(post.size),
        moderator,
        offered,
        said: said.map(|(said, _)| said),
        failed: said.is_some_and(|(_, failed)| failed),
    };
    if status == StatusCode::OK { page(&made) } else { of(status, &made) }
}

async fn look(call: &Call) -> Result<HeldPost, Box<Response>> {
    let Some((list, number, moderator)) = named(call) else { return Err(Box::new(lost(call))) };
    match call.site.house.held(list, number, moderator).await {
        Ok(Some(post)) => Ok(post),
        Ok(None) => Err(Box::new(gone(call))),
        Err(why) => Err(Box::new(notice(&call.site, StatusCode::SERVICE_UNAVAILABLE, "Not now", &why))),
    }
}

fn named(call: &Call) -> Option<(&ListId, i64, &str)> {
    match &call.proof {
        Proof::Moderator { list, number, moderator } => Some((list, *number, moderator)),
        _ => None,
    }
}

fn gone(call: &Call) -> Response {
    let what = "This post does not wait any more, or you do not moderate its list any more.";
    notice(&call.site, StatusCode::GONE, "Nothing waits here", what)
}

fn lost(call: &Call) -> Response {
    notice(&call.site, StatusCode::FORBIDDEN, "This link does not hold", "It was not copied whole.")
}
