use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde::{Deserialize, Serialize};

use super::pages::{self, GonePage, ListPage, MessagePage, View};
use super::{Caught, Mailbox};
use crate::guard::{STRANGER, guard};

/// The pages of a mailbox. `inject` is a shell command that posts to a list; an empty mailbox shows it.
pub fn mailbox_router(mailbox: Arc<Mailbox>, inject: String) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/messages.json", get(json))
        .route("/message/{id}", get(|shared, id| message(shared, id, View::Text)))
        .route("/message/{id}/html", get(|shared, id| message(shared, id, View::Html)))
        .route("/message/{id}/headers", get(|shared, id| message(shared, id, View::Headers)))
        .route("/message/{id}/recipients", get(|shared, id| message(shared, id, View::Recipients)))
        .route("/message/{id}/source", get(|shared, id| message(shared, id, View::Raw)))
        .route("/message/{id}/raw", get(raw))
        .route("/message/{id}/html/frame", get(frame))
        .route(
            "/style.css",
            get(async || asset("text/css; charset=utf-8", include_str!("../../templates/mailbox/style.css"))),
        )
        .route(
            "/icon.svg",
            get(async || asset("image/svg+xml", include_str!("../../templates/mailbox/icon.svg"))),
        )
        .fallback(async || gone("There is no such page."))
        .layer(middleware::from_fn(guard))
        .with_state(Shared { mailbox, inject: inject.into() })
}

#[derive(Clone)]
struct Shared {
    mailbox: Arc<Mailbox>,
    inject: Arc<str>,
}

/// What may follow the `?` of a list.
#[derive(Deserialize)]
struct Asked {
    /// Only messages for this address.
    to: Option<String>,
    /// Only messages older than this one.
    before: Option<u64>,
    /// Reload by itself.
    watch: Option<String>,
}

async fn list(State(shared): State<Shared>, Query(asked): Query<Asked>) -> Response {
    let to = asked.to.as_deref().filter(|to| !to.is_empty());
    page(&ListPage::new(&shared.mailbox, &shared.inject, to, asked.before, asked.watch.is_some()))
}

async fn message(State(shared): State<Shared>, Path(id): Path<String>, view: View) -> Response {
    on_disk(shared, id, move |mailbox, caught| {
        let bytes = mailbox.read(&caught);
        page(&MessagePage::new(mailbox, caught, &bytes, view))
    })
    .await
}

/// The bytes as they came; never taken for anything but text.
async fn raw(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let plain =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, STRANGER)];
    on_disk(shared, id, move |mailbox, caught| (plain, mailbox.read(&caught)).into_response()).await
}

/// A stranger's HTML, locked in.
async fn frame(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let policy = [(header::CONTENT_SECURITY_POLICY, STRANGER)];
    on_disk(shared, id, move |mailbox, caught| match pages::html(&mailbox.read(&caught)) {
        Some(html) => (policy, Html(html)).into_response(),
        None => gone("This message has no HTML part."),
    })
    .await
}

/// A message as scripts see it.
#[derive(Serialize)]
struct Summary {
    id: String,
    at: String,
    envelope_from: String,
    recipients: Vec<String>,
    from: String,
    subject: String,
    message_id: String,
    size: usize,
    damage: Option<String>,
    raw: String,
}

impl Summary {
    fn new(caught: &Caught) -> Self {
        let caught = caught.clone();
        Self {
            id: caught.id.to_string(),
            at: caught.at.to_string(),
            envelope_from: caught.envelope_from,
            recipients: caught.recipients,
            from: caught.from,
            subject: caught.subject,
            message_id: caught.message_id,
            size: caught.size,
            damage: caught.damage,
            raw: format!("/message/{}/raw", caught.id),
        }
    }
}

/// All messages, newest first; `?to=` and `?before=` as on the page.
async fn json(State(shared): State<Shared>, Query(asked): Query<Asked>) -> Json<Vec<Summary>> {
    let found = shared.mailbox.newest(asked.to.as_deref(), asked.before, usize::MAX);
    Json(found.iter().map(|caught| Summary::new(caught)).collect())
}

/// Answers for the message `id` where files may be read.
async fn on_disk(
    shared: Shared,
    id: String,
    answer: impl FnOnce(&Mailbox, Arc<Caught>) -> Response + Send + 'static,
) -> Response {
    let Some(caught) = id.parse().ok().and_then(|id| shared.mailbox.get(id)) else {
        return gone("There is no such message. Only the newest 10,000 are kept.");
    };
    let answered = tokio::task::spawn_blocking(move || answer(&shared.mailbox, caught)).await;
    answered.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn gone(what: &'static str) -> Response {
    (StatusCode::NOT_FOUND, page(&GonePage { what })).into_response()
}

fn asset(kind: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], content).into_response()
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot make a page");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
