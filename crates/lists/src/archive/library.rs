//! Reading the archive: who may, and what there is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use posthaste_archive::{Bodies, BodyKey};
use posthaste_model::{Address, ArchivePolicy, ListId, ListName, MailingList, Role, Timestamp};
use posthaste_store::{
    ArchivedMessage, ArchivedThread, MonthCount, PublicArchive, Shelf, Store, StoreError, ThreadsWanted,
};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// More posts of one thread are not shown at once.
const THREAD: u64 = 5_000;
/// Lists are looked up so many at a time.
const LISTS: u64 = 1_000;
/// So many readers are served at once, however many there are: mail needs the database, too (P20).
const READERS: usize = 3;
/// How old the overview of lists may be.
const FRESH: Duration = Duration::from_secs(15);

/// Who wants to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reader {
    /// Nobody we know.
    Stranger,
    /// Who has proved that this address is theirs.
    Known(Address),
    /// Who runs the server.
    Operator,
}

/// Why nothing is shown.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum LibraryError {
    /// The database or the disk is away: later.
    #[error("{0}")]
    Away(String),
    /// The bytes of a post are lost or damaged.
    #[error("{0}")]
    Damaged(String),
}

impl From<StoreError> for LibraryError {
    fn from(error: StoreError) -> Self {
        Self::Away(error.to_string())
    }
}

/// The archive of one list, opened for somebody who may read it. There is no other way to get one, and nothing of a list is
/// read without.
#[derive(Clone, Debug)]
pub struct Opened {
    list: Arc<MailingList>,
    shelf: Shelf,
    known: bool,
}

impl Opened {
    /// The list.
    pub fn list(&self) -> &MailingList {
        &self.list
    }

    /// How much there is.
    pub const fn shelf(&self) -> Shelf {
        self.shelf
    }

    /// True if the reader is somebody: addresses are not hidden from them.
    pub const fn is_known(&self) -> bool {
        self.known
    }

    /// True if everybody may read it.
    pub fn is_public(&self) -> bool {
        self.list.settings.archive_policy == ArchivePolicy::Public
    }
}

/// A thread with its posts by their dates.
pub type Thread = (ArchivedThread, Vec<ArchivedMessage>);

/// Reads the archive. What it does runs where the mail runs, whoever waits for it.
pub struct Library {
    store: Store,
    bodies: Bodies,
    runtime: Handle,
    turns: Arc<Semaphore>,
    lists: Mutex<Option<(Instant, Arc<Vec<PublicArchive>>)>>,
}

impl Library {
    /// Of this database and these bytes. To be made within the runtime of the database.
    pub fn new(store: Store, bodies: Bodies) -> Self {
        let turns = Arc::new(Semaphore::new(READERS));
        Self { store, bodies, runtime: Handle::current(), turns, lists: Mutex::default() }
    }

    /// The archive of the list with this posting address or list-id, if there is one and `reader` may read it. Which of the
    /// two it was that failed, nobody learns.
    pub async fn open(&self, name: &str, reader: Reader) -> Result<Option<Opened>, LibraryError> {
        let (name, id) = match ListName::parse(name) {
            Ok(name) => (Some(name), ListId::new("")),
            Err(_) => (None, ListId::new(name.to_lowercase())),
        };
        self.run(move |store| async move {
            let list = match &name {
                Some(name) => store.list_by_name(name).await?,
                None => store.list_by_id(&id).await?,
            };
            opened(&store, list, &reader).await
        })
        .await
    }

