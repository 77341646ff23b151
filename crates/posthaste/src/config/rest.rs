use std::fmt;
use std::path::Path;

use toml::de::DeValue;

use super::key::section;
use super::listen::Listen;
use super::value::{Value, quoted};
use super::web::BaseUrl;

section! {
    /// The REST interface that clients of Mailman expect: `mailmanclient`, Postorius, `HyperKitty`, scripts (docs/operate/rest.md).
    Rest in "rest" {
        /// `ip:port` or `unix:/path`. Unset: no REST.
        restart listen: Option<Listen> = None, example "\"127.0.0.1:8001\"";
        /// The user that clients log in as.
        live user: String = "restadmin".to_owned();
        /// That user's password. Unset: only API tokens (`posthaste token create`) let anybody in.
        live password: Option<Secret> = None, example "\"a long random word\"";
        /// What links in answers begin with. Unset: `http://localhost` and the port of `listen`.
        live base_url: Option<BaseUrl> = None, example "\"https://lists.example.org/rest/\"";
        /// Serve it to other machines without https: a proxy in front speaks it, or nobody can listen on the way. Without this
        /// only `listen` addresses of this machine are taken.
        restart without_tls: bool = false;
        /// Requests a second that one caller may make, before it hears 429. Unset: any number.
        live requests_per_second: Option<usize> = None, example "100";
    }
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// What it is. For whoever compares it, not for people.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Value for Secret {
    fn kind() -> String {
        "text in quotes".to_owned()
    }

    /// Repeats nothing of what it was given.
    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        match value.as_str() {
            Some("") => Err("it is empty".to_owned()),
            Some(text) => Ok(Self(text.to_owned())),
            None => Err(format!("this is not {}", Self::kind())),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.0))
    }
}
