//! The names of all lists, in memory and on disk, so that mail is accepted while the database is away.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use posthaste_model::{Clock, ListId, ListName};
use posthaste_store::{Store, StoreError};
use serde::{Deserialize, Serialize};

use super::Names;

/// What intake must know: which posting addresses exist, and under which other domains they are reached.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// Host → local part → list-id.
    lists: HashMap<String, HashMap<String, ListId>>,
    /// Alias domain → host.
    aliases: HashMap<String, String>,
}

impl Snapshot {
    /// Adds a list.
    pub fn add_list(&mut self, name: &ListName, list_id: ListId) {
        self.lists.entry(name.host().to_owned()).or_default().insert(name.local().to_owned(), list_id);
    }

    /// Adds a domain with the other name it is reached under, if any.
    pub fn add_domain(&mut self, host: &str, alias: Option<&str>) {
        if let Some(alias) = alias {
            self.aliases.insert(alias.to_lowercase(), host.to_owned());
        }
    }

    /// The mail host meant by `domain`, both lower case.
    pub fn host<'a>(&'a self, domain: &'a str) -> &'a str {
        self.aliases.get(domain).map_or(domain, String::as_str)
    }

    /// The list with this local part and host.
    pub fn list(&self, local: &str, host: &str) -> Option<&ListId> {
        self.lists.get(host)?.get(local)
    }

    /// True if lists live there.
    pub fn has_lists(&self, host: &str) -> bool {
        self.lists.get(host).is_some_and(|lists| !lists.is_empty())
    }

    /// The domain that stands in for `host`, if one does.
    pub fn alias(&self, host: &str) -> Option<&str> {
        self.aliases.iter().find(|(_, meant)| *meant == host).map(|(alias, _)| alias.as_str())
    }

    /// Everything, in order.
    pub fn names(&self) -> Names {
        let addresses = self.lists.iter().flat_map(|(host, lists)| lists.keys().map(move |l| (host, l)));
        let mut addresses: Vec<_> = addresses.collect();
        addresses.sort_unstable();
        let lists =
            addresses.into_iter().filter_map(|(host, l)| ListName::parse(&format!("{l}@{host}")).ok());
        let aliases = self.aliases.iter().map(|(alias, host)| (host.clone(), alias.clone())).collect();
        Names { lists: lists.collect(), aliases }
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.lists.values().map(HashMap::len).sum()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The current [`Snapshot`], renewed from the database and kept in a file for the next start.
pub struct Directory {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    current: RwLock<Current>,
    /// Held while one refresh runs, so that a burst of unknown names asks once.
    refreshing: tokio::sync::Mutex<()>,
}

struct Current {
    snapshot: Arc<Snapshot>,
    /// When it was read from the database, on the monotonic clock; `None` if it came from the file.
    read_at: Option<Duration>,
}

impl Directory {
    /// The directory as the last run left it in `path`; empty if there is no such file or it cannot be read.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Self {
        let snapshot = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "the saved list of lists is damaged; reading it anew from the database");
                Snapshot::default()
            }),
            Err(_) => Snapshot::default(),
        };
        Self {
            path: path.to_owned(),
            clock,
            current: RwLock::new(Current { snapshot: Arc::new(snapshot), read_at: None }),
            refreshing: tokio::sync::Mutex::new(()),
        }
    }

    /// What is known now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).snapshot.clone()
    }

    /// How old that is; `None` if it was not read from the database since the start.
    pub fn age(&self) -> Option<Duration> {
        let read_at = self.current.read().unwrap_or_else(PoisonError::into_inner).read_at?;
        Some(self.clock.monotonic().saturating_sub(read_at))
    }

    /// Reads the database unless that was done less than `fresh` ago. Callers at the same time share one reading.
    pub async fn refresh(&self, store: &Store, fresh: Duration) -> Result<(), StoreError> {
        let _one_at_a_time = self.refreshing.lock().await;
        if self.age().is_some_and(|age| age < fresh) {
            return Ok(());
        }
        let read_at = self.clock.monotonic();
        // What tables of another version hold may mean something else: no answer to RCPT is built on that (P7).
        store.check().await?;
        let rows = store.directory().await?;
        let mut snapshot = Snapshot::default();
        for list in rows.lists {
            snapshot.add_list(&list.name, list.list_id);
        }
        for domain in rows.domains {
            snapshot.add_domain(&domain.mail_host, domain.alias_domain.as_deref());
        }
        self.replace(snapshot, read_at).await;
        Ok(())
    }

    async fn replace(&self, snapshot: Snapshot, read_at: Duration) {
        let snapshot = Arc::new(snapshot);
        let changed = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            let changed = *current.snapshot != *snapshot;
            *current = Current { snapshot: snapshot.clone(), read_at: Some(read_at) };
            changed
        };
        if changed {
            let path = self.path.clone();
            let saved = tokio::task::spawn_blocking(move || save(&path, &snapshot)).await;
            if let Ok(Err(error)) = saved {
                tracing::warn!(path = %self.path.display(), %error, "cannot save the list of lists; a restart without the database would answer 451 until it is back");
            }
        }
    }
}

/// Writes beside and renames, so that a crash leaves the old file or the new one.
fn save(path: &Path, snapshot: &Snapshot) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(&serde_json::to_vec(snapshot)?)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}
