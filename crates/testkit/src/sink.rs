//! A mail server that accepts, counts, and misbehaves on command.

mod session;
mod tally;
mod trouble;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

pub use self::tally::{Caught, Tally};
pub use self::trouble::{Point, What, When};

use self::session::Session;
use crate::ports::Port;

/// How slow the sink is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Latency {
    /// As fast as it can.
    #[default]
    None,
    /// Every single reply takes this long, one after the other, pipelined or not: a server that looks things up.
    EachReply(Duration),
    /// Replies to commands that came together go out together, this much later: a server that is far away.
    RoundTrip(Duration),
}

/// An SMTP (and, to who says LHLO, LMTP) sink on a loopback port of its own. It counts every (Message-ID, recipient) pair, so loss and
/// duplicates are exact. Stops when dropped.
#[derive(Debug)]
pub struct Sink {
    port: Port,
    shared: Arc<Shared>,
    listening: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    tally: Mutex<Tally>,
    troubles: trouble::Troubles,
    latency: Mutex<Latency>,
    keep: AtomicBool,
    back: Mutex<Option<(String, SocketAddr)>>,
    changed: Notify,
    connections: AtomicU64,
    open: AtomicU64,
    most_open: AtomicU64,
}

impl Sink {
    /// Starts listening on a free port of 127.0.0.1.
    pub async fn start() -> Result<Self> {
        let sink = Self { port: Port::reserve()?, shared: Arc::default(), listening: Mutex::new(None) };
        sink.resume().await?;
        Ok(sink)
    }

    /// Like [`Sink::start`], and every message is kept whole.
    pub async fn keeping() -> Result<Self> {
        let sink = Self::start().await?;
        sink.shared.keep.store(true, Ordering::Relaxed);
        Ok(sink)
    }

    /// Where it listens, or will again.
    pub fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// The port of [`Sink::addr`].
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Closes the port and every connection: from now on a client is refused.
    pub fn stop(&self) {
        if let Some(task) = self.listening().take() {
            task.abort();
        }
    }

    /// Listens again on the same port after [`Sink::stop`].
    pub async fn resume(&self) -> Result<()> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
        // The task that had the port lets go of it as soon as the runtime drops it.
        let listener = loop {
            match TcpListener::bind(self.addr()).await {
                Ok(listener) => break listener,
                Err(_) if tokio::time::Instant::now() < deadline => tokio::task::yield_now().await,
                Err(error) => {
                    return Err(error).with_context(|| format!("sink cannot listen on {}", self.addr()));
                }
            }
        };
        let task = tokio::spawn(listen(listener, self.shared.clone()));
        if let Some(before) = self.listening().replace(task) {
            before.abort();
        }
        Ok(())
    }

    /// From now on replies take longer, in open sessions too.
    pub fn set_latency(&self, latency: Latency) {
        *self.shared.latency.lock().unwrap_or_else(PoisonError::into_inner) = latency;
    }

    /// Plants trouble; several may be planted, the first that fits strikes.
    pub fn trouble(&self, at: Point, when: When, what: What) {
        self.shared.troubles.add(at, when, what);
    }

    /// Shorthand: `reply` to every RCPT of `address`.
    pub fn refuse(&self, address: &str, reply: &str) {
        self.trouble(Point::RcptOf(address.to_owned()), When::Always, What::Reply(reply.to_owned()));
    }

    /// Mail to addresses that begin with `prefix` is not counted but handed to `target` by LMTP, as a mail server does
    /// that was told so.
    pub fn hand_back(&self, prefix: &str, target: SocketAddr) {
        let back = Some((prefix.to_ascii_lowercase(), target));
        *self.shared.back.lock().unwrap_or_else(PoisonError::into_inner) = back;
    }

    /// Ends all troubles; a connection that hangs goes on hanging.
    pub fn calm(&self) {
        self.shared.troubles.clear();
    }

    /// A copy of what was counted.
    pub fn tally(&self) -> Tally {
        self.shared.tally().clone()
    }

    /// Looks at the count without copying it.
    pub fn read<T>(&self, look: impl FnOnce(&Tally) -> T) -> T {
        look(&self.shared.tally())
    }

    /// Forgets what was counted and kept.
    pub fn forget(&self) {
        *self.shared.tally() = Tally::default();
    }

    /// Connections accepted since the start.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Connections open now.
    pub fn open_connections(&self) -> u64 {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// The most connections that were ever open together.
    pub fn most_connections(&self) -> u64 {
        self.shared.most_open.load(Ordering::Relaxed)
    }

    /// Waits until `count` different (Message-ID, recipient) pairs have come.
    pub async fn wait_for(&self, count: u64, within: Duration) -> Result<()> {
        self.wait_until(&format!("{count} deliveries"), within, |tally| tally.distinct() >= count).await
    }

    /// Waits until the count satisfies `enough`; `what` names it in the error.
    pub async fn wait_until(
        &self,
        what: &str,
        within: Duration,
        enough: impl Fn(&Tally) -> bool,
    ) -> Result<()> {
        let waiting = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if self.read(&enough) {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(within, waiting).await.is_err() {
            let (distinct, duplicates) = self.read(|tally| (tally.distinct(), tally.duplicates()));
            bail!("no {what} at the sink within {within:?}: {distinct} came, {duplicates} duplicates");
        }
        Ok(())
    }

    /// Waits until `count` connections have been accepted since the start.
    pub async fn wait_for_connections(&self, count: u64, within: Duration) -> Result<()> {
        self.wait_until(&format!("{count} connections"), within, |_| self.connections() >= count).await
    }

    fn listening(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.tally());
        self.changed.notify_waiters();
    }

    fn latency(&self) -> Latency {
        *self.latency.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn back(&self) -> Option<(String, SocketAddr)> {
        self.back.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self) -> bool {
        self.keep.load(Ordering::Relaxed)
    }
}

/// Counts a connection for as long as it is open, also when its task is aborted.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.connections.fetch_add(1, Ordering::Relaxed);
        let open = shared.open.fetch_add(1, Ordering::Relaxed) + 1;
        shared.most_open.fetch_max(open, Ordering::Relaxed);
        shared.changed.notify_waiters();
        Self(shared.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.changed.notify_waiters();
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    // Aborting this task drops the set, and that closes every session.
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let _ = stream.set_nodelay(true);
                let open = Open::new(&shared);
                let session = Session::new(stream, shared.clone());
                sessions.spawn(async move {
                    let _ = session.run().await;
                    drop(open);
                });
            },
            Some(_) = sessions.join_next() => {}
        }
    }
}
