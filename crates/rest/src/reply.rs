//! What a handler answers.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use sha1::{Digest, Sha1};

use crate::encode::{self, Map, quoted_tag, tag, write_map};
use crate::fault::Fault;
use crate::version::Version;

/// What a handler gives.
pub(crate) type Answer = Result<Reply, Fault>;

/// So many octets of a long answer go out at once.
const CHUNK: usize = 32 * 1024;

/// An answer. Every object in it gets its `http_etag` when it is written; what is null is left out by who makes it.
pub(crate) enum Reply {
    /// 200: one resource.
    Resource(Map),
    /// 200: a page of a collection.
    Page {
        /// How many come before it.
        start: u64,
        /// How many there are in all.
        total: u64,
        /// What is on it.
        entries: Vec<Map>,
        /// What else stands beside the entries (`self_link`).
        more: Map,
    },
    /// 200: the same, as long as it likes; entries are written as they come.
    Stream {
        /// How many come before it.
        start: u64,
        /// How many there are in all.
        total: u64,
        /// What is on it. An error ends the connection.
        entries: BoxStream<'static, Result<Map, Fault>>,
    },
    /// 201 with an empty body.
    Created {
        /// The path of what was made, without version: `lists/ant.example.com`.
        location: String,
    },
    /// 202: it waits for somebody, or it is being done.
    Accepted(Option<Map>),
    /// 204.
    Done,
    /// 200 with an empty body.
    Empty,
}

impl Reply {
    /// A collection from a slice of it.
    pub(crate) fn page(start: u64, total: u64, entries: Vec<Map>) -> Self {
        Self::Page { start, total, entries, more: Map::new() }
    }
}

/// Writes an answer; `base` is what stands before the version in links.
pub(crate) async fn respond(answer: Answer, version: Version, base: &str) -> Response {
    match answer {
        Ok(Reply::Resource(map)) => json(StatusCode::OK, object(map, version)),
        Ok(Reply::Page { start, total, entries, more }) => {
            json(StatusCode::OK, page(start, total, entries, more, version))
        }
        Ok(Reply::Stream { start, total, entries }) => long(start, total, entries, version).await,
        Ok(Reply::Created { location }) => {
            let mut response = empty(StatusCode::CREATED);
            let link = format!("{base}/{}/{location}", version.name());
            if let Ok(value) = HeaderValue::from_str(&link) {
                response.headers_mut().insert(header::LOCATION, value);
            }
            response
        }
        Ok(Reply::Accepted(None)) => empty(StatusCode::ACCEPTED),
        Ok(Reply::Accepted(Some(map))) => json(StatusCode::ACCEPTED, object(map, version)),
        Ok(Reply::Done) => empty(StatusCode::NO_CONTENT),
        Ok(Reply::Empty) => empty(StatusCode::OK),
        Err(fault) => refuse(&fault),
    }
}

/// Writes what a handler could not do.
pub(crate) fn refuse(fault: &Fault) -> Response {
    let (title, description) = fault.words();
    let map = Map::from_iter([
        ("title".to_owned(), Value::from(title)),
        ("description".to_owned(), Value::from(description)),
    ]);
    let mut text = String::new();
    write_map(&mut text, &map, Version::V31);
    let mut response = json(fault.status(), text);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    if let Some(seconds) = fault.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if *fault == Fault::Unauthorized {
        let challenge = HeaderValue::from_static("Basic realm=\"mailman3-rest\",charset=\"utf-8\"");
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// Writes that there is no such path, or no such method: a title only.
pub(crate) fn nowhere(status: StatusCode) -> Response {
    let map = Map::from_iter([("title".to_owned(), Value::from(status.to_string()))]);
    let mut text = String::new();
    write_map(&mut text, &map, Version::V31);
    let mut response = json(status, text);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}

pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn json(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn object(mut map: Map, version: Version) -> String {
    tag(&mut map);
    let mut text = String::new();
    write_map(&mut text, &map, version);
    text
}

fn page(start: u64, total: u64, mut entries: Vec<Map>, more: Map, version: Version) -> String {
    let mut map = more;
    map.insert("start".to_owned(), start.into());
    map.insert("total_size".to_owned(), total.into());
    // Clients ask whether the key is there.
    if !entries.is_empty() {
        entries.iter_mut().for_each(tag);
        map.insert("entries".to_owned(), entries.into_iter().map(Value::Object).collect());
    }
    object(map, version)
}

/// A collection of any length in little memory.
async fn long(
    start: u64,
    total: u64,
    mut entries: BoxStream<'static, Result<Map, Fault>>,
    version: Version,
) -> Response {
    let first = match entries.next().await {
        None => return json(StatusCode::OK, page(start, total, vec![], Map::new(), version)),
        Some(Err(fault)) => return refuse(&fault),
        Some(Ok(first)) => first,
    };
    let head = format!("{{\"start\": {start}, \"total_size\": {total}, \"entries\": [");
    let writer = Writer { entries, next: Some(first), text: head, hash: Sha1::new(), version, began: false };
    let chunks = stream::unfold(Some(writer), |writer| async move { writer?.chunk().await });
    let mut response = Response::new(Body::from_stream(chunks));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Writes a long collection piece by piece.
struct Writer {
    entries: BoxStream<'static, Result<Map, Fault>>,
    next: Option<Map>,
    text: String,
    hash: Sha1,
    version: Version,
    began: bool,
}

/// Why a long answer ends before its end.
#[derive(Debug, thiserror::Error)]
#[error("the answer could not be finished")]
pub(crate) struct Broken;

type Chunk = (Result<Bytes, Broken>, Option<Writer>);

impl Writer {
    async fn chunk(mut self) -> Option<Chunk> {
        while let Some(mut map) = self.next.take() {
            tag(&mut map);
            if std::mem::replace(&mut self.began, true) {
                self.text.push_str(", ");
            }
            let from = self.text.len();
            write_map(&mut self.text, &map, self.version);
            self.hash.update(self.text.get(from..).unwrap_or_default());
            self.next = match self.entries.next().await {
                None => None,
                Some(Ok(next)) => Some(next),
                // The client sees that the answer is cut off; saying anything else now would be a lie.
                Some(Err(_)) => return Some((Err(Broken), None)),
            };
            if self.text.len() >= CHUNK && self.next.is_some() {
                return Some((Ok(Bytes::from(std::mem::take(&mut self.text))), Some(self)));
            }
        }
        self.text.push_str("], \"http_etag\": ");
        let digest = self.hash.finalize();
        encode::write(&mut self.text, &Value::from(quoted_tag(&digest)), self.version);
        self.text.push('}');
        Some((Ok(Bytes::from(self.text)), None))
    }
}
