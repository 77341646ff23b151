use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Form, FromRequest, Query, RawPathParams, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use axum::{Router, middleware};

use posthaste_lists::archive::Reader;
use posthaste_watch::{moderate_verify, one_click_verify};

use crate::access;
use crate::answer::{dress, notice, see};
use crate::archive::{self, Ticket, Use};
use crate::call::{Call, Proof};
use crate::membership;
use crate::routes::{Answer, Method, ROUTES, Right, Route};
use crate::site::Site;

/// What a listener for figures serves.
const FIGURES: [&str; 4] = ["/livez", "/readyz", "/health", "/metrics"];

/// The most octets of a form.
const FORM: usize = 16 * 1024;

/// The pages of `site`: exactly those of the table. Below a prefix too, if people reach them there, whether or not
/// the proxy takes the prefix away.
pub fn pages_router(site: &Arc<Site>) -> Router {
    let router = of(site, |_| true);
    match site.prefix() {
        "" => router,
        prefix => Router::new().nest(prefix, router.clone()).fallback_service(router),
    }
}

/// Only what programs ask: for a listener of its own.
pub fn figures_router(site: &Arc<Site>) -> Router {
    of(site, |route| FIGURES.contains(&route.path))
}

fn of(site: &Arc<Site>, wanted: impl Fn(&Route) -> bool) -> Router {
    let mut router = Router::new();
    for route in ROUTES.iter().filter(|route| wanted(route)) {
        let filter = match route.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
        };
        let site = site.clone();
        let answer =
            move |pieces: RawPathParams, request: Request| respond(site.clone(), route, pieces, request);
        router = router.route(route.path, on(filter, answer));
    }
    let last = site.clone();
    if !site.beside_mailbox {
        let site = site.clone();
        router = router
            .fallback(async move || {
                notice(&last, StatusCode::NOT_FOUND, "Not here", "There is no such page.")
            })
            .route("/", on(MethodFilter::GET, async move || see(&site, "/status")));
    }
    let site = site.clone();
    let dressed = middleware::from_fn(move |request: Request, next: middleware::Next| {
        let site = site.clone();
        async move {
            let response = if access::is_our_host(request.headers(), site.base.as_ref()) {
                next.run(request).await
            } else {
                let why = "This server does not answer under that name. Set [web] base_url to the address that people \
                           use.\n";
                (StatusCode::MISDIRECTED_REQUEST, why).into_response()
            };
            dress(&site, response)
        }
    });
    router.layer(DefaultBodyLimit::max(FORM)).layer(dressed)
}

/// Asks for the right before anything else is looked at.
async fn respond(
    site: Arc<Site>,
    route: &'static Route,
    pieces: RawPathParams,
    request: Request,
) -> Response {
    tracing::debug!(route = route.path, "page");
    let now = site.clock.now();
    let headers = request.headers().clone();
    let pieces: Vec<String> = pieces.iter().map(|(_, value)| value.to_owned()).collect();
    let piece = pieces.first().cloned().unwrap_or_default();
    let path = request.uri().path().to_owned();
    let Some(nonce) = access::nonce() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let proof = match prove(&site, route.right, &headers, &piece) {
        Ok(proof) => proof,
        Err(refusal) => return *refusal,
    };
    let mut call = Call { site, now, headers, piece, pieces, path, fields: BTreeMap::new(), proof, nonce };
    let read = match route.method {
        Method::Get => Query::<BTreeMap<String, String>>::try_from_uri(request.uri())
            .map(|q| q.0)
            .map_err(IntoResponse::into_response),
        // RFC 8058 §3.2: the address says everything; the body may be of either form and says nothing more.
        Method::Post if matches!(route.right, Right::Leaving | Right::Asked | Right::Enabling) => {
            Ok(BTreeMap::new())
        }
        Method::Post => {
            Form::from_request(request, &()).await.map(|f| f.0).map_err(IntoResponse::into_response)
        }
    };
    match read {
        Ok(fields) => call.fields = fields,
        Err(refusal) => return refusal,
    }
    if route.method == Method::Post && !is_ours(&call, route) {
        let what = "This form did not come from a page of ours, or the page was too old. Go back, load it again, and try once \
                    more.";
        return notice(&call.site, StatusCode::FORBIDDEN, "Not done", what);
    }
    match route.answer {
        Answer::Now(answer) => answer(&call),
        Answer::Later(answer) => answer(call).await,
    }
}

