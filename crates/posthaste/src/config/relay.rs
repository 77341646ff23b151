use std::net::IpAddr;
use std::path::{Path, PathBuf};

use posthaste_model::check_domain;
use toml::de::DeValue;

use super::key::section;
use super::value::{Value, choice, quoted, wrong};

section! {
    /// The mail server that takes our mail to the world. One on this machine, without TLS, is the plain default.
    Relay in "relay" {
        /// Its name or address.
        live host: Host = Host("127.0.0.1".to_owned());
        /// Its port.
        live port: u16 = 25;
        /// Log in as this user (SMTP AUTH, RFC 4954). Unset: no login.
        live user: Option<String> = None, example "\"posthaste\"";
        /// A file whose first line is that user's password. Unset: no login.
        live password_file: Option<PathBuf> = None, example "\"/etc/posthaste/relay.password\"";
        /// `none`: plain; `starttls`: begin plain, then encrypt or give up (RFC 3207); `smtps`: encrypt from the first
        /// byte (RFC 8314).
        live tls: Tls = Tls::None;
        /// Whether the relay's certificate must be valid for `host`. Unset: yes, unless the relay is on this machine.
        live verify: Option<bool> = None, example "true";
        /// A PEM file with the authorities that may have signed the relay's certificate. Unset: the system's.
        live ca_file: Option<PathBuf> = None, example "\"/etc/posthaste/relay-ca.pem\"";
        /// The most connections to the relay at once.
        live max_connections: usize = 20;
        /// The most recipients in one transaction. RFC 5321 §4.5.3.1.8 promises room for 100.
        live max_recipients: usize = 50;
        /// The name we greet with. Unset: the name of this machine.
        live helo: Option<Host> = None, example "\"lists.example.org\"";
    }
}

choice! {
    /// How a connection to the relay is protected.
    #[expect(clippy::enum_variant_names, reason = "STARTTLS is a verb's name")]
    Tls {
        /// Not at all.
        None = "none",
        /// After STARTTLS, which must succeed.
        StartTls = "starttls",
        /// From the first byte.
        Smtps = "smtps",
    }
}

/// A host name or IP address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host(String);

impl Host {
    /// A host the program itself chose; not checked.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As written, without the brackets of an IPv6 address.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// True if it is this machine by any spelling we know without asking the DNS.
    pub(crate) fn is_loopback(&self) -> bool {
        self.0.eq_ignore_ascii_case("localhost") || self.0.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl Relay {
    /// Whether certificates are checked: as set, else whenever the relay is another machine.
    pub(crate) fn verifies(&self) -> bool {
        self.verify.unwrap_or_else(|| !self.host.is_loopback())
    }
}

impl Value for Host {
    fn kind() -> String {
        "a host name or an IP address".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        let text = value.as_str().ok_or_else(|| wrong::<Self>(value))?;
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        if bare.parse::<IpAddr>().is_ok() || is_name(text) {
            return Ok(Self(bare.to_owned()));
        }
        match text.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() && is_name(host) => {
                Err(format!("{text:?} has a port in it: write {host:?} here, and the port into its own key"))
            }
            _ => Err(wrong::<Self>(value)),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.0))
    }
}

/// A name of one label (as /etc/hosts has them) or more; digits and dots alone are a broken address.
fn is_name(text: &str) -> bool {
    let letters = text.bytes().any(|b| b.is_ascii_alphabetic()) || !text.is_ascii();
    letters && check_domain(&format!("{text}.x")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Result<Host, String> {
        Host::read(&DeValue::String(text.into()), Path::new(""))
    }

    #[test]
    fn hosts() {
        for (text, good) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("[::1]", true),
            ("localhost", true),
            ("mx.example.org", true),
            ("300.0.0.1", false),
            ("", false),
            ("mx example", false),
            ("mx.example.org:25", false),
            ("smtp://mx", false),
        ] {
            assert_eq!(host(text).is_ok(), good, "{text}");
        }
        assert!(host("mx.example.org:25").unwrap_err().contains("the port into its own key"));
    }

    #[test]
    fn certificates_of_this_machine_are_not_checked_unless_asked() {
        let mut relay = Relay::default();
        assert!(!relay.verifies());
        relay.host = Host::new("mx.example.org");
        assert!(relay.verifies());
        relay.verify = Some(false);
        assert!(!relay.verifies());
    }
}
