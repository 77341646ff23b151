//! `posthaste depends`: every host and port this server needs, whether it is to be reached, and whose it is.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::time::Duration;

use serde::Serialize;

use super::output::{Exit, Out};
use crate::config::{Config, Engine};

/// How long one of them may take to answer.
const DEADLINE: Duration = Duration::from_secs(3);

/// One thing we need.
#[derive(Serialize)]
struct Need {
    /// `database`, `relay`, `dns`, `alert relay`, `webhook` or `heartbeat`.
    name: &'static str,
    /// What it is: `tcp`, `udp` or `file`.
    kind: &'static str,
    /// Host name, address or path.
    host: String,
    port: Option<u16>,
    /// What happens to list mail while it is away.
    without: &'static str,
    owner: Option<String>,
    reachable: bool,
    error: Option<String>,
}

#[derive(Serialize)]
struct Depends {
    host: String,
    label: Option<String>,
    needs: Vec<Need>,
}

/// Shows them; exit code 4 if one of them is not to be reached.
pub(crate) fn run(config: &Config, out: &Out) -> anyhow::Result<Exit> {
    // At the same time: one that is away costs its deadline once.
    let tries: Vec<_> =
        needs(config).into_iter().map(|need| std::thread::spawn(move || tried(need))).collect();
    let needs: Vec<Need> = tries.into_iter().filter_map(|attempt| attempt.join().ok()).collect();
    let all = needs.iter().all(|need| need.reachable);
    let host = crate::serve::hostname(config);
    let depends = Depends { host, label: config.depends.label.clone(), needs };
    let rows = depends.needs.iter().map(|need| {
        vec![
            need.name.to_owned(),
            need.port.map_or(need.host.clone(), |port| format!("{}:{port}", need.host)),
            need.error.clone().unwrap_or_else(|| "to be reached".to_owned()),
            need.owner.clone().unwrap_or_default(),
            need.without.to_owned(),
        ]
    });
    out.table(&["what", "where", "how", "owner", "without it"], rows, &depends)?;
    Ok(if all { Exit::Done } else { Exit::Away })
}

fn needs(config: &Config) -> Vec<Need> {
    let owners = &config.depends;
    let need = |name, kind, host: String, port, without, owner: &Option<String>| Need {
        name,
        kind,
        host,
        port,
        without,
        owner: owner.clone(),
        reachable: false,
        error: None,
    };
    let mut needs = Vec::new();
    let without = "mail is accepted and waits, what is planned goes out";
    // A URL whose password cannot be read still says where the database is.
    match &config.database.url {
        Some(url) if url.engine != Engine::Sqlite => {
            let (host, port) = url.place();
            needs.push(need("database", "tcp", host, Some(port), without, &owners.database_owner));
        }
        url => {
            let default = config.paths.state.join("posthaste.db").display().to_string();
            let path =
                url.as_ref().map_or(default, |url| url.as_str().trim_start_matches("sqlite:").to_owned());
            needs.push(need("database", "file", path, None, without, &owners.database_owner));
        }
    }
    let relay = &config.relay;
    let without = "mail is accepted and waits";
    needs.push(need(
        "relay",
        "tcp",
        relay.host.as_str().to_owned(),
        Some(relay.port),
        without,
        &owners.relay_owner,
    ));
    for server in resolvers(config) {
        let (host, port) = (server.ip().to_string(), Some(server.port()));
        needs.push(need("dns", "udp", host, port, "the relay may not be found", &owners.dns_owner));
    }
    let without = "who is told of trouble by it is not told";
    if let Some(host) = &config.alerts.relay_host {
        let port = Some(config.alerts.relay_port);
        needs.push(need("alert relay", "tcp", host.as_str().to_owned(), port, without, &owners.relay_owner));
    }
    for contact in &config.contacts {
        if let Some((host, port)) = contact.url().ok().flatten().as_deref().and_then(place) {
            needs.push(need("webhook", "tcp", host, Some(port), without, &contact.name));
        }
    }
    if let Some((host, port)) = config.heartbeat_url().ok().flatten().as_deref().and_then(place) {
        let without = "somebody outside is told that we are gone";
        needs.push(need("heartbeat", "tcp", host, Some(port), without, &None));
    }
    needs
}

/// The name servers that are asked: ours, or the system's; none if nothing we need is a name.
fn resolvers(config: &Config) -> Vec<SocketAddr> {
    if !config.dns.servers.is_empty() {
        return config.dns.servers.clone();
    }
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers = text.lines().filter_map(|line| line.strip_prefix("nameserver"));
    servers.filter_map(|rest| Some(SocketAddr::new(rest.trim().parse().ok()?, 53))).collect()
}

/// Host and port of an http or https URL; nothing else of it is told, it may hold a secret.
fn place(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let default = if scheme == "http" { 80 } else { 443 };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (place, default),
    };
    Some((host.trim_matches(['[', ']']).to_owned(), port))
}

fn tried(mut need: Need) -> Need {
    let outcome = match (need.kind, need.port) {
        ("tcp", Some(port)) => connects(&need.host, port),
        ("udp", Some(port)) => answers(&need.host, port),
        _ => std::fs::File::open(&need.host).map(|_| ()).map_err(|error| error.to_string()),
    };
    need.reachable = outcome.is_ok();
    need.error = outcome.err();
    need
}

fn connects(host: &str, port: u16) -> Result<(), String> {
    let addresses: Vec<_> = (host, port).to_socket_addrs().map_err(|error| error.to_string())?.collect();
    let mut last = "the name has no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, DEADLINE) {
            Ok(_) => return Ok(()),
            Err(error) => last = error.to_string(),
        }
    }
    Err(last)
}

/// Asks a name server for the name servers of the root (RFC 1035 §4.1): any answer will do.
fn answers(host: &str, port: u16) -> Result<(), String> {
    const QUERY: [u8; 17] = [0x50, 0x48, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];
    let ask = || -> std::io::Result<()> {
        let local = if host.contains(':') { "[::]:0" } else { "0.0.0.0:0" };
        let socket = UdpSocket::bind(local)?;
        socket.set_read_timeout(Some(DEADLINE))?;
        socket.connect((host, port))?;
        socket.send(&QUERY)?;
        socket.recv(&mut [0; 512]).map(|_| ())
    };
    ask().map_err(|error| match error.kind() {
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => "no answer".to_owned(),
        _ => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_url_only_the_place_is_told() {
        for (url, wanted) in [
            ("https://hooks.example/T0/secret", Some(("hooks.example", 443))),
            ("http://u:p@[::1]:8080/x", Some(("::1", 8080))),
            ("http://push.example?x=1", Some(("push.example", 80))),
            ("nonsense", None),
        ] {
            assert_eq!(place(url), wanted.map(|(host, port)| (host.to_owned(), port)), "{url}");
        }
    }
}
