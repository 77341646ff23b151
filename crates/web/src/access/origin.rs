use std::net::IpAddr;

use axum::http::{HeaderMap, header};

/// The address under which people reach the pages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BaseUrl {
    /// `https://lists.example.org`, in lower case.
    origin: String,
    /// What stands before every path, `/lists` perhaps; usually empty.
    prefix: String,
}

impl BaseUrl {
    /// From `https://lists.example.org/` or `http://localhost:8000/lists/`.
    pub fn new(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = path.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
        Some(Self { origin: format!("{scheme}://{host}").to_ascii_lowercase(), prefix })
    }

    /// `https://lists.example.org`.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// What stands before every path.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// True if it begins with https.
    pub(crate) fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }

    fn authority(&self) -> &str {
        self.origin.split_once("://").map_or("", |(_, rest)| rest)
    }
}

/// True if a request under this `Host` is meant for us: the name people know, or this machine by a name or number
/// that nobody else can point here, so that no page of another site reaches us through a name it controls.
pub(crate) fn is_our_host(headers: &HeaderMap, base: Option<&BaseUrl>) -> bool {
    let Some(host) = host(headers) else { return false };
    base.is_some_and(|base| same_authority(&host, base)) || is_this_machine(&host)
}

/// True if a form that was sent with these headers stood on a page of ours.
///
/// Browsers say so by `Origin` (Fetch §3.2) or, a few, by `Sec-Fetch-Site`. One that says neither is no proof.
pub(crate) fn same_origin(headers: &HeaderMap, base: Option<&BaseUrl>) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text("origin") else { return text("sec-fetch-site") == Some("same-origin") };
    let origin = origin.to_ascii_lowercase();
    if base.is_some_and(|base| base.origin == origin) {
        return true;
    }
    // Reached without the proxy, by a tunnel perhaps: then the page had the same name as the form's target.
    let Some(host) = host(headers).filter(|host| is_this_machine(host)) else { return false };
    origin.split_once("://").is_some_and(|(_, authority)| authority == host)
}

fn host(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(header::HOST)?.to_str().ok()?.to_ascii_lowercase())
}

/// Proxies leave a default port out or keep it.
fn same_authority(host: &str, base: &BaseUrl) -> bool {
    let portless = |text: &str| {
        let default = if base.is_https() { ":443" } else { ":80" };
        text.strip_suffix(default).unwrap_or(text).to_owned()
    };
    portless(host) == portless(base.authority())
}

/// True for `localhost`, a name below it (RFC 6761 §6.3), or an address, with or without a port.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((six, _)) => six,
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn base_urls() {
        let base = BaseUrl::new("https://Lists.example.org/").unwrap();
        assert_eq!((base.origin(), base.prefix(), base.is_https()), ("https://lists.example.org", "", true));
        let base = BaseUrl::new("http://localhost:8000/a/b/").unwrap();
        assert_eq!((base.origin(), base.prefix(), base.is_https()), ("http://localhost:8000", "/a/b", false));
        assert_eq!(BaseUrl::new("lists.example.org"), None);
    }

    #[test]
    fn hosts() {
        let base = BaseUrl::new("https://lists.example.org/");
        for (host, alone, known) in [
            ("lists.example.org", false, true),
            ("LISTS.example.org:443", false, true),
            ("lists.example.org:8443", false, false),
            ("evil.example", false, false),
            ("localhost", true, true),
            ("posthaste.localhost:8080", true, true),
            ("127.0.0.1:8080", true, true),
            ("[::1]:8080", true, true),
            ("192.0.2.7", true, true),
            ("localhost.evil.example:8080", false, false),
            ("127.0.0.1.evil.example", false, false),
            ("", false, false),
        ] {
            let headers = headers(&[("host", host)]);
            assert_eq!(is_our_host(&headers, None), alone, "{host}");
            assert_eq!(is_our_host(&headers, base.as_ref()), known, "{host}");
        }
        assert!(!is_our_host(&HeaderMap::new(), base.as_ref()));
    }

    #[test]
    fn forms_of_other_sites_are_known_by_their_origin() {
        let base = BaseUrl::new("https://lists.example.org/");
        let host = ("host", "lists.example.org");
        for (pairs, ours) in [
            (vec![host, ("origin", "https://lists.example.org")], true),
            (vec![host, ("origin", "http://lists.example.org")], false),
            (vec![host, ("origin", "https://evil.example")], false),
            (vec![host, ("origin", "null")], false),
            (vec![host], false),
            (vec![host, ("sec-fetch-site", "same-origin")], true),
            (vec![host, ("sec-fetch-site", "same-site")], false),
            (vec![host, ("sec-fetch-site", "none")], false),
            (vec![host, ("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], false),
            (vec![("host", "127.0.0.1:8000"), ("origin", "http://127.0.0.1:8000")], true),
            (vec![("host", "127.0.0.1:8000"), ("origin", "http://127.0.0.1:9000")], false),
            (vec![("host", "evil.example"), ("origin", "http://evil.example")], false),
        ] {
            assert_eq!(same_origin(&headers(&pairs), base.as_ref()), ours, "{pairs:?}");
        }
    }
}
