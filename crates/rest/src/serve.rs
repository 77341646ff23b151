//! Takes connections and speaks HTTP/1.1.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

use crate::api::Api;
use crate::router;

/// Connections at once; more wait in the kernel.
const CONNECTIONS: usize = 128;
/// How long the head of a request may take, and how long a connection may rest between two.
const HEAD: Duration = Duration::from_secs(30);
/// Octets that a connection may hold, head of a request included.
const BUFFER: usize = 64 * 1024;
/// How long what is under way may take at a stop.
const FAREWELL: Duration = Duration::from_secs(5);

/// Where the interface is asked.
#[derive(Debug)]
pub enum Door {
    /// An address and port.
    Tcp(TcpListener),
    /// A socket in the file system.
    Unix(UnixListener),
}

/// Serves `api` at `door` until `stop`. It may be called again: the door stays open.
pub async fn serve(door: &Door, api: Arc<Api>, stop: CancellationToken) -> io::Result<()> {
    let door = Open::new(door)?;
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(seat) = room.clone().acquire_owned().await else { return Ok(()) };
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            stream = door.accept() => stream,
        };
        match stream {
            Ok((stream, peer)) => {
                let (api, stop) = (api.clone(), stop.clone());
                tokio::spawn(async move {
                    converse(stream, peer, api, stop).await;
                    drop(seat);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "REST: cannot take a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(FAREWELL, room.acquire_many(all)).await;
    Ok(())
}

/// A door that connections are taken from.
enum Open {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

impl Open {
    fn new(door: &Door) -> io::Result<Self> {
        Ok(match door {
            Door::Tcp(listener) => {
                let listener = listener.try_clone()?;
                listener.set_nonblocking(true)?;
                Self::Tcp(tokio::net::TcpListener::from_std(listener)?)
            }
            Door::Unix(listener) => {
                let listener = listener.try_clone()?;
                listener.set_nonblocking(true)?;
                Self::Unix(tokio::net::UnixListener::from_std(listener)?)
            }
        })
    }

    /// The next connection, and where it comes from.
    async fn accept(&self) -> io::Result<(Either<TcpStream, UnixStream>, String)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are small and come at once.
                let _ = stream.set_nodelay(true);
                Ok((Either::Left(stream), peer.ip().to_string()))
            }
            Self::Unix(listener) => Ok((Either::Right(listener.accept().await?.0), "unix".to_owned())),
        }
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: String,
    api: Arc<Api>,
    stop: CancellationToken,
) {
    let peer: Arc<str> = peer.into();
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let (api, peer) = (api.clone(), peer.clone());
        async move { Ok::<_, Infallible>(router::answer(api, request.map(Body::new), &peer).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.cancelled() => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        // What is asked already is answered, nothing more.
        connection.as_mut().graceful_shutdown();
        tokio::time::timeout(FAREWELL, connection).await.unwrap_or(Ok(()))
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "REST: a connection");
    }
}
