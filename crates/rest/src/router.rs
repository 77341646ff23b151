//! From a request to its handler.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use posthaste_model::MailingList;
use tokio::sync::OnceCell;

use crate::api::Api;
use crate::call::{Call, find_list};
use crate::caller::{self, Caller};
use crate::fault::{Fault, SOON};
use crate::modern;
use crate::params::merge;
use crate::percent;
use crate::reply::{empty, nowhere, refuse, respond};
use crate::right::{Grant, Reach, Right, Scope};
use crate::routes::{self, Handler, Route};
use crate::settings::Settings;
use crate::version::Version;

/// How long a body may take to arrive.
const BODY: Duration = Duration::from_secs(30);
/// How long an answer may take to be made. The database has less.
const ANSWER: Duration = Duration::from_secs(25);

/// Rows up to this one ask no database.
const SYSTEM: u8 = 6;

/// A path that exists.
struct Found {
    version: Version,
    route: &'static Route,
    pieces: Vec<(&'static str, String)>,
}

/// Answers one request that came from `peer`.
pub(crate) async fn answer(api: Arc<Api>, request: Request, peer: &str) -> Response {
    if request.uri().path().starts_with(modern::PREFIX) {
        return modern::answer(api, request, peer).await;
    }
    let Some(found) = look_up(request.uri().path()) else { return nowhere(StatusCode::NOT_FOUND) };
    let version = found.version;
    tracing::debug!(route = found.route.path, method = %request.method(), "REST");
    match attend(api.clone(), request, found, peer).await {
        Ok(response) => response,
        Err(Stop::Refused(fault)) => refuse(&fault),
        Err(Stop::Wrong(response)) => *response,
        Err(Stop::Done(answer, settings)) => respond(answer, version, &settings.base).await,
    }
}

/// Where the way to an answer ends.
enum Stop {
    Refused(Fault),
    Wrong(Box<Response>),
    Done(crate::reply::Answer, Arc<Settings>),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

fn look_up(path: &str) -> Option<Found> {
    // Split first: a slash may be part of a piece, as `%2F`.
    let mut pieces = path.strip_prefix('/')?.split('/');
    let version = Version::parse(pieces.next()?)?;
    let pieces: Vec<String> = pieces.map(percent::decode).collect();
    let (route, pieces) = routes::find(&pieces, |versions| versions.have(version))?;
    Some(Found { version, route, pieces })
}

async fn attend(api: Arc<Api>, request: Request, found: Found, peer: &str) -> Result<Response, Stop> {
    let settings = api.settings();
    let caller = caller::prove(&api, request.headers(), peer).await?;
    if let Some(retry_after) = api.paces.turn(&caller.name, settings.rate) {
        return Err(Fault::TooMany { retry_after }.into());
    }
    let handler = pick(found.route, request.method()).map_err(Stop::Wrong)?;
    let looking = request.method() == Method::GET;
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let query = request.uri().query().map(str::to_owned);
    let body = read(request.into_body(), settings.largest_body).await?;
    let said = merge(looking, query.as_deref(), &content_type, &body)?;
    let call = Call {
        api,
        version: found.version,
        pieces: found.pieces,
        params: said.params,
        paging: said.outside,
        caller,
        settings: settings.clone(),
        list: OnceCell::new(),
    };
    // Tables that are being made or changed, or belong to another version, mean nothing yet.
    if found.route.row > SYSTEM && call.api.tools.gate.trouble().is_some() {
        return Err(Fault::Unavailable { retry_after: SOON }.into());
    }
    allow(&call, found.route.right, looking).await?;
    Err(Stop::Done(carry_out(handler, call).await, settings))
}

/// What answers this method; else what says which do.
fn pick(route: &Route, method: &Method) -> Result<Handler, Box<Response>> {
    let methods = route.methods();
    if let Some((_, handler)) = methods.iter().find(|(name, _)| *name == method.as_str()) {
        return Ok(*handler);
    }
    let mut names: Vec<_> = methods.iter().map(|(name, _)| *name).collect();
    names.push("OPTIONS");
    let mut response = match *method {
        Method::OPTIONS => empty(StatusCode::OK),
        _ => nowhere(StatusCode::METHOD_NOT_ALLOWED),
    };
    if let Ok(allow) = HeaderValue::from_str(&names.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    Err(Box::new(response))
}

async fn read(body: Body, most: usize) -> Result<bytes::Bytes, Fault> {
    match tokio::time::timeout(BODY, axum::body::to_bytes(body, most)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => {
            let too_large = std::error::Error::source(&error)
                .is_some_and(|source| source.to_string().contains("length limit"));
            Err(if too_large {
                Fault::TooLarge
            } else {
                Fault::bad("The body of the request did not come whole")
            })
        }
        Err(_) => Err(Fault::bad("The body of the request took too long")),
    }
}

/// Does it in a task of its own: to its end, whether or not the client waits for it; and a bug in it costs one answer.
async fn carry_out(handler: Handler, call: Call) -> crate::reply::Answer {
    match tokio::time::timeout(ANSWER, tokio::spawn(handler(call))).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Err(Fault::ours(&error)),
        Err(_) => {
            tracing::warn!("REST: an answer was not made in time");
            Err(Fault::Unavailable { retry_after: SOON })
        }
    }
}

/// Whether the caller may.
pub(crate) async fn allow(call: &Call, right: Right, looking: bool) -> Result<(), Fault> {
    let Caller { grant: Some(grant), .. } = &call.caller else { return Ok(()) };
    let kind = if looking { right.look } else { right.change };
    if !grant.has(kind) {
        let text = format!("This token has no right to do this: it needs \"{}\"", kind.name());
        return Err(Fault::Forbidden(Some(text)));
    }
    if reaches(call, grant, right.scope).await? {
        return Ok(());
    }
    Err(Fault::Forbidden(Some("This token does not reach that far".to_owned())))
}

async fn reaches(call: &Call, grant: &Grant, scope: Scope) -> Result<bool, Fault> {
    let list = match (&grant.reach, scope) {
        (Reach::Site, _) => return Ok(true),
        (Reach::Domain(host), Scope::Domain(piece)) => return Ok(call.piece(piece) == host),
        (_, Scope::Site | Scope::Domain(_)) => return Ok(false),
        (_, Scope::List(piece)) => find_list(&call.api, call.piece(piece)).await?,
        (_, Scope::Named(field)) => match call.params.text(field) {
            Some(spec) => find_list(&call.api, &spec).await?,
            None => None,
        },
    };
    let Some(list) = list else { return Ok(false) };
    let within = |list: &MailingList| match &grant.reach {
        Reach::Site => true,
        Reach::Domain(host) => list.name.host() == host,
        Reach::List(id) => list.list_id == *id,
    };
    Ok(within(&list))
}
