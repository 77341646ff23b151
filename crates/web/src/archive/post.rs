//! One post, with its header if that is asked for.

use askama::Template;
use axum::response::Response;
use posthaste_mime::Message;

use super::list::{Named, subject};
use super::person::Eyes;
use super::tag::Tag;
use super::thread::{Shown, neighbours, page_of};
use super::{Page, answer, library, nothing, open, trouble};
use crate::answer::{Top, page};
use crate::call::Call;

/// So many fields of a header are shown.
const FIELDS: usize = 200;
/// Characters of one.
const VALUE: usize = 4_000;

#[derive(Template)]
#[template(path = "archive/post.html")]
struct PostPage<'a> {
    top: Top<'a>,
    list: Named,
    subject: String,
    post: Shown,
    thread: String,
    thread_page: usize,
    before: Option<(String, String)>,
    after: Option<(String, String)>,
    fields: Option<Vec<(String, String)>>,
}

/// The post.
pub(crate) async fn post(call: Call) -> Response {
    answer(post_page(&call).await)
}

async fn post_page(call: &Call) -> Page {
    let library = library(call)?;
    let opened = open(call, &library).await?;
    let away = |error| trouble(call, &error);
    let found = library.message(&opened, call.nth(1)).await.map_err(away)?;
    let Some(post) = found else { return Err(Box::new(nothing(call))) };
    let thread = library.thread(&opened, &post.thread).await.map_err(away)?;
    let (revision, posts) = thread.map(|(thread, posts)| (thread.revision, posts)).unwrap_or_default();
    let tag = Tag::of(call, &opened, (revision, &post.body));
    tag.known(call)?;
    let raw = library.bodies(&opened, &[&post]).await.map_err(away)?.pop();
    let raw = match raw {
        Some(Ok(raw)) => raw,
        Some(Err(error)) => return Err(away(error)),
        None => return Err(Box::new(nothing(call))),
    };
    let eyes = Eyes::of(&opened);
    let fields = call.fields.contains_key("headers").then(|| {
        let head = Message::parse(raw.clone()).head;
        let field = |f: &posthaste_mime::Field| {
            (f.name().to_owned(), eyes.see(&f.text().chars().take(VALUE).collect::<String>()))
        };
        head.fields().iter().take(FIELDS).map(field).collect()
    });
    let (before, after) = neighbours(&posts, &post.hash);
    let named = |post: &posthaste_store::ArchivedMessage| {
        (post.hash.clone(), eyes.author(&post.author, &post.address))
    };
    Ok(tag.on(page(&PostPage {
        top: Top::of(&call.site),
        list: Named::of(&opened),
        subject: subject(&opened, &eyes, &post.subject),
        thread_page: page_of(&posts, &post.hash),
        before: before.map(named),
        after: after.map(named),
        post: Shown::of(&post, Some(&raw), 0, &eyes),
        thread: post.thread,
        fields,
    })))
}
