use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use super::connection::lost;
use super::relay::Relay;
use super::session::Trouble;

/// Finds the addresses of the relay, the one that worked last in front.
pub(crate) struct Resolver {
    host: String,
    port: u16,
    dns: Option<TokioResolver>,
    good: Mutex<Option<SocketAddr>>,
}

impl Resolver {
    /// For the host and the DNS servers of `relay`.
    pub(crate) fn new(relay: &Relay) -> Result<Self, Trouble> {
        let dns = if relay.dns_servers.is_empty() { None } else { Some(dns(&relay.dns_servers)?) };
        Ok(Self { host: relay.host.clone(), port: relay.port, dns, good: Mutex::new(None) })
    }

    /// The addresses to try, in order; at least one.
    pub(crate) async fn addresses(&self) -> Result<Vec<SocketAddr>, Trouble> {
        let mut addresses: Vec<SocketAddr> = match (self.host.parse::<IpAddr>(), &self.dns) {
            (Ok(ip), _) => vec![SocketAddr::new(ip, self.port)],
            (Err(_), Some(dns)) => {
                let answer = dns.lookup_ip(self.host.as_str()).await.map_err(|error| self.unknown(error))?;
                answer.iter().map(|ip| SocketAddr::new(ip, self.port)).collect()
            }
            (Err(_), None) => tokio::net::lookup_host((self.host.as_str(), self.port))
                .await
                .map_err(|error| self.unknown(error))?
                .collect(),
        };
        if addresses.is_empty() {
            return Err(self.unknown("it has no address"));
        }
        let good = *self.good.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.sort_by_key(|&address| Some(address) != good);
        Ok(addresses)
    }

    /// This one answered.
    pub(crate) fn remember(&self, address: SocketAddr) {
        *self.good.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }

    fn unknown(&self, why: impl std::fmt::Display) -> Trouble {
        lost(format_args!("cannot find the address of the relay {:?}: {why}", self.host))
    }
}

fn dns(servers: &[SocketAddr]) -> Result<TokioResolver, Trouble> {
    let mut config = ResolverConfig::default();
    for server in servers {
        let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
        for connection in &mut name_server.connections {
            connection.port = server.port();
        }
        config.add_name_server(name_server);
    }
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        .build()
        .map_err(|error| lost(format_args!("cannot use the DNS servers: {error}")))
}
