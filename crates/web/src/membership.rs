//! The pages behind the links in mails about memberships: yes, never again, and a moderator's word.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::answer::{Top, notice, page};
use crate::call::Call;
use crate::house::Act;
use crate::ops::act;

/// What somebody says to a mail about a membership.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// It was I who asked.
    Yes,
    /// Send me no more of these.
    Never,
    /// A moderator agrees.
    Accept,
    /// A moderator does not; with what the other is told, which may be empty.
    Reject(String),
    /// A moderator wants it forgotten.
    Discard,
}

#[derive(Template)]
#[template(path = "pages/membership.html")]
struct MembershipPage<'a> {
    top: Top<'a>,
    title: &'a str,
    what: &'a str,
    /// A moderator's buttons, not one for everybody.
    deciding: bool,
    button: &'a str,
    /// What came of it, once it was posted.
    said: Option<&'a str>,
}

/// Scanners of mail open addresses, so looking does nothing.
pub(crate) fn show(call: &Call, title: &str, what: &str, button: &str) -> Response {
    page(&MembershipPage {
        top: Top::of(&call.site),
        title,
        what,
        deciding: button.is_empty(),
        button,
        said: None,
    })
}

/// Does what the button asks for, and says what came of it.
pub(crate) async fn done(call: &Call, title: &str, asked: Act) -> Response {
    match act(call, asked).await {
        Ok(said) => page(&MembershipPage {
            top: Top::of(&call.site),
            title,
            what: "",
            deciding: false,
            button: "",
            said: Some(&said),
        }),
        Err(why) => {
            let mut response = notice(&call.site, StatusCode::SERVICE_UNAVAILABLE, "Not done yet", &why);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            response
        }
    }
}

async fn answered(call: Call, title: &str, reply: Reply) -> Response {
    let asked = Act::Membership { token: call.piece.clone(), reply };
    done(&call, title, asked).await
}

pub(crate) fn ask_confirm(call: &Call) -> Response {
    let what = "You were asked by mail whether it was you who wanted this. If it was, say yes; if not, close this page.";
    show(call, "Was it you?", what, "Yes, it was me")
}

pub(crate) async fn confirm(call: Call) -> Response {
    answered(call, "Your answer", Reply::Yes).await
}

pub(crate) fn ask_never(call: &Call) -> Response {
    let what = "No list of this server will ask your address to confirm anything any more, whoever enters it. Lists you \
                are on go on as before.";
    show(call, "No more questions?", what, "Never ask me again")
}

pub(crate) async fn never(call: Call) -> Response {
    answered(call, "No more questions", Reply::Never).await
}

pub(crate) fn ask_decide(call: &Call) -> Response {
    show(call, "Decide about a request", "The mail that brought you here tells who asks for what.", "")
}

pub(crate) async fn decide(call: Call) -> Response {
    let reply = match call.field("do") {
        "accept" => Reply::Accept,
        "reject" => Reply::Reject(call.field("reason").chars().take(4_000).collect()),
        "discard" => Reply::Discard,
        _ => {
            let what = "Choose one of the buttons of the page.";
            return notice(&call.site, StatusCode::BAD_REQUEST, "Not done", what);
        }
    };
    answered(call, "Your decision", reply).await
}

/// True if this could be a token from one of our mails; whether it is one, the database knows.
pub(crate) fn is_token(piece: &str) -> bool {
    (40..2_000).contains(&piece.len()) && piece.bytes().all(|b| b.is_ascii_hexdigit() || b == b'.')
}
