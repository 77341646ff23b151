//! What every answer carries, and which requests get none.

use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::access;

/// For our own pages: our style sheet and icon, frames of our own, nothing else.
const PAGE: &str = "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; \
                    form-action 'none'; frame-ancestors 'none'";

/// For a stranger's HTML: it runs nothing and loads nothing but what it carries itself. `sandbox` holds even when the
/// address is opened alone.
pub(crate) const STRANGER: &str = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
                                   base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// Headers that every answer gets unless it has its own.
const ALWAYS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, PAGE),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Refuses requests made under a foreign name, and puts the headers on all others.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let mut response = if is_this_machine(request.headers()) {
        next.run(request).await
    } else {
        let why = "This page answers under the name localhost or a number such as 127.0.0.1 only, so that no other \
                   site can read it.\n";
        (StatusCode::MISDIRECTED_REQUEST, why).into_response()
    };
    for (name, value) in ALWAYS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// True if the Host is a name or number that nobody can point here.
fn is_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(access::is_this_machine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine() {
        for (host, ours) in [
            ("localhost", true),
            ("LocalHost:8080", true),
            ("posthaste.localhost:8080", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("192.0.2.7", true),
            ("evil.example", false),
            ("localhost.evil.example:8080", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            assert_eq!(is_this_machine(&headers), ours, "{host}");
        }
        assert!(!is_this_machine(&HeaderMap::new()));
    }
}
