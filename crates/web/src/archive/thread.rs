//! A thread: every post on one page, each below what it answers.

use std::collections::HashSet;

use askama::Template;
use axum::response::Response;
use posthaste_archive::{Branch, Content, Placed, StoredFile, Topic, arrange};
use posthaste_mime::Message;
use posthaste_store::ArchivedMessage;

use super::list::{Named, subject};
use super::person::Eyes;
use super::tag::Tag;
use super::{Moment, Page, ROOT, answer, gone_to, library, nothing, open, trouble};
use crate::answer::{Top, page};
use crate::call::Call;
use crate::words;

/// Posts on a page.
const PAGE: usize = 100;
/// Answers are moved in so often.
const INDENTS: usize = 6;

/// A post as a page shows it.
pub(super) struct Shown {
    pub(super) hash: String,
    pub(super) author: String,
    pub(super) at: Moment,
    /// How far it is moved in.
    pub(super) indent: usize,
    /// Its subject, if that is another than the thread's.
    pub(super) subject: Option<String>,
    /// Its text: HTML made by us.
    pub(super) text: String,
    pub(super) files: Vec<File>,
    /// True if its bytes cannot be read.
    pub(super) lost: bool,
}

pub(super) struct File {
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) size: String,
}

impl Shown {
    pub(super) fn of(post: &ArchivedMessage, raw: Option<&bytes::Bytes>, indent: usize, eyes: &Eyes) -> Self {
        let content = raw.map(|raw| Content::of(&Message::parse(raw.clone())));
        let file = |file: &StoredFile| File {
            number: file.number,
            name: eyes.see(&file.name),
            size: words::octets(file.size as u64),
        };
        Self {
            hash: post.hash.clone(),
            author: eyes.author(&post.author, &post.address),
            at: Moment::of(post.at),
            indent,
            subject: None,
            text: content.as_ref().map(|content| super::body::html(content, eyes)).unwrap_or_default(),
            files: content.iter().flat_map(|content| content.files.iter()).map(file).collect(),
            lost: raw.is_none(),
        }
    }
}

#[derive(Template)]
#[template(path = "archive/thread.html")]
struct ThreadPage<'a> {
    top: Top<'a>,
    list: Named,
    subject: String,
    hash: &'a str,
    posts: Vec<Shown>,
    count: String,
    people: String,
    page: usize,
    pages: usize,
    started: Moment,
}

/// The thread.
pub(crate) async fn thread(call: Call) -> Response {
    answer(thread_page(&call).await)
}

async fn thread_page(call: &Call) -> Page {
    let library = library(call)?;
    let opened = open(call, &library).await?;
    let name = call.nth(1);
    let away = |error| trouble(call, &error);
    let Some((thread, posts)) = library.thread(&opened, name).await.map_err(away)? else {
        return Err(Box::new(nothing(call)));
    };
    if thread.hash != name {
        let to = format!("{ROOT}/list/{}/thread/{}/#{name}", opened.list().name, thread.hash);
        return Err(Box::new(gone_to(call, &to)));
    }
    let tag = Tag::of(call, &opened, thread.revision);
    tag.known(call)?;
    let placed = order(&posts);
    let pages = placed.len().div_ceil(PAGE).max(1);
    let number: usize = call.field("page").parse().unwrap_or(1);
    if number == 0 || number > pages {
        return Err(Box::new(nothing(call)));
    }
    let chosen: Vec<(&ArchivedMessage, usize)> = placed
        .iter()
        .skip((number - 1) * PAGE)
        .take(PAGE)
        .filter_map(|at| Some((posts.get(at.index)?, at.depth.min(INDENTS))))
        .collect();
    let wanted: Vec<_> = chosen.iter().map(|(post, _)| *post).collect();
    let raws = library.bodies(&opened, &wanted).await.map_err(away)?;
    let eyes = Eyes::of(&opened);
    let topic = Topic::of(&thread.subject).words;
    let shown = chosen.iter().zip(raws).map(|((post, indent), raw)| {
        let raw = raw.inspect_err(|error| tracing::warn!(%error, "a post cannot be read")).ok();
        let other = Topic::of(&post.subject).words != topic;
        let mut shown = Shown::of(post, raw.as_ref(), *indent, &eyes);
        shown.subject = other.then(|| subject(&opened, &eyes, &post.subject));
        shown
    });
    let people: HashSet<&str> =
        posts.iter().map(|p| if p.address.is_empty() { &*p.author } else { &*p.address }).collect();
    Ok(tag.on(page(&ThreadPage {
        top: Top::of(&call.site),
        list: Named::of(&opened),
        subject: subject(&opened, &eyes, &thread.subject),
        hash: &thread.hash,
        posts: shown.collect(),
        count: words::count(thread.messages, "post"),
        people: words::count(people.len() as u64, "author"),
        page: number,
        pages,
        started: Moment::of(thread.started),
    })))
}

/// The order in which posts, given by their dates, are read.
fn order(posts: &[ArchivedMessage]) -> Vec<Placed> {
    let branches: Vec<_> =
        posts.iter().map(|post| Branch { name: &post.hash, parent: post.parent.as_deref() }).collect();
    arrange(&branches)
}

/// On which page of its thread a post stands.
pub(super) fn page_of(posts: &[ArchivedMessage], hash: &str) -> usize {
    let at = order(posts).iter().position(|at| posts.get(at.index).is_some_and(|post| post.hash == hash));
    at.unwrap_or_default() / PAGE + 1
}

/// The posts before and after a post in its thread.
pub(super) fn neighbours<'a>(
    posts: &'a [ArchivedMessage],
    hash: &str,
) -> (Option<&'a ArchivedMessage>, Option<&'a ArchivedMessage>) {
    let order = order(posts);
    let post = |place: Option<usize>| place.and_then(|at| posts.get(order.get(at)?.index));
    match order.iter().position(|at| posts.get(at.index).is_some_and(|post| post.hash == hash)) {
        Some(at) => (post(at.checked_sub(1)), post(at.checked_add(1))),
        None => (None, None),
    }
}
