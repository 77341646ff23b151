//! The interface of Posthaste itself, `/api/v1`: what there is, told in one way. Nothing is changed here.
//!
//! Pages go by cursor: an answer with more to come has `next`, which is the `after` of the page behind it. Errors are
//! problem documents (RFC 9457). What is not in [`PATHS`] does not exist, and the `OpenAPI` document is made from it.

mod held;
mod lists;
mod members;
mod openapi;
mod paging;
mod queues;
mod trace;
mod views;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

pub use self::openapi::openapi;
pub use self::views::Views;
use crate::api::Api;
use crate::call::Call;
use crate::caller;
use crate::fault::{Fault, SOON};
use crate::params::Params;
use crate::percent;
use crate::right::{Kind, Right, Scope};
use crate::router;
use crate::version::Version;

/// What every path here begins with.
pub(crate) const PREFIX: &str = "/api/v1/";
/// Where the description is, for everybody.
const DESCRIPTION: &str = "openapi.json";
/// How long an answer may take to be made.
const ANSWER: Duration = Duration::from_secs(25);

type Answering = Pin<Box<dyn Future<Output = Result<Value, Fault>> + Send>>;

/// A word that may stand in the query.
struct Word {
    name: &'static str,
    about: &'static str,
    required: bool,
}

/// One path.
struct Place {
    /// Behind the prefix; `{…}` stands for one piece.
    path: &'static str,
    about: &'static str,
    right: Right,
    query: &'static [Word],
    /// The name of what it answers, among the schemas of the description.
    gives: &'static str,
    /// Its answer is a page of these.
    paged: bool,
    answer: fn(Call) -> Answering,
}

const fn word(name: &'static str, about: &'static str) -> Word {
    Word { name, about, required: false }
}

const fn right(scope: Scope, kind: Kind) -> Right {
    Right { scope, look: kind, change: kind }
}

/// Every path.
const PATHS: &[Place] = &[
    Place {
        path: "lists",
        about: "All lists, by list-id.",
        right: right(Scope::Site, Kind::Read),
        query: &[],
        gives: "List",
        paged: true,
        answer: |call| Box::pin(lists::all(call)),
    },
    Place {
        path: "lists/{l}",
        about: "One list, by list-id or posting address, with its settings.",
        right: right(Scope::List("l"), Kind::Read),
        query: &[],
        gives: "WholeList",
        paged: false,
        answer: |call| Box::pin(lists::one(call)),
    },
    Place {
        path: "members",
        about: "The memberships of a list, by address.",
        right: right(Scope::Named("list"), Kind::Members),
        query: &[
            Word { name: "list", about: "The list, by list-id or posting address.", required: true },
            word("role", "Only this role: member, owner, moderator or nonmember."),
        ],
        gives: "Member",
        paged: true,
        answer: |call| Box::pin(members::all(call)),
    },
    Place {
        path: "held",
        about: "Posts that wait for a moderator, by number.",
        right: right(Scope::Named("list"), Kind::Moderate),
        query: &[word("list", "Only those of this list, by list-id or posting address.")],
        gives: "Held",
        paged: true,
        answer: |call| Box::pin(held::all(call)),
    },
    Place {
        path: "queues",
        about: "What waits at every stage.",
        right: right(Scope::Site, Kind::Read),
        query: &[],
        gives: "Queues",
        paged: false,
        answer: |call| Box::pin(std::future::ready(Ok(queues::all(&call)))),
    },
    Place {
        path: "trace/{id}",
        about: "What became of a post, by its Message-ID or the id of an entry; recipients only if asked for.",
        right: right(Scope::Site, Kind::Moderate),
        query: &[word("recipients", "`true`: with the address of every recipient.")],
        gives: "Traces",
        paged: false,
        answer: |call| Box::pin(trace::one(call)),
    },
    Place {
        path: "ledger",
        about: "Whether every accepted post is accounted for, as of the last check.",
        right: right(Scope::Site, Kind::Read),
        query: &[],
        gives: "Document",
        paged: false,
        answer: |call| Box::pin(std::future::ready(views::ledger(&call))),
    },
    Place {
        path: "alerts",
        about: "What is wrong now, who was told, who has it.",
        right: right(Scope::Site, Kind::Settings),
        query: &[],
        gives: "Document",
        paged: false,
        answer: |call| Box::pin(std::future::ready(views::alerts(&call))),
    },
];

