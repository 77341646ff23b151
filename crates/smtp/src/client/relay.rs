use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// The server that takes all our outgoing mail, and how to speak to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Relay {
    /// A name or an IP address.
    pub host: String,
    /// 25, 587 or 465 by custom.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: Tls,
    /// Check the certificate against the system's authorities (and `ca_file`) and the name `host`.
    pub verify: bool,
    /// More authorities to trust, as PEM: for a relay with a certificate of the house.
    pub ca_file: Option<PathBuf>,
    /// What to log in with. Without `tls` the password crosses the network readable.
    pub login: Option<Login>,
    /// The name we give in EHLO: this machine's, fully qualified (RFC 5321 §4.1.1.1).
    pub helo: String,
    /// Connections open at the same time, at least 1.
    pub max_connections: usize,
    /// Transactions on one connection before it is closed; 0 for no limit.
    pub max_messages: usize,
    /// DNS servers to ask for `host`; empty for the system's own way.
    pub dns_servers: Vec<SocketAddr>,
    /// How long we wait for what.
    pub timeouts: Timeouts,
}

/// How the connection to the relay is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tls {
    /// Not at all: the plain choice for a relay on this machine.
    #[default]
    None,
    /// STARTTLS before anything else; a relay that does not offer it gets no mail (RFC 3207).
    StartTls,
    /// TLS from the first byte, port 465 by custom (RFC 8314 §3.3).
    Smtps,
}

/// Credentials for AUTH (RFC 4954).
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The secret; never printed.
    pub password: String,
}

/// Deadlines, after the minimums of RFC 5321 §4.5.3.2 but bolder: the relay is ours and near.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For the name look-up, and again for TCP and TLS together over all addresses of the relay. 30 s.
    pub connect: Duration,
    /// For the greeting. 60 s.
    pub greeting: Duration,
    /// For the next reply, and for the relay to take the next bytes from us. 120 s.
    pub reply: Duration,
    /// For the reply to the final dot, when giving up may mean sending twice. 300 s.
    pub message: Duration,
    /// How long an unused connection is kept. 30 s.
    pub idle: Duration,
    /// After a cancellation, how long a message that is under way may still take. 20 s.
    pub drain: Duration,
}

impl Relay {
    /// A relay without TLS or login; certificates would be checked unless it is on this machine.
    pub fn new(host: impl Into<String>, port: u16, helo: impl Into<String>) -> Self {
        let host = host.into();
        let verify = !is_loopback(&host);
        Self {
            host,
            port,
            tls: Tls::None,
            verify,
            ca_file: None,
            login: None,
            helo: helo.into(),
            max_connections: 5,
            max_messages: 0,
            dns_servers: Vec::new(),
            timeouts: Timeouts::default(),
        }
    }

    /// `host:port`, for logs and people.
    pub fn hop(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            greeting: Duration::from_mins(1),
            reply: Duration::from_mins(2),
            message: Duration::from_mins(5),
            idle: Duration::from_secs(30),
            drain: Duration::from_secs(20),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_checked_unless_the_relay_is_this_machine() {
        for (host, verify) in
            [("localhost", false), ("127.0.0.1", false), ("::1", false), ("mail.example.org", true)]
        {
            assert_eq!(Relay::new(host, 25, "lists.example").verify, verify, "{host}");
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        let login = Login { user: "posthaste".into(), password: "secret".into() };
        assert_eq!(format!("{login:?}"), "Login { user: \"posthaste\", .. }");
    }

    #[test]
    fn hops_are_readable() {
        assert_eq!(Relay::new("::1", 25, "x").hop(), "[::1]:25");
        assert_eq!(Relay::new("mail.example", 587, "x").hop(), "mail.example:587");
    }
}