/// The right to this page, or the answer to who does not have it.
fn prove(site: &Site, right: Right, headers: &HeaderMap, piece: &str) -> Result<Proof, Box<Response>> {
    let session =
        || site.cookie().read(headers).and_then(|secret| site.access.session(secret, site.clock.now()));
    match right {
        Right::Public => Ok(Proof::None),
        // Which archives somebody may read is asked list by list.
        Right::Archive => {
            let ticket = || {
                let kept = archive::kept(site.is_https(), headers)?;
                Ticket::read(&site.reading, Use::Stay, kept, site.clock.now())
            };
            Ok(Proof::Reader(match session() {
                Some(_) => Reader::Operator,
                None => ticket().map_or(Reader::Stranger, |ticket| Reader::Known(ticket.address)),
            }))
        }
        Right::Returning => Ticket::read(&site.reading, Use::Link, piece, site.clock.now())
            .map(|ticket| Proof::Reader(Reader::Known(ticket.address)))
            .ok_or_else(|| {
                let what = "It was not copied whole, or it is older than half an hour. Ask for another one.";
                Box::new(notice(site, StatusCode::FORBIDDEN, "This link does not hold", what))
            }),
        Right::Operator => {
            session().map(Proof::Session).ok_or_else(|| Box::new(see(site, "/ops/login")))
        }
        Right::Figures if site.figures_open || is_scraper(site, headers) => Ok(Proof::Scraper),
        Right::Figures => session().map(Proof::Session).ok_or_else(|| {
            let challenge = [(header::WWW_AUTHENTICATE, "Bearer realm=\"posthaste\"")];
            let why = "Log in at /ops, or send the token of [metrics] token_file as Authorization: Bearer.\n";
            Box::new((StatusCode::UNAUTHORIZED, challenge, why).into_response())
        }),
        Right::Invited => site.access.link(piece, site.clock.now()).map(Proof::Link).ok_or_else(|| {
            let what = "This link was used already, or it is more than ten minutes old. Ask for a new one on the server: \
                        posthaste ops login";
            Box::new(notice(site, StatusCode::FORBIDDEN, "This link does not hold", what))
        }),
        Right::Leaving => one_click_verify(&site.one_click, piece)
            .map(|(list, member)| Proof::Member { list, member })
            .ok_or_else(|| Box::new(no_such_address(site))),
        Right::Moderating => moderate_verify(&site.moderating, piece)
            .map(|(list, number, moderator)| Proof::Moderator { list, number, moderator })
            .ok_or_else(|| {
                let what = "This link was not copied whole, or it is not one of ours. On the server: posthaste moderate ls";
                Box::new(notice(site, StatusCode::FORBIDDEN, "This link does not hold", what))
            }),
        Right::Asked | Right::Deciding => membership::is_token(piece).then_some(Proof::None).ok_or_else(|| {
            let what = "It was not copied whole, or it is not one of ours. The mail tells another way, too.";
            Box::new(notice(site, StatusCode::FORBIDDEN, "This address does not hold", what))
        }),
        Right::Enabling => one_click_verify(&site.enable, piece)
            .map(|(list, member)| Proof::Member { list, member })
            .ok_or_else(|| {
                let what = "It was not copied whole, or it is not one of ours. Write to the -owner address of the list.";
                Box::new(notice(site, StatusCode::FORBIDDEN, "This address does not hold", what))
            }),
        Right::Linked => site.house.linked(piece).map(|alert| Proof::Alert(Box::new(alert))).ok_or_else(|| {
            let what = "This link does not hold any more, or it was not copied whole. On the server: posthaste alerts ls";
            Box::new(notice(site, StatusCode::FORBIDDEN, "This link does not hold", what))
        }),
    }
}

/// The refusal of an address for leaving a list.
fn no_such_address(site: &Site) -> Response {
    let what = "This address was not copied whole, or it is not one of ours. To leave a list, write to its -leave address, \
                which stands in every copy you got.";
    notice(site, StatusCode::FORBIDDEN, "This address does not hold", what)
}

/// True if the request shows the secret for programs.
fn is_scraper(site: &Site, headers: &HeaderMap) -> bool {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (Some(secret), Some(shown)) = (&site.scraper, shown) else { return false };
    let Some((scheme, token)) = shown.split_once(' ') else { return false };
    scheme.eq_ignore_ascii_case("bearer") && access::same(secret, token.trim())
}

/// True if what is posted stood on a page of ours. A signed link alone lets no other site do anything: it has none.
fn is_ours(call: &Call, route: &Route) -> bool {
    let here = access::same_origin(&call.headers, call.site.base.as_ref());
    match call.session() {
        Some(session) => here && call.site.access.form_holds(session, route.path, call.field("form")),
        None => here || !["origin", "sec-fetch-site"].iter().any(|name| call.headers.contains_key(*name)),
    }
}

#[cfg(test)]
mod archive_tests;
#[cfg(test)]
mod tests;
