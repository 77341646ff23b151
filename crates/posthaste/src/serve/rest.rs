//! The REST interface: where it is served, and what it is told of the configuration.

mod sections;

use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use posthaste_lists::Directory;
use posthaste_rest::{Api, Door, Rooms, Settings, Views};
use posthaste_smtp::server::Listener;
use posthaste_store::Store;
use posthaste_watch::Supervisor;
use tokio_util::sync::CancellationToken;

use super::{Layout, Server, Sockets, listen};
use crate::config::{Config, Listen, Secret};

/// The server, once there is one; what writes the tables of the mail server.
type Known = Arc<OnceLock<Weak<Server>>>;

/// The interface of a server, not served yet; empty if none is wanted.
pub(super) struct Rest {
    api: Option<Arc<Api>>,
    door: Mutex<Option<Door>>,
    fixed: Fixed,
    known: Known,
}

/// What a reload does not change.
#[derive(Clone, Default)]
struct Fixed {
    /// The port it listens on, for links.
    port: Option<u16>,
    /// The archivers that are on.
    archivers: Vec<String>,
}

impl Rest {
    /// Binds what the configuration names, unless it was handed over.
    pub(super) async fn open(
        config: &Config,
        rooms: Rooms,
        directory: &Arc<Directory>,
        sockets: &mut Sockets,
    ) -> anyhow::Result<Self> {
        let known = Known::default();
        let handed = sockets.take("rest")?.pop();
        let door = match (handed, &config.rest.listen) {
            (Some(handed), Some(_)) => handed,
            (None, Some(listen)) => listen::bind(listen, "rest.listen").await?,
            (_, None) => {
                return Ok(Self { api: None, door: Mutex::default(), fixed: Fixed::default(), known });
            }
        };
        let (door, port) = match door {
            Listener::Tcp(listener) => {
                let port = listener.local_addr()?.port();
                (Door::Tcp(listener.into_std()?), Some(port))
            }
            Listener::Unix(listener) => (Door::Unix(listener.into_std()?), None),
        };
        let archivers = rooms.tools.outlets.archivers.names().into_iter().map(str::to_owned).collect();
        let fixed = Fixed { port, archivers };
        let refresh = refresh(directory.clone(), rooms.tools.store.clone(), known.clone());
        let api = Api::new(rooms, settings(config, &fixed), refresh);
        Ok(Self { api: Some(api), door: Mutex::new(Some(door)), fixed, known })
    }

    /// Starts to serve.
    pub(super) fn start(&self, server: &Arc<Server>, supervisor: &Supervisor, stop: &CancellationToken) {
        let _ = self.known.set(Arc::downgrade(server));
        let door = self.door.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(door), Some(api)) = (door, self.api.clone()) else { return };
        let (watch, alerts) = (server.watch.clone(), server.alerts.clone());
        api.show(Views {
            ledger: Box::new(move || serde_json::to_value(watch.ledger()).unwrap_or_default()),
            alerts: Box::new(move || serde_json::to_value(alerts.overview()).unwrap_or_default()),
        });
        let (door, stop) = (Arc::new(door), stop.clone());
        supervisor.keep("rest", 1, move |_| {
            let (door, api, stop) = (door.clone(), api.clone(), stop.clone());
            async move {
                if let Err(error) = posthaste_rest::serve(&door, api, stop).await {
                    tracing::error!(%error, "REST");
                }
            }
        });
    }

    /// Takes what a new configuration says.
    pub(super) fn reload(&self, config: &Config) {
        if let Some(api) = &self.api {
            api.set_settings(settings(config, &self.fixed));
        }
    }
}

/// Reads the names of lists again, and writes the tables of the mail server.
fn refresh(directory: Arc<Directory>, store: Store, known: Known) -> posthaste_rest::Refresh {
    Box::new(move || -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (directory, store, known) = (directory.clone(), store.clone(), known.clone());
        Box::pin(async move {
            if let Err(error) = directory.refresh(&store, Duration::ZERO).await {
                // An unknown name makes intake read them again anyway.
                tracing::warn!(%error, "the names of lists could not be read again");
                return;
            }
            if let Some(server) = known.get().and_then(Weak::upgrade) {
                server.keep_maps().await;
            }
        })
    })
}

fn settings(config: &Config, fixed: &Fixed) -> Settings {
    let from = &config.rest;
    let base = from.base_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
    let port = fixed.port.or(match &from.listen {
        Some(Listen::Tcp(address)) => Some(address.port()),
        _ => None,
    });
    let base = base.unwrap_or_else(|| format!("http://localhost:{}", port.unwrap_or(8001)));
    let mut settings = Settings::new(base).with_login(&from.user, from.password.as_ref().map(Secret::reveal));
    settings.rate = from.requests_per_second.map_or(0, |rate| u32::try_from(rate).unwrap_or(u32::MAX));
    // A form writes an octet as three.
    settings.largest_body = usize::try_from(config.limits.message_size.bytes()).unwrap_or(usize::MAX) * 3;
    settings.archivers.clone_from(&fixed.archivers);
    settings.sections = sections::all(config, &settings);
    config.site.default_language.as_str().clone_into(&mut settings.default_language);
    settings.spool = Layout::of(&config.paths.state).spool.display().to_string();
    settings
}
