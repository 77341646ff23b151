use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::connection::Connection;
use super::{Budget, Handler, Options, Session, events};
use crate::Reply;

/// Where peers come in.
#[derive(Debug)]
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A socket in the file system.
    Unix(UnixListener),
}

impl Listener {
    /// Listens on `host:port`, or on `unix:/path`. A socket file that nobody listens on any more is replaced.
    pub async fn bind(address: &str) -> io::Result<Self> {
        match address.strip_prefix("unix:") {
            Some(path) => {
                remove_stale(Path::new(path)).await?;
                Ok(Self::Unix(UnixListener::bind(path)?))
            }
            None => Ok(Self::Tcp(TcpListener::bind(address).await?)),
        }
    }

    /// The address and port of a TCP listener.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    async fn accept(&self) -> io::Result<(Box<dyn Stream>, String)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Replies are written in one piece; waiting for more to send only costs time.
                stream.set_nodelay(true)?;
                Ok((Box::new(stream), peer.to_string()))
            }
            Self::Unix(listener) => Ok((Box::new(listener.accept().await?.0), "unix".to_owned())),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// How long a stop waits, beyond the drain, for a handler that does not answer.
const GRACE: Duration = Duration::from_secs(1);
/// The pauses after a failed accept, most often for want of file descriptors.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Serves peers until `shutdown`, then lets sessions in the middle of a message finish within the drain limit.
///
/// Dropping the future ends all sessions at once.
pub async fn serve<H: Handler>(
    listener: Arc<Listener>,
    options: Arc<Options>,
    handler: Arc<H>,
    shutdown: CancellationToken,
) {
    let mut server = Server {
        slots: Arc::new(Semaphore::new(options.limits.connections)),
        budget: Budget::new(options.limits.memory.max(options.limits.message_size.saturating_mul(2))),
        sessions: JoinSet::new(),
        options,
        handler,
        shutdown,
    };
    server.accept_all(&listener).await;
    drop(listener);
    server.drain().await;
}

struct Server<H> {
    options: Arc<Options>,
    handler: Arc<H>,
    shutdown: CancellationToken,
    budget: Arc<Budget>,
    slots: Arc<Semaphore>,
    sessions: JoinSet<()>,
}

impl<H: Handler> Server<H> {
    async fn accept_all(&mut self, listener: &Listener) {
        let mut pause = SHORTEST_PAUSE;
        let shutdown = self.shutdown.clone();
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                Some(_) = self.sessions.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        pause = SHORTEST_PAUSE;
                        self.welcome(stream, peer);
                    }
                    Err(error) => {
                        events::accept_failed(&error);
                        let _ = timeout(pause, shutdown.cancelled()).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                },
            }
        }
    }

    fn welcome(&mut self, stream: Box<dyn Stream>, peer: String) {
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            events::turned_away(self.options.limits.connections);
            self.sessions.spawn(turn_away(stream));
            return;
        };
        let span = tracing::info_span!("session", %peer);
        let session = Session::new(Arc::clone(&self.options), Arc::clone(&self.budget), peer);
        let limits = self.options.limits.clone();
        let connection =
            Connection::new(stream, session, limits, Arc::clone(&self.handler), self.shutdown.clone());
        self.sessions.spawn(run(connection, slot).instrument(span));
    }

    async fn drain(&mut self) {
        let all = async { while self.sessions.join_next().await.is_some() {} };
        if timeout(self.options.limits.drain + GRACE, all).await.is_err() {
            events::drain_cut_short(self.sessions.len());
            self.sessions.shutdown().await;
        }
    }
}

async fn run<H: Handler>(connection: Connection<Box<dyn Stream>, H>, slot: OwnedSemaphorePermit) {
    connection.run().await;
    drop(slot);
}

async fn turn_away(mut stream: Box<dyn Stream>) {
    let mut words = BytesMut::new();
    Reply::new(421, (4, 7, 0), "Too many connections, come back soon").write(&mut words);
    // It may have gone already; there is nobody to tell.
    let _ = timeout(GRACE, async {
        stream.write_all(&words).await?;
        stream.shutdown().await
    })
    .await;
}

/// Removes a socket whose program is gone. Anything else in the way stays, and binding complains of it.
async fn remove_stale(path: &Path) -> io::Result<()> {
    if !std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        return Ok(());
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        _ => Ok(()),
    }
}
