use std::path::Path;

use toml::de::DeValue;

use super::key::section;
use super::listen::Listen;
use super::relay::Host;
use super::value::{Value, quoted, wrong};

section! {
    /// The pages: operations at `/ops`, status for everybody at `/status` (docs/operate/ops.md).
    Web in "web" {
        /// `ip:port` or `unix:/path`, behind a web server that speaks https. Unset: no pages.
        restart listen: Option<Listen> = None, example "\"127.0.0.1:8000\"";
        /// The address under which people reach the pages. They answer under no other name but this machine's own, and
        /// links lead there. Unset: this machine's only, and mail has no links to pages.
        restart base_url: Option<BaseUrl> = None, example "\"https://lists.example.org/\"";
    }
}

/// An http or https URL that paths can be appended to: it ends in a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl(String);

impl BaseUrl {
    /// With its last slash.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// True if what passes over it can be read on the way: http to another machine.
    pub(crate) fn is_in_the_clear(&self) -> bool {
        self.0.strip_prefix("http://").is_some_and(|rest| {
            let authority = rest.split('/').next().unwrap_or_default();
            let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
            !Host::new(host.trim_matches(['[', ']'])).is_loopback()
        })
    }
}

impl Value for BaseUrl {
    fn kind() -> String {
        "a URL beginning with \"https://\"".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        let text = value.as_str().ok_or_else(|| wrong::<Self>(value))?;
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
        if host.is_empty()
            || text.contains(|c: char| c.is_whitespace() || c.is_control() || "\"<>\\".contains(c))
        {
            return Err(wrong::<Self>(value));
        }
        if text.contains(['?', '#', '@']) {
            return Err(format!("{text:?} has a user, query or fragment; paths are appended to it"));
        }
        Ok(Self(format!("{}/", text.trim_end_matches('/'))))
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Option<String> {
        BaseUrl::read(&DeValue::String(text.into()), Path::new("")).ok().map(|url| url.as_str().to_owned())
    }

    #[test]
    fn base_urls() {
        assert_eq!(url("https://lists.example.org").as_deref(), Some("https://lists.example.org/"));
        assert_eq!(url("https://example.org/lists/").as_deref(), Some("https://example.org/lists/"));
        for text in
            ["lists.example.org", "https://", "ftp://x", "https://x/?a", "https://u@x/", "https://x y/", ""]
        {
            assert_eq!(url(text), None, "{text}");
        }
    }

    #[test]
    fn only_this_machine_may_go_without_https() {
        for (text, clear) in [
            ("https://example.org/", false),
            ("http://example.org/", true),
            ("http://localhost:8080/", false),
            ("http://127.0.0.1:8080/", false),
            ("http://[::1]:8080/", false),
        ] {
            assert_eq!(BaseUrl(text.to_owned()).is_in_the_clear(), clear, "{text}");
        }
    }
}
