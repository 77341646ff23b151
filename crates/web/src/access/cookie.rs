use axum::http::{HeaderMap, header};

/// Days a browser keeps it; the server ends sessions by itself.
const DAYS: u64 = 60;

/// The cookie that holds a session's secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cookie {
    /// Over https, the name binds it to this host and to https (RFC 6265bis §4.1.3.2).
    pub(crate) https: bool,
}

impl Cookie {
    fn name(self) -> &'static str {
        if self.https { "__Host-posthaste-ops" } else { "posthaste-ops" }
    }

    fn attributes(self) -> &'static str {
        if self.https { "Path=/; HttpOnly; SameSite=Lax; Secure" } else { "Path=/; HttpOnly; SameSite=Lax" }
    }

    /// `Set-Cookie` that keeps `secret`.
    pub(crate) fn set(self, secret: &str) -> String {
        format!("{}={secret}; Max-Age={}; {}", self.name(), DAYS * 86_400, self.attributes())
    }

    /// `Set-Cookie` that forgets it.
    pub(crate) fn forget(self) -> String {
        format!("{}=; Max-Age=0; {}", self.name(), self.attributes())
    }

    /// The secret in a request.
    pub(crate) fn read(self, headers: &HeaderMap) -> Option<&str> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.name()).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn cookies() {
        let (plain, safe) = (Cookie { https: false }, Cookie { https: true });
        assert_eq!(
            safe.set("s"),
            "__Host-posthaste-ops=s; Max-Age=5184000; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(plain.set("s").starts_with("posthaste-ops=s; ") && !plain.set("s").contains("Secure"));
        assert!(safe.forget().contains("=; Max-Age=0; Path=/"));
        let of = |text| HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(text))]);
        assert_eq!(plain.read(&of("a=b; posthaste-ops=x; c=d")), Some("x"));
        assert_eq!(
            safe.read(&of("posthaste-ops=x")),
            None,
            "a cookie that http could have set is not enough"
        );
        assert_eq!(safe.read(&of("__Host-posthaste-ops=x")), Some("x"));
        assert_eq!(plain.read(&HeaderMap::new()), None);
    }
}
