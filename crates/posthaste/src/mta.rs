//! What the mail server in front needs to know of the lists.

pub(crate) mod lookup;
pub(crate) mod maps;
pub(crate) mod snippets;
pub(crate) mod write;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::{Config, Listen};

/// Where the mail server hands posts over, as Postfix writes it: `lmtp:[127.0.0.1]:8024`.
pub(crate) fn destination(config: &Config) -> String {
    match &config.lmtp.listen {
        Listen::Unix(path) => format!("lmtp:unix:{}", path.display()),
        Listen::Tcp(address) => format!("lmtp:[{}]:{}", reached(address.ip()), address.port()),
    }
}

/// The address under which this machine reaches a listener.
fn reached(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    }
}
