//! The archive: lists, months, threads, posts, and what they carry. Whoever asks gets what [`Library::open`] lets them see;
//! an archive they may not read is as one that is not there.

mod body;
mod download;
mod feed;
mod list;
mod lists;
mod moved;
mod person;
mod post;
mod sign_in;
mod tag;
mod thread;
mod ticket;

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use posthaste_lists::archive::{Library, LibraryError, Opened, Reader};
use posthaste_model::Timestamp;

pub(crate) use self::download::{export, file, raw};
pub(crate) use self::feed::feed;
pub(crate) use self::list::{day, latest, month, overview, search};
pub(crate) use self::lists::{lists, style};
pub(crate) use self::moved::{by_message_id, hyperkitty, listinfo, pipermail, pipermail_page, slash};
pub(crate) use self::post::post;
pub(crate) use self::sign_in::{ask, enter, leave, send, welcome};
pub(crate) use self::thread::thread;
pub(crate) use self::ticket::{READING, Ticket, Use, kept};
use crate::answer::{notice, see};
use crate::call::{Call, Proof};

/// What stands before every path here.
pub(crate) const ROOT: &str = "/archives";

/// A page, or the answer in its place.
type Page = Result<Response, Box<Response>>;

/// The answer, whichever it is.
fn answer(page: Page) -> Response {
    page.unwrap_or_else(|refusal| *refusal)
}

/// Who asks.
fn reader(call: &Call) -> Reader {
    match &call.proof {
        Proof::Reader(reader) => reader.clone(),
        _ => Reader::Stranger,
    }
}

fn library(call: &Call) -> Result<Arc<Library>, Box<Response>> {
    call.site.house.library().ok_or_else(|| Box::new(nothing(call)))
}

/// The archive of the list the path names, for who asks.
async fn open(call: &Call, library: &Library) -> Result<Opened, Box<Response>> {
    let name = call.nth(0);
    let opened = library.open(name, reader(call)).await.map_err(|error| trouble(call, &error))?;
    let opened = opened.ok_or_else(|| Box::new(nothing(call)))?;
    let proper = opened.list().name.to_string();
    if proper == name {
        return Ok(opened);
    }
    // By its list-id, or in other letters: there is one address for one thing.
    let rest = call.path.strip_prefix(&format!("{ROOT}/list/")).and_then(|rest| rest.split_once('/'));
    let rest = rest.map(|(_, rest)| rest).unwrap_or_default();
    Err(Box::new(gone_to(call, &format!("{ROOT}/list/{proper}/{rest}"))))
}

/// The one answer to everything that is not there and everything that is not for this reader.
fn nothing(call: &Call) -> Response {
    let what = "There is no such page here. If it is one for members of its list, sign in first: open Archives above, then \
                Sign in.";
    notice(&call.site, StatusCode::NOT_FOUND, "Not here", what)
}

#[expect(clippy::unnecessary_box_returns, reason = "as every refusal here")]
fn trouble(call: &Call, error: &LibraryError) -> Box<Response> {
    tracing::warn!(%error, "the archive cannot be read");
    let what = match error {
        LibraryError::Away(_) => "The archive cannot be read just now. Please try again in a minute.",
        LibraryError::Damaged(_) => {
            "This post cannot be read just now; the people who run this server have been told."
        }
    };
    let mut response = notice(&call.site, StatusCode::SERVICE_UNAVAILABLE, "Not now", what);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    Box::new(response)
}

/// For good, at another address of ours.
fn gone_to(call: &Call, path: &str) -> Response {
    let mut response = see(&call.site, path);
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    response.into_response()
}

/// A moment for people and for programs.
struct Moment {
    machine: String,
    words: String,
}

impl Moment {
    fn of(at: Timestamp) -> Self {
        Self {
            machine: crate::words::machine(at),
            words: at.to_jiff().strftime("%-d %B %Y, %H:%M").to_string(),
        }
    }

    fn day(at: Timestamp) -> Self {
        Self { machine: crate::words::machine(at), words: at.to_jiff().strftime("%-d %B %Y").to_string() }
    }
}

/// A place in a series: `MICROSECONDS-KEY`.
fn cursor(text: &str) -> Option<(Timestamp, uuid::Uuid)> {
    let (at, id) = text.split_once('-')?;
    Some((Timestamp::from_micros(at.parse().ok()?), uuid::Uuid::try_parse(id).ok()?))
}

fn cursor_text(at: Timestamp, id: uuid::Uuid) -> String {
    format!("{}-{}", at.as_micros(), id.simple())
}

/// What a post is called where it has no subject.
fn titled(subject: &str) -> String {
    if subject.is_empty() { "(no subject)".to_owned() } else { subject.to_owned() }
}
