//! What is saved, not shown: the bytes of a post, its files, an mbox.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use posthaste_archive::{Content, Export};
use posthaste_lists::archive::{Library, Opened};
use posthaste_mime::Message;
use posthaste_model::Timestamp;
use posthaste_store::ArchivedMessage;
use uuid::Uuid;

use super::tag::Tag;
use super::{Page, answer, library, nothing, open, trouble};
use crate::call::Call;

/// Posts of an export that are read at once.
const PAGE: u64 = 50;

/// Runs nothing and loads nothing, wherever it is opened.
const HARMLESS: &str = "sandbox; default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; \
                        style-src 'self'";

/// An answer that browsers save and never show as a page of ours.
fn saved(kind: &'static str, name: &str, body: Body) -> Response {
    let mut response = (StatusCode::OK, body).into_response();
    let headers = response.headers_mut();
    // A name is made of letters, digits, dots and dashes; others than ASCII are written twice (RFC 6266 §4.3).
    let plain: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let whole: String = name
        .bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"._-".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect();
    let disposition = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}");
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, HARMLESS),
        (header::CONTENT_DISPOSITION, disposition.as_str()),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}

/// One post's bytes, proved to be those that were kept.
async fn bytes(call: &Call) -> Result<(Opened, ArchivedMessage, Tag, Bytes), Box<Response>> {
    let library = library(call)?;
    let opened = open(call, &library).await?;
    let away = |error| trouble(call, &error);
    let found = library.message(&opened, call.nth(1)).await.map_err(away)?;
    let Some(post) = found else { return Err(Box::new(nothing(call))) };
    let tag = Tag::of(call, &opened, &post.body);
    tag.known(call)?;
    match library.bodies(&opened, &[&post]).await.map_err(away)?.pop() {
        Some(Ok(raw)) => Ok((opened, post, tag, raw)),
        Some(Err(error)) => Err(away(error)),
        None => Err(Box::new(nothing(call))),
    }
}

/// A post as it came, byte for byte.
pub(crate) async fn raw(call: Call) -> Response {
    answer(raw_bytes(&call).await)
}

async fn raw_bytes(call: &Call) -> Page {
    let (_, post, tag, raw) = bytes(call).await?;
    Ok(tag.on(saved("message/rfc822", &format!("{}.eml", post.hash), Body::from(raw))))
}

/// A file that came with a post. Its name in the path is for people; the number says which.
pub(crate) async fn file(call: Call) -> Response {
    answer(file_bytes(&call).await)
}

async fn file_bytes(call: &Call) -> Page {
    let (_, _, tag, raw) = bytes(call).await?;
    let number = call.nth(2).parse().unwrap_or_default();
    let Some((file, bytes)) = Content::file(&Message::parse(raw), number) else {
        return Err(Box::new(nothing(call)));
    };
    Ok(tag.on(saved("application/octet-stream", &file.name, Body::from(bytes))))
}

/// Posts as a compressed mbox: of a span of days, a thread, or one; written while it is read.
pub(crate) async fn export(call: Call) -> Response {
    answer(export_stream(&call).await)
}

async fn export_stream(call: &Call) -> Page {
    let library = library(call)?;
    let opened = open(call, &library).await?;
    let day = |name: &str| match call.field(name) {
        "" => Ok(None),
        text => match Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")) {
            Some(at) => Ok(Some(at)),
            None => Err(Box::new(nothing(call))),
        },
    };
    let (from, until) = (day("start")?, day("end")?);
    let away = |error| trouble(call, &error);
    let chosen = match (call.field("thread"), call.field("message")) {
        ("", "") => None,
        ("", hash) => Some(library.message(&opened, hash).await.map_err(away)?.into_iter().collect()),
        (thread, _) => {
            Some(library.thread(&opened, thread).await.map_err(away)?.map(|t| t.1).unwrap_or_default())
        }
    };
    if chosen.as_ref().is_some_and(Vec::is_empty) {
        return Err(Box::new(nothing(call)));
    }
    let name: String =
        call.nth(1).chars().filter(|c| c.is_ascii_alphanumeric() || "._-@".contains(*c)).collect();
    let name = if name.is_empty() { "export.mbox.gz".to_owned() } else { name };
    let work = Work { library, opened, from, until, chosen, after: None, export: Some(Export::default()) };
    let pieces = futures_util::stream::unfold(work, |mut work| async move {
        let piece = work.next().await?;
        Some((piece, work))
    });
    Ok(saved("application/gzip", &name, Body::from_stream(pieces)))
}

struct Work {
    library: Arc<Library>,
    opened: Opened,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    /// The posts, if they were named one by one.
    chosen: Option<Vec<ArchivedMessage>>,
    after: Option<(Timestamp, Uuid)>,
    /// `None` once the end was written.
    export: Option<Export>,
}

impl Work {
    /// The next octets; an error ends the connection, so that half an mbox is not taken for a whole one.
    async fn next(&mut self) -> Option<Result<Bytes, std::io::Error>> {
        loop {
            let mut export = self.export.take()?;
            let posts = match self.page().await {
                Ok(posts) => posts,
                Err(error) => return Some(Err(std::io::Error::other(error.to_string()))),
            };
            if posts.is_empty() {
                return Some(Ok(Bytes::from(export.finish())));
            }
            let wanted: Vec<_> = posts.iter().collect();
            let raws = match self.library.bodies(&self.opened, &wanted).await {
                Ok(raws) => raws,
                Err(error) => return Some(Err(std::io::Error::other(error.to_string()))),
            };
            let mut piece = vec![];
            for (post, raw) in posts.iter().zip(raws) {
                match raw {
                    Ok(raw) => piece.extend(export.push(&raw, post.kept_at)),
                    Err(error) => tracing::warn!(%error, "a post is left out of an export"),
                }
            }
            self.export = Some(export);
            if !piece.is_empty() {
                return Some(Ok(Bytes::from(piece)));
            }
        }
    }

    async fn page(&mut self) -> Result<Vec<ArchivedMessage>, posthaste_lists::archive::LibraryError> {
        if let Some(chosen) = &mut self.chosen {
            let rest = chosen.split_off(chosen.len().min(PAGE as usize));
            return Ok(std::mem::replace(chosen, rest));
        }
        let page = self.library.between(&self.opened, self.from, self.until, self.after, PAGE).await?;
        self.after = page.last().map(|last| (last.at, last.id));
        Ok(page)
    }
}
