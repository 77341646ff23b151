//! Every page there is, and who may see it. What is not in this table does not exist.

use std::future::Future;
use std::pin::Pin;

use axum::response::Response;

use crate::call::Call;
use crate::{ack, archive, assets, health, member, membership, moderate, ops, status};

/// How a page is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Method {
    /// To look; changes nothing (RFC 9110 §9.2.1).
    Get,
    /// To do something.
    Post,
}

/// Who may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Right {
    /// Everybody.
    Public,
    /// An operator with a session; what is posted must come from a form that we gave to that session.
    Operator,
    /// An operator, or a program with the secret for scrapers.
    Figures,
    /// Who has a link to log in by.
    Invited,
    /// Who has the link of an alert.
    Linked,
    /// Who has the address for leaving a list that stands in one member's copies.
    Leaving,
    /// Who has the link in a moderator's notice of a held post.
    Moderating,
    /// Who has a token from a mail about a membership.
    Asked,
    /// Who has a moderator's.
    Deciding,
    /// Who may read the archive of the list that the path names; to others it does not exist.
    Archive,
    /// Who has the link, signed by us, that came to an address they read mail at.
    Returning,
    /// Whoever has the address, signed by us, by which one member switches their mail on again.
    Enabling,
}

/// One page, or one thing to do.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// `{…}` stands for one piece of a path.
    pub(crate) path: &'static str,
    pub(crate) right: Right,
    pub(crate) answer: Answer,
}

/// What answers.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// Looking waits for nothing.
    Now(fn(&Call) -> Response),
    /// Doing may.
    Later(fn(Call) -> Answering),
}

/// An answer in the making.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

const fn get(path: &'static str, right: Right, answer: fn(&Call) -> Response) -> Route {
    Route { method: Method::Get, path, right, answer: Answer::Now(answer) }
}

/// Looking at what is in the database.
const fn look(path: &'static str, right: Right, answer: fn(Call) -> Answering) -> Route {
    Route { method: Method::Get, path, right, answer: Answer::Later(answer) }
}

const fn post(path: &'static str, right: Right, answer: fn(Call) -> Answering) -> Route {
    Route { method: Method::Post, path, right, answer: Answer::Later(answer) }
}

use Right::{
    Archive, Asked, Deciding, Enabling, Figures, Invited, Leaving, Linked, Moderating, Operator, Public,
    Returning,
};

/// The table.
pub(crate) const ROUTES: &[Route] = &[
    get("/status", Public, status::page),
    get("/status.json", Public, status::json),
    get("/status.atom", Public, status::feed),
    get("/livez", Public, health::live),
    get("/readyz", Public, health::ready),
    get("/health", Figures, health::health),
    get("/metrics", Figures, health::metrics),
    get("/robots.txt", Public, assets::robots),
    get("/assets/pages.css", Public, assets::style),
    get("/assets/icon.svg", Public, assets::icon),
    get("/assets/archive.css", Public, archive::style),
    look("/archives/", Archive, |call| Box::pin(archive::lists(call))),
    get("/archives/sign-in", Public, archive::ask),
    post("/archives/sign-in", Public, |call| Box::pin(archive::send(call))),
    get("/archives/sign-in/{token}", Returning, archive::welcome),
    post("/archives/sign-in/{token}", Returning, |call| Box::pin(async move { archive::enter(&call) })),
    post("/archives/sign-out", Archive, |call| Box::pin(async move { archive::leave(&call) })),
    look("/archives/list/{l}/", Archive, |call| Box::pin(archive::overview(call))),
    look("/archives/list/{l}/latest", Archive, |call| Box::pin(archive::latest(call))),
    look("/archives/list/{l}/search", Archive, |call| Box::pin(archive::search(call))),
    look("/archives/list/{l}/feed/", Archive, |call| Box::pin(archive::feed(call))),
    look("/archives/list/{l}/export/{name}", Archive, |call| Box::pin(archive::export(call))),
    look("/archives/list/{l}/thread/{hash}/", Archive, |call| Box::pin(archive::thread(call))),
    look("/archives/list/{l}/message/{hash}/", Archive, |call| Box::pin(archive::post(call))),
    look("/archives/list/{l}/message/{hash}/raw", Archive, |call| Box::pin(archive::raw(call))),
    look("/archives/list/{l}/message/{hash}/attachment/{n}/{name}", Archive, |call| {
        Box::pin(archive::file(call))
    }),
    look("/archives/list/{l}/{year}/{month}/", Archive, |call| Box::pin(archive::month(call))),
    look("/archives/list/{l}/{year}/{month}/{day}/", Archive, |call| Box::pin(archive::day(call))),
    look("/archives/message-id/{id}", Archive, |call| Box::pin(archive::by_message_id(call))),
    get("/archives", Archive, archive::slash),
    get("/archives/{*rest}", Archive, archive::slash),
    get("/hyperkitty/{*rest}", Archive, archive::hyperkitty),
    look("/listinfo/{l}", Archive, |call| Box::pin(archive::listinfo(call))),
    look("/pipermail/{l}/", Archive, |call| Box::pin(archive::pipermail(call))),
    look("/pipermail/{l}/{*rest}", Archive, |call| Box::pin(archive::pipermail_page(call))),
    get("/ops", Operator, ops::overview),
    get("/ops/incidents/{id}", Operator, ops::incident),
    get("/ops/quarantine/{id}", Operator, ops::set_aside),
    post("/ops/quarantine/{id}/retry", Operator, |call| Box::pin(ops::retry(call))),
    post("/ops/quarantine/{id}/remove", Operator, |call| Box::pin(ops::remove(call))),
    post("/ops/alerts/{id}/ack", Operator, |call| Box::pin(ops::acknowledge(call))),
    get("/ops/login", Public, ops::how_to_log_in),
    get("/ops/login/{token}", Invited, ops::welcome),
    post("/ops/login/{token}", Invited, |call| Box::pin(async move { ops::log_in(&call) })),
    post("/ops/logout", Operator, |call| Box::pin(async move { ops::log_out(&call) })),
    get("/a/{token}", Linked, ack::show),
    post("/a/{token}", Linked, |call| Box::pin(ack::acknowledge(call))),
    get("/leave/{token}", Leaving, member::ask_leave),
    post("/leave/{token}", Leaving, |call| Box::pin(member::leave(call))),
    get("/confirm/{token}", Asked, membership::ask_confirm),
    post("/confirm/{token}", Asked, |call| Box::pin(membership::confirm(call))),
    get("/never/{token}", Asked, membership::ask_never),
    post("/never/{token}", Asked, |call| Box::pin(membership::never(call))),
    get("/decide/{token}", Deciding, membership::ask_decide),
    post("/decide/{token}", Deciding, |call| Box::pin(membership::decide(call))),
    look("/m/{token}", Moderating, |call| Box::pin(moderate::show(call))),
    post("/m/{token}", Moderating, |call| Box::pin(moderate::decide(call))),
    get("/enable/{token}", Enabling, member::ask_enable),
    post("/enable/{token}", Enabling, |call| Box::pin(member::enable(call))),
];