    /// The first of the lists with this post that `reader` may read.
    pub async fn open_with(&self, hash: &str, reader: Reader) -> Result<Option<Opened>, LibraryError> {
        let hash = hash.to_owned();
        self.run(move |store| async move {
            for key in store.lists_with_message(&hash).await? {
                let list = store.list_by_key(key).await?;
                if let Some(found) = opened(&store, list, &reader).await? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Every archive that everybody may read.
    pub async fn lists(&self) -> Result<Arc<Vec<PublicArchive>>, LibraryError> {
        let known = self.lists.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, lists)) = known
            && at.elapsed() < FRESH
        {
            return Ok(lists);
        }
        let lists = self
            .run(|store| async move {
                let (mut lists, mut after) = (vec![], None);
                loop {
                    let (page, next) = store.public_archives(after.as_ref(), LISTS).await?;
                    lists.extend(page);
                    after = next;
                    if after.is_none() {
                        return Ok(Arc::new(lists));
                    }
                }
            })
            .await?;
        *self.lists.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), lists.clone()));
        Ok(lists)
    }

    /// A page of threads, those with the latest posts first.
    pub async fn threads(
        &self,
        opened: &Opened,
        wanted: ThreadsWanted,
        limit: u64,
    ) -> Result<Vec<ArchivedThread>, LibraryError> {
        let list = opened.list.id;
        self.run(move |store| async move { store.archived_threads(list, &wanted, limit).await }).await
    }

    /// The months with posts, the latest first.
    pub async fn months(&self, opened: &Opened) -> Result<Vec<MonthCount>, LibraryError> {
        let list = opened.list.id;
        self.run(move |store| async move { store.archived_months(list).await }).await
    }

    /// The thread of this name with its posts. One that has joined another is found there.
    pub async fn thread(&self, opened: &Opened, hash: &str) -> Result<Option<Thread>, LibraryError> {
        let (list, hash) = (opened.list.id, hash.to_owned());
        self.run(move |store| async move {
            let mut thread = store.archived_thread(list, &hash).await?;
            if thread.is_none() {
                let Some(post) = store.archived_message(list, &hash).await? else { return Ok(None) };
                thread = store.archived_thread(list, &post.thread).await?;
            }
            let Some(thread) = thread else { return Ok(None) };
            let posts = store.thread_messages(list, &thread.hash, THREAD).await?;
            Ok(Some((thread, posts)))
        })
        .await
    }

    /// The post of this name.
    pub async fn message(
        &self,
        opened: &Opened,
        hash: &str,
    ) -> Result<Option<ArchivedMessage>, LibraryError> {
        let (list, hash) = (opened.list.id, hash.to_owned());
        self.run(move |store| async move { store.archived_message(list, &hash).await }).await
    }

    /// Posts, the newest first, with every one of these words, older than the one given by date and key.
    pub async fn newest(
        &self,
        opened: &Opened,
        words: Vec<String>,
        before: Option<(Timestamp, Uuid)>,
        limit: u64,
    ) -> Result<Vec<ArchivedMessage>, LibraryError> {
        let list = opened.list.id;
        self.run(move |store| async move { store.newest_archived(list, &words, before, limit).await }).await
    }

    /// Posts written from `from` until before `until`, in the order of their dates, after the one given.
    pub async fn between(
        &self,
        opened: &Opened,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        after: Option<(Timestamp, Uuid)>,
        limit: u64,
    ) -> Result<Vec<ArchivedMessage>, LibraryError> {
        let list = opened.list.id;
        self.run(move |store| async move { store.archived_between(list, from, until, after, limit).await })
            .await
    }

    /// The bytes of posts of the opened list, each or why it has none.
    pub async fn bodies(
        &self,
        opened: &Opened,
        posts: &[&ArchivedMessage],
    ) -> Result<Vec<Result<Bytes, LibraryError>>, LibraryError> {
        let keys: Vec<String> =
            posts.iter().filter(|post| post.list == opened.list.id).map(|post| post.body.clone()).collect();
        let bodies = self.bodies.clone();
        let turn = self.turn().await?;
        let read = move || {
            let _turn = turn;
            let one = |key: String| key.parse::<BodyKey>().and_then(|key| bodies.get(key));
            keys.into_iter().map(|key| one(key).map_err(|e| LibraryError::Damaged(e.to_string()))).collect()
        };
        self.runtime.spawn_blocking(read).await.map_err(|error| LibraryError::Away(error.to_string()))
    }

    /// The turn goes with the work, which goes on if nobody waits for it any more.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, LibraryError> {
        self.turns.clone().acquire_owned().await.map_err(|error| LibraryError::Away(error.to_string()))
    }

    async fn run<T, F>(&self, work: impl FnOnce(Store) -> F) -> Result<T, LibraryError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let turn = self.turn().await?;
        let work = work(self.store.clone());
        let done = self.runtime.spawn(async move {
            let _turn = turn;
            work.await
        });
        let done = done.await;
        done.map_err(|error| LibraryError::Away(error.to_string()))?.map_err(LibraryError::from)
    }
}

async fn opened(
    store: &Store,
    list: Option<MailingList>,
    reader: &Reader,
) -> Result<Option<Opened>, StoreError> {
    let Some(list) = list else { return Ok(None) };
    let may = match (list.settings.archive_policy, reader) {
        (_, Reader::Operator) | (ArchivePolicy::Public, _) => true,
        (ArchivePolicy::Private, Reader::Known(address)) => is_member(store, &list, address).await?,
        (ArchivePolicy::Private, Reader::Stranger) | (ArchivePolicy::Never, _) => false,
    };
    if !may {
        return Ok(None);
    }
    let shelf = store.shelf(list.id).await?;
    Ok(Some(Opened { list: Arc::new(list), shelf, known: *reader != Reader::Stranger }))
}

async fn is_member(store: &Store, list: &MailingList, address: &Address) -> Result<bool, StoreError> {
    for role in [Role::Member, Role::Owner, Role::Moderator] {
        if store.member(list.id, address, role).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
