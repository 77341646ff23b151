//! Binding the addresses we listen on.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use posthaste_smtp::server::{self, Listener, Protocol};

use super::{Sockets, reload};
use crate::config::{Config, Listen};

/// Where mail comes in: the sockets that were handed over, else those that the configuration names.
pub(super) async fn doors(
    config: &Config,
    sockets: &mut Sockets,
) -> anyhow::Result<Vec<(Listener, Arc<server::Options>)>> {
    let mut doors = vec![];
    let places = [
        ("lmtp", Protocol::Lmtp, Some(&config.lmtp.listen)),
        ("smtp", Protocol::Smtp, config.smtp.listen.as_ref()),
    ];
    for (name, protocol, listen) in places {
        let mut listeners =
            sockets.take(name).with_context(|| format!("cannot use the {name} socket we were given"))?;
        if let Some(listen) = listen.filter(|_| listeners.is_empty()) {
            listeners.push(bind(listen, &format!("{name}.listen")).await?);
        }
        let options = Arc::new(reload::door(config, protocol));
        doors.extend(listeners.into_iter().map(|listener| (listener, options.clone())));
    }
    Ok(doors)
}

/// Where the mail server may ask for lists, if it may.
pub(super) async fn lookup(config: &Config) -> anyhow::Result<Option<Arc<Listener>>> {
    let Some(listen) = &config.mta.lookup else { return Ok(None) };
    Ok(Some(Arc::new(bind(listen, "mta.lookup").await?)))
}

/// Listens on what `key` says; the error names address and key.
pub(crate) async fn bind(listen: &Listen, key: &str) -> anyhow::Result<Listener> {
    match listen {
        Listen::Tcp(address) => Ok(Listener::Tcp(tcp(*address, &format!("set {key} to a free one")).await?)),
        Listen::Unix(path) => {
            // A socket that nobody answers was left by a crash.
            if path.exists() && std::os::unix::net::UnixStream::connect(path).is_err() {
                let _ = std::fs::remove_file(path);
            }
            let listener = tokio::net::UnixListener::bind(path)
                .with_context(|| format!("cannot listen on unix:{} ({key})", path.display()))?;
            Ok(Listener::Unix(listener))
        }
    }
}

/// Listens on a TCP address; `fix` tells what to do if it is taken.
pub(crate) async fn tcp(address: SocketAddr, fix: &str) -> anyhow::Result<tokio::net::TcpListener> {
    tokio::net::TcpListener::bind(address).await.map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!("port {} of {} is in use by another program", address.port(), address.ip())
            }
            std::io::ErrorKind::PermissionDenied => {
                format!("port {} needs more rights than we have", address.port())
            }
            _ => format!("cannot listen on {address}: {error}"),
        };
        anyhow::anyhow!("{why}; {fix}")
    })
}
