use std::sync::Arc;

use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use super::connection::lost;
use super::relay::{Relay, Tls};
use super::resolve::Resolver;
use super::seats::Seats;
use super::session::Trouble;
use super::tls;

/// The relay as it is set now, with what is made from the settings once. A new setting makes a new site.
pub(crate) struct Site {
    pub(crate) relay: Relay,
    /// `host:port`, for logs.
    pub(crate) hop: String,
    /// One for each connection in use.
    pub(crate) seats: Arc<Seats>,
    /// Other settings hold now.
    pub(crate) retired: CancellationToken,
    tools: OnceCell<Tools>,
}

/// What connecting needs; made on first use, for it may fail, and then is tried again.
pub(crate) struct Tools {
    pub(crate) resolver: Resolver,
    pub(crate) tls: Option<TlsConnector>,
}

impl Site {
    pub(crate) fn new(relay: Relay) -> Self {
        let seats = Seats::new(relay.max_connections);
        Self { hop: relay.hop(), seats, retired: CancellationToken::new(), tools: OnceCell::new(), relay }
    }

    pub(crate) async fn tools(&self) -> Result<&Tools, Trouble> {
        let make = async || {
            let relay = self.relay.clone();
            let made = tokio::task::spawn_blocking(move || {
                let tls = if relay.tls == Tls::None { None } else { Some(tls::connector(&relay)?) };
                Ok(Tools { resolver: Resolver::new(&relay)?, tls })
            });
            made.await.unwrap_or_else(|error| Err(lost(error)))
        };
        self.tools.get_or_try_init(make).await
    }
}
