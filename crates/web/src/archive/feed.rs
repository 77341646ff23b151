//! The newest posts for feed readers (RFC 4287).

use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::list::{Named, subject};
use super::person::Eyes;
use super::tag::Tag;
use super::{Page, ROOT, answer, library, open, trouble};
use crate::call::Call;
use crate::words;

/// Posts in a feed.
const POSTS: u64 = 30;

#[derive(Template)]
#[template(path = "archive/feed.atom", escape = "html")]
struct Feed {
    /// Where the list's pages are.
    home: String,
    list: Named,
    updated: String,
    entries: Vec<Entry>,
}

struct Entry {
    hash: String,
    subject: String,
    author: String,
    at: String,
    beginning: String,
}

/// The feed.
pub(crate) async fn feed(call: Call) -> Response {
    answer(feed_text(&call).await)
}

async fn feed_text(call: &Call) -> Page {
    let library = library(call)?;
    let opened = open(call, &library).await?;
    let tag = Tag::of(call, &opened, opened.shelf().revision);
    tag.known(call)?;
    let posts = library.newest(&opened, vec![], None, POSTS).await.map_err(|error| trouble(call, &error))?;
    let origin = call.site.base.as_ref().map_or(String::new(), |base| base.origin().to_owned());
    let eyes = Eyes::of(&opened);
    let entry = |post: &posthaste_store::ArchivedMessage| Entry {
        hash: post.hash.clone(),
        subject: subject(&opened, &eyes, &post.subject),
        author: eyes.author(&post.author, &post.address),
        at: words::machine(post.at),
        beginning: eyes.see(&post.beginning),
    };
    let feed = Feed {
        home: format!("{origin}{}{ROOT}/list/{}/", call.site.prefix(), opened.list().name),
        updated: words::machine(
            posts.iter().map(|p| p.kept_at.max(p.at)).max().unwrap_or(opened.list().created_at),
        ),
        entries: posts.iter().map(entry).collect(),
        list: Named::of(&opened),
    };
    match feed.render() {
        Ok(text) => {
            let kind = HeaderValue::from_static("application/atom+xml; charset=utf-8");
            Ok(tag.on(([(header::CONTENT_TYPE, kind)], text).into_response()))
        }
        Err(error) => {
            tracing::error!(%error, "cannot make a feed");
            Err(Box::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()))
        }
    }
}
