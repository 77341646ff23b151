use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use posthaste_lists::archive::Opened;

use crate::call::Call;

/// Seconds that everybody may keep a page of a public archive.
const KEPT: u32 = 60;

/// A version of a page, known before the page is made (RFC 9110 §8.8.3).
pub(super) struct Tag {
    tag: String,
    shared: bool,
}

impl Tag {
    /// Of this page of this archive: everything that makes it what it is.
    pub(super) fn of(call: &Call, opened: &Opened, what: impl Hash) -> Self {
        let settings = &opened.list().settings;
        let mut hasher = DefaultHasher::new();
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        (opened.list().id, opened.is_known(), &call.path, &call.fields).hash(&mut hasher);
        (&settings.display_name, &settings.description, &settings.subject_prefix).hash(&mut hasher);
        (opened.is_public(), &call.site.name).hash(&mut hasher);
        what.hash(&mut hasher);
        let shared = opened.is_public() && !opened.is_known();
        Self { tag: format!("\"{:016x}\"", hasher.finish()), shared }
    }

    /// The answer to who has this version already.
    pub(super) fn known(&self, call: &Call) -> Result<(), Box<Response>> {
        if !call.has(&self.tag) {
            return Ok(());
        }
        Err(Box::new((StatusCode::NOT_MODIFIED, self.headers()).into_response()))
    }

    /// The page with what lets others keep it.
    pub(super) fn on(&self, mut response: Response) -> Response {
        if response.status() == StatusCode::OK {
            response.headers_mut().extend(self.headers());
        }
        response
    }

    fn headers(&self) -> HeaderMap {
        let keep =
            if self.shared { format!("public, max-age={KEPT}") } else { "private, no-cache".to_owned() };
        let mut headers = HeaderMap::new();
        for (name, value) in [(header::ETAG, self.tag.as_str()), (header::CACHE_CONTROL, keep.as_str())] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        if !self.shared {
            headers.insert(header::VARY, HeaderValue::from_static("Cookie"));
        }
        headers
    }
}