/// A line of the table, for whoever checks it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PathInfo {
    /// Behind the prefix.
    pub path: &'static str,
    /// What a token needs.
    pub kind: Kind,
    /// True if a token for one list will do, where the path or the query names it.
    pub of_list: bool,
}

/// Every path there is.
pub fn modern_paths() -> Vec<PathInfo> {
    let info = |path: &Place| PathInfo {
        path: path.path,
        kind: path.right.look,
        of_list: matches!(path.right.scope, Scope::List(_) | Scope::Named(_)),
    };
    PATHS.iter().map(info).collect()
}

/// Answers one request whose path begins with [`PREFIX`].
pub(crate) async fn answer(api: Arc<Api>, request: Request, peer: &str) -> Response {
    let path = request.uri().path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
    if path == DESCRIPTION && request.method() == Method::GET {
        return document(StatusCode::OK, "application/json", &openapi());
    }
    let pieces: Vec<String> = path.split('/').map(percent::decode).collect();
    let Some((path, pieces)) = PATHS.iter().find_map(|path| Some((path, fits(path, &pieces)?))) else {
        return refuse(&Fault::GONE);
    };
    // Its body is no matter here, and must not be looked at by two at once.
    match attend(api, request.into_parts().0, path, pieces, peer).await {
        Ok(value) => document(StatusCode::OK, "application/json", &value),
        Err(fault) => refuse(&fault),
    }
}

fn fits(path: &Place, pieces: &[String]) -> Option<Vec<(&'static str, String)>> {
    let mut wanted = path.path.split('/');
    let mut found = vec![];
    for piece in pieces {
        let want = wanted.next()?;
        match want.strip_prefix('{').and_then(|want| want.strip_suffix('}')) {
            Some(name) if !piece.is_empty() => found.push((name, piece.clone())),
            None if want == piece => {}
            _ => return None,
        }
    }
    wanted.next().is_none().then_some(found)
}

async fn attend(
    api: Arc<Api>,
    request: Parts,
    path: &'static Place,
    pieces: Vec<(&'static str, String)>,
    peer: &str,
) -> Result<Value, Fault> {
    let settings = api.settings();
    let caller = caller::prove(&api, &request.headers, peer).await?;
    if let Some(retry_after) = api.paces.turn(&caller.name, settings.rate) {
        return Err(Fault::TooMany { retry_after });
    }
    if request.method != Method::GET {
        return Err(Fault::Method);
    }
    let query = request.uri.query().unwrap_or_default();
    let params = Params::of_pairs(percent::pairs(query.as_bytes()));
    let known = |name: &str| {
        path.query.iter().any(|word| word.name == name) || (path.paged && ["after", "limit"].contains(&name))
    };
    if let Some(strange) = params.names().find(|name| !known(name)) {
        return Err(Fault::Bad(format!("There is no parameter {strange:?} here; see {PREFIX}{DESCRIPTION}")));
    }
    let call = Call {
        api,
        version: Version::V31,
        pieces,
        params,
        paging: Params::default(),
        caller,
        settings,
        list: OnceCell::new(),
    };
    router::allow(&call, path.right, true).await?;
    // In a task of its own: a bug in it costs one answer.
    match tokio::time::timeout(ANSWER, tokio::spawn((path.answer)(call))).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Err(Fault::ours(&error)),
        Err(_) => Err(Fault::Unavailable { retry_after: SOON }),
    }
}

fn refuse(fault: &Fault) -> Response {
    let (status, (title, detail)) = (fault.status(), fault.words());
    let problem = json!({ "status": status.as_u16(), "title": title, "detail": detail });
    let mut response = document(status, "application/problem+json", &problem);
    let headers = response.headers_mut();
    if let Some(seconds) = fault.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if *fault == Fault::Unauthorized {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"posthaste\""));
    }
    if *fault == Fault::Method {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET"));
    }
    response
}

fn document(status: StatusCode, kind: &'static str, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
