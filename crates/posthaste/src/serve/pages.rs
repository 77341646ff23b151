//! The pages: where they are served, and what is behind them.

mod aside;
mod house;
mod incidents;
mod known;
mod moderating;
mod trends;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use posthaste_lists::archive::Library;
use posthaste_lists::moderation::Desk;
use posthaste_lists::{Bell, LiveSite, subscription};
use posthaste_model::Clock;
use posthaste_smtp::server::Listener;
use posthaste_spool::Spool;
use posthaste_store::Store;
use posthaste_watch::alerts::Alerts;
use posthaste_watch::{Keys, Supervisor, Watch};
use posthaste_web::{
    BaseUrl, Door, House, Mailbox, Router, Site, SiteOptions, mailbox_router, pages_router, serve_apart,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::aside::Aside;
use self::house::{Files, ServerHouse};
use self::incidents::Incidents;
use self::moderating::Counter;
use super::{Server, Sockets, listen, reload};
use crate::cli::output::BadInput;
use crate::config::{Config, Listen};

/// What the pages are made from.
pub(super) struct Rooms {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) watch: Arc<Watch>,
    pub(super) spool: Arc<Spool>,
    pub(super) store: Store,
    pub(super) desk: subscription::Desk,
    pub(super) alerts: Arc<Alerts>,
    pub(super) site: Arc<LiveSite>,
    pub(super) bell: Arc<Bell>,
    pub(super) library: Option<Arc<Library>>,
}

/// The pages of a server, not served yet.
pub(super) struct Pages {
    doors: Mutex<Vec<(Door, Router)>>,
    house: Arc<dyn House>,
    clock: Arc<dyn Clock>,
    keys: Arc<Keys>,
    sessions: PathBuf,
    name: String,
    /// The pages that let operators in, and the address under which people reach them.
    home: Mutex<Option<(Arc<Site>, Option<String>)>>,
}

impl Pages {
    /// Binds what the configuration names, unless it was handed over.
    pub(super) async fn open(config: &Config, rooms: Rooms, sockets: &mut Sockets) -> anyhow::Result<Self> {
        let state = &config.paths.state;
        let aside = Aside::new(rooms.spool.clone(), super::Layout::of(state).spool);
        let incidents = Incidents::new(state.clone());
        let counter = Counter {
            desk: Desk::new(rooms.store.clone()),
            store: rooms.store.clone(),
            site: rooms.site,
            bell: rooms.bell,
            clock: rooms.clock.clone(),
        };
        let files = Files { aside, incidents };
        let house = ServerHouse::new(rooms.watch, rooms.spool, rooms.desk, rooms.alerts, files, counter);
        let house = house.with_library(rooms.library);
        let pages = Self {
            doors: Mutex::default(),
            house: Arc::new(house),
            clock: rooms.clock,
            keys: Arc::new(Keys::open(state)?),
            sessions: state.join("ops-sessions.json"),
            name: reload::hostname(config),
            home: Mutex::default(),
        };
        if let Some(listen) = &config.web.listen {
            let base = config.web.base_url.as_ref().and_then(|url| BaseUrl::new(url.as_str()));
            let scraper = config.metrics_token().map_err(|problem| BadInput::problems(&[problem]))?;
            let site = Site::new(SiteOptions { base, scraper, ..pages.options() });
            let (door, address) = match sockets.take("web")?.pop() {
                Some(handed) => door(handed)?,
                None => bind(listen, "web.listen").await?,
            };
            let known = config.web.base_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
            pages.add(door, pages_router(&site));
            *lock(&pages.home) = Some((site, known.or(address)));
        }
        if let Some(listen) = &config.metrics.listen {
            let site = Site::new(SiteOptions { figures_open: true, ..pages.options() });
            let (door, _) = bind(listen, "metrics.listen").await?;
            pages.add(door, posthaste_web::figures_router(&site));
        }
        Ok(pages)
    }

    /// The same pages beside the mailbox of the development server, where this machine alone can see them.
    pub(super) fn beside(
        &self,
        listener: TcpListener,
        mailbox: Arc<Mailbox>,
        inject: String,
    ) -> anyhow::Result<()> {
        let address = format!("http://{}", listener.local_addr()?);
        let options = SiteOptions {
            figures_open: true,
            beside_mailbox: true,
            name: "Posthaste".into(),
            ..self.options()
        };
        let site = Site::new(options);
        self.add(Door::Tcp(listener.into_std()?), mailbox_router(mailbox, inject).merge(pages_router(&site)));
        *lock(&self.home) = Some((site, Some(address)));
        Ok(())
    }

    fn options(&self) -> SiteOptions {
        SiteOptions {
            house: self.house.clone(),
            clock: self.clock.clone(),
            keys: self.keys.clone(),
            sessions: Some(self.sessions.clone()),
            base: None,
            name: self.name.clone(),
            scraper: None,
            figures_open: false,
            beside_mailbox: false,
        }
    }

    fn add(&self, door: Door, router: Router) {
        lock(&self.doors).push((door, router));
    }

    /// True if people reach the pages of `[web] listen`, which a reload does not change.
    pub(super) fn are_served(&self) -> bool {
        lock(&self.home).is_some()
    }

    /// Starts to serve. What happens to the pages happens to them alone (P20): they have threads of their own.
    pub(super) fn start(&self, supervisor: &Supervisor, stop: &CancellationToken) {
        for (door, router) in std::mem::take(&mut *lock(&self.doors)) {
            let (door, stop) = (Arc::new(door), stop.clone());
            supervisor.keep("pages", 1, move |_| {
                let (door, router, stop) = (door.clone(), router.clone(), stop.clone());
                async move {
                    if let Err(error) = serve_apart(&door, router, stop).await {
                        tracing::error!(%error, "pages");
                    }
                }
            });
        }
    }

    /// A link that lets `name` in once; the error is a sentence for people.
    pub(super) fn invite(&self, name: &str) -> Result<String, String> {
        match &*lock(&self.home) {
            None => Err("no pages are served: set [web] listen, and start the server again".into()),
            Some((_, None)) => {
                Err("set [web] base_url to the address under which the pages are reached".into())
            }
            Some((site, Some(address))) => Ok(format!("{address}{}", site.invitation(name))),
        }
    }
}

impl Server {
    /// Serves the pages beside the mailbox of the development server too. Before the start.
    pub(crate) fn beside_mailbox(
        &self,
        listener: TcpListener,
        mailbox: Arc<Mailbox>,
        inject: String,
    ) -> anyhow::Result<()> {
        self.pages.beside(listener, mailbox, inject)
    }

    /// A link that lets `name` into the operations pages once; the error is a sentence for people.
    pub(crate) fn invite(&self, name: &str) -> Result<String, String> {
        self.pages.invite(name)
    }
}

/// Listens on what `key` says; the door, and the address of it unless it is a socket in the file system.
async fn bind(listen: &Listen, key: &str) -> anyhow::Result<(Door, Option<String>)> {
    let listener = listen::bind(listen, key).await?;
    if let Listen::Unix(path) = listen {
        // A proxy is another user; the pages ask for their own rights.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    }
    door(listener)
}

fn door(listener: Listener) -> anyhow::Result<(Door, Option<String>)> {
    Ok(match listener {
        Listener::Tcp(listener) => {
            let address = format!("http://{}", listener.local_addr()?);
            (Door::Tcp(listener.into_std()?), Some(address))
        }
        Listener::Unix(listener) => (Door::Unix(listener.into_std()?), None),
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What is kept here is replaced whole, never half.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
