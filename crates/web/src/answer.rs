//! Answers and what each of them carries.

use std::hash::{DefaultHasher, Hash, Hasher};

use askama::Template;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::call::Call;
use crate::ops::When;
use crate::site::Site;
use crate::verdict::Verdict;

/// Nothing but what we serve ourselves; a page with a script names it by `nonce` (promises of CSP 3).
fn policy(nonce: Option<&str>) -> String {
    let script =
        nonce.map_or(String::new(), |nonce| format!("script-src 'nonce-{nonce}'; connect-src 'self'; "));
    format!(
        "default-src 'none'; {script}style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; \
         base-uri 'none'"
    )
}

/// Headers that every answer gets unless it has its own.
const ALWAYS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// A year, as is usual; not for names below ours, which are not ours to decide about (RFC 6797 §6.1).
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Puts the headers on an answer.
pub(crate) fn dress(site: &Site, mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy(None)) {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    }
    if site.is_https() {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HTTPS_ONLY);
    }
    response
}

/// A page without a script.
pub(crate) fn page(template: &impl Template) -> Response {
    of(StatusCode::OK, template)
}

/// The same with another status.
pub(crate) fn of(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot make a page");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page whose one script bears the call's nonce.
pub(crate) fn page_with_script(call: &Call, template: &impl Template) -> Response {
    let mut response = page(template);
    if let Ok(policy) = HeaderValue::from_str(&policy(Some(&call.nonce))) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Something that everybody may keep for `seconds`; who has it already is told so.
pub(crate) fn shared(call: &Call, kind: &'static str, seconds: u32, body: String) -> Response {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::from_str(&format!("public, max-age={seconds}")) {
        headers.insert(header::CACHE_CONTROL, value);
    }
    if let Ok(value) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, value);
    }
    if call.has(&tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, body).into_response()
}

/// On to another page of ours, by GET (RFC 9110 §15.4.4).
pub(crate) fn see(site: &Site, path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{}{path}", site.prefix()))]).into_response()
}

/// A page that says why there is nothing else.
pub(crate) fn notice(site: &Site, status: StatusCode, title: &'static str, what: &str) -> Response {
    of(status, &NoticePage { top: Top::of(site), title, what })
}

/// What the head of every page knows.
pub(crate) struct Top<'a> {
    /// What stands before every path.
    pub(crate) at: &'a str,
    pub(crate) site: &'a str,
    pub(crate) beside_mailbox: bool,
    /// True if there is an archive.
    pub(crate) archives: bool,
    /// What is said on every page while mail stands still and nobody has answered.
    pub(crate) banner: Option<Banner>,
    /// Who is logged in, and the token of the form that logs out.
    pub(crate) operator: Option<(&'a str, String)>,
}

impl<'a> Top<'a> {
    /// For pages that know nobody.
    pub(crate) fn of(site: &'a Site) -> Self {
        Self {
            at: site.prefix(),
            site: &site.name,
            beside_mailbox: site.beside_mailbox,
            archives: site.house.library().is_some(),
            banner: Banner::of(site),
            operator: None,
        }
    }

    /// For pages of an operator.
    pub(crate) fn with(call: &'a Call) -> Self {
        let operator = call
            .session()
            .map(|session| (session.name.as_str(), call.site.access.form_token(session, "/ops/logout")));
        Self { operator, ..Self::of(&call.site) }
    }
}

/// What is said on every page.
pub(crate) struct Banner {
    pub(crate) headline: &'static str,
    pub(crate) text: &'static str,
    pub(crate) since: When,
}

impl Banner {
    fn of(site: &Site) -> Option<Self> {
        let (seen, now) = (site.see(), site.clock.now());
        let since = seen.banner?;
        let (headline, text) = Verdict::of(&seen, now).public();
        Some(Self { headline, text, since: When::new(since, now) })
    }
}

#[derive(Template)]
#[template(path = "pages/notice.html")]
struct NoticePage<'a> {
    top: Top<'a>,
    title: &'static str,
    what: &'a str,
}
