//! What the interface stands on.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use posthaste_lists::moderation;
use posthaste_lists::subscription;
use posthaste_lists::{Digests, Intake, Tools};
use posthaste_model::{Clock, EntryId};
use posthaste_store::Store;
use uuid::Uuid;

use crate::modern::Views;
use crate::pace::Paces;
use crate::settings::Settings;

/// What the interface is made from.
#[derive(Clone)]
pub struct Rooms {
    /// What runners work with.
    pub tools: Tools,
    /// Where mail comes in.
    pub intake: Arc<Intake>,
    /// Sends digests on demand.
    pub digests: Arc<Digests>,
}

/// What is done when lists or domains came or went: names are read again, tables of the mail server written.
pub type Refresh = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The interface: everything its handlers may use.
pub struct Api {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where memberships begin and end.
    pub(crate) desk: subscription::Desk,
    /// Where held posts are decided on.
    pub(crate) moderating: moderation::Desk,
    /// Spool, site, templates, outlets and the bell of decisions.
    pub(crate) tools: Tools,
    pub(crate) intake: Arc<Intake>,
    pub(crate) digests: Arc<Digests>,
    pub(crate) paces: Paces,
    settings: RwLock<Arc<Settings>>,
    refresh: Refresh,
    /// What rooms above tell; set once they are there.
    pub(crate) views: OnceLock<Views>,
}

impl Api {
    /// An interface over these rooms. `refresh` is called after lists or domains came or went.
    pub fn new(rooms: Rooms, settings: Settings, refresh: Refresh) -> Arc<Self> {
        let Rooms { tools, intake, digests } = rooms;
        Arc::new(Self {
            store: tools.store.clone(),
            clock: tools.clock.clone(),
            desk: subscription::Desk::new(tools.clone()),
            moderating: moderation::Desk::new(tools.store.clone()),
            paces: Paces::new(tools.clock.clone()),
            tools,
            intake,
            digests,
            settings: RwLock::new(Arc::new(settings)),
            refresh,
            views: OnceLock::new(),
        })
    }

    /// What the configuration says now.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is told of the server as a whole, from now on; the first time counts.
    pub fn show(&self, views: Views) {
        let _ = self.views.set(views);
    }

    /// What the configuration says from now on.
    pub fn set_settings(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    /// To be called when a list or a domain came, went, or changed what it is reached under: mail for it is taken at once.
    pub(crate) async fn names_changed(&self) {
        (self.refresh)().await;
    }

    /// A name for something that is done once.
    pub(crate) fn new_deed() -> EntryId {
        EntryId::new(Uuid::now_v7())
    }
}
