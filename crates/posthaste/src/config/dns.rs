use std::net::SocketAddr;

use super::key::section;

section! {
    /// Name servers.
    Dns in "dns" {
        /// `ip:port` of the name servers to ask; an address alone means port 53. Empty: those of the system.
        live servers: Vec<SocketAddr> = Vec::new();
    }
}
