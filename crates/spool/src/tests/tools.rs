use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use posthaste_model::{Clock, EntryId, Envelope, ForwardPath, ListId, ReversePath, Stage, Timestamp};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{Disk, Event, Kind, NewEntry, Options, RealDisk, Spool, SpoolError, Then};

/// A clock turned by hand.
pub(crate) struct HandClock {
    wall: Mutex<Timestamp>,
    monotonic: watch::Sender<Duration>,
}

impl HandClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            wall: Mutex::new(Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").unwrap()),
            monotonic: watch::Sender::new(Duration::from_secs(100)),
        })
    }

    /// Time passes.
    pub(crate) fn advance(&self, by: Duration) {
        let mut wall = self.wall.lock().unwrap();
        *wall = wall.plus(by);
        drop(wall);
        self.monotonic.send_modify(|m| *m += by);
    }

    /// Somebody sets the wall clock; no time passes.
    pub(crate) fn jump(&self, to: Timestamp) {
        *self.wall.lock().unwrap() = to;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.wall.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        *self.monotonic.borrow()
    }

    fn sleep(&self, for_: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut watch = self.monotonic.subscribe();
        let until = *self.monotonic.borrow() + for_;
        Box::pin(async move {
            if watch.wait_for(|now| *now >= until).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

pub(crate) fn id(n: u128) -> EntryId {
    EntryId::new(Uuid::from_u128(n))
}

pub(crate) fn entry(n: u128, list: &str, message: &str) -> NewEntry {
    NewEntry {
        id: id(n),
        stage: Stage::Incoming,
        list: ListId::new(list),
        envelope: Envelope {
            reverse_path: ReversePath::parse("anne@example.com").unwrap(),
            forward_path: ForwardPath::parse("dev@lists.example").unwrap(),
            client: "127.0.0.1:4711".to_owned(),
            received: Timestamp::from_micros(1),
        },
        notes: BTreeMap::from([("colour".to_owned(), "blue".to_owned())]),
        message: Bytes::copy_from_slice(message.as_bytes()),
        events: Vec::new(),
    }
}

pub(crate) fn event(kind: Kind, then: Then, also: &[Stage], data: &str) -> Event {
    Event { kind, then, also: also.to_vec(), data: Bytes::copy_from_slice(data.as_bytes()) }
}

pub(crate) fn open_real(root: &Path, clock: &Arc<HandClock>) -> Result<Arc<Spool>, SpoolError> {
    open(root, clock, Arc::new(RealDisk))
}

pub(crate) fn open(
    root: &Path,
    clock: &Arc<HandClock>,
    disk: Arc<dyn Disk>,
) -> Result<Arc<Spool>, SpoolError> {
    let options = Options { reserve: Some(1), ..Options::default() };
    Spool::open(root, options, Arc::clone(clock) as Arc<dyn Clock>, disk)
}
