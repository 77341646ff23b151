//! Serves pages apart from the mail: a thread and a runtime of their own, so that nothing that happens here takes a
//! thread, a lock or a turn from accepting and delivering (P20).

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::pace::Pace;

/// Connections at once; more wait in the kernel.
const CONNECTIONS: usize = 128;
/// How long the head of a request may take, and how long a connection may rest between two.
const HEAD: Duration = Duration::from_secs(10);
/// How long an answer may take to be made.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a connection may live; browsers make a new one.
const LIFE: Duration = Duration::from_mins(2);
/// How long one may wait for its turn.
const TURN: Duration = Duration::from_secs(5);
/// Octets that a connection may hold, head of a request included.
const BUFFER: usize = 16 * 1024;
/// The thread shows so often that it moves, and hangs if it does not for so long.
const TICK: Duration = Duration::from_secs(1);
const HANGS: Duration = Duration::from_secs(20);
/// How long what is under way may take at a stop.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where the pages are asked for.
#[derive(Debug)]
pub enum Door {
    /// An address and port.
    Tcp(TcpListener),
    /// A socket in the file system.
    Unix(UnixListener),
}

/// Why pages are not served any more.
#[derive(Debug, Error)]
pub enum ApartError {
    /// The system gave no thread, or the door cannot be used.
    #[error("the pages cannot be served: {0}")]
    Start(#[from] io::Error),
    /// The thread died.
    #[error("the thread that serves the pages died")]
    Died,
    /// The thread shows no sign of life. It is left behind.
    #[error("the thread that serves the pages hangs; another takes its place")]
    Hangs,
}

/// Serves `router` at `door` in a thread of its own until `stop`, or until that thread dies or hangs. Then it may be
/// called again: the door stays open, and who knocks meanwhile waits.
pub async fn serve_apart(door: &Door, router: Router, stop: CancellationToken) -> Result<(), ApartError> {
    let door = match door {
        Door::Tcp(listener) => Door::Tcp(listener.try_clone()?),
        Door::Unix(listener) => Door::Unix(listener.try_clone()?),
    };
    // Ends the thread too when this future is dropped.
    let own = stop.child_token();
    let _over = own.clone().drop_guard();
    let (ticks, mut ticking) = mpsc::channel(1);
    let (over, ended) = oneshot::channel();
    let told = own.clone();
    std::thread::Builder::new().name("pages".into()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let served = runtime.and_then(|runtime| {
            runtime.block_on(async {
                tokio::select! { served = open(door, router, told) => served, () = tick(&ticks) => Ok(()) }
            })
        });
        let _ = over.send(served);
    })?;
    tokio::pin!(ended);
    loop {
        tokio::select! {
            served = &mut ended => return match served {
                Ok(served) => served.map_err(ApartError::Start),
                Err(_) => Err(ApartError::Died),
            },
            tick = tokio::time::timeout(HANGS, ticking.recv()) => match tick {
                Ok(Some(())) => {}
                Ok(None) => return ended.await.map_err(|_| ApartError::Died)?.map_err(ApartError::Start),
                Err(_) => return Err(ApartError::Hangs),
            },
        }
    }
}

async fn tick(ticks: &mpsc::Sender<()>) {
    loop {
        let _ = ticks.try_send(());
        tokio::time::sleep(TICK).await;
    }
}

async fn open(door: Door, router: Router, stop: CancellationToken) -> io::Result<()> {
    match door {
        Door::Tcp(listener) => {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            take(async || listener.accept().await.map(|(stream, _)| stream), router, stop).await;
        }
        Door::Unix(listener) => {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::UnixListener::from_std(listener)?;
            take(async || listener.accept().await.map(|(stream, _)| stream), router, stop).await;
        }
    }
    Ok(())
}

/// Takes connections, each in its turn.
async fn take<S>(accept: impl AsyncFn() -> io::Result<S>, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (room, pace) = (Arc::new(Semaphore::new(CONNECTIONS)), Arc::new(Pace::default()));
    let turns = pace.clone();
    let router =
        router.layer(middleware::from_fn(move |request, next| in_turn(turns.clone(), request, next)));
    loop {
        let Ok(seat) = room.clone().acquire_owned().await else { return };
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            stream = accept() => stream,
        };
        match stream {
            Ok(stream) => {
                tokio::time::sleep(pace.turn()).await;
                let (router, stop) = (router.clone(), stop.clone());
                tokio::spawn(async move {
                    converse(stream, router, stop).await;
                    drop(seat);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "pages: cannot take a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(FAREWELL, room.acquire_many(all)).await;
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    router: Router,
    stop: CancellationToken,
) {
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.cancelled() => None,
        () = tokio::time::sleep(LIFE) => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        // What is asked already is answered, nothing more.
        connection.as_mut().graceful_shutdown();
        tokio::time::timeout(FAREWELL, connection).await.unwrap_or(Ok(()))
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "pages: a connection");
    }
}

/// Answers in turn, within seconds or not at all.
async fn in_turn(pace: Arc<Pace>, request: Request, next: middleware::Next) -> Response {
    let busy = || {
        (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], "Too many requests at once.\n")
            .into_response()
    };
    let wait = pace.turn();
    if wait > TURN {
        return busy();
    }
    tokio::time::sleep(wait).await;
    tokio::time::timeout(ANSWER, next.run(request)).await.unwrap_or_else(|_| busy())
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    fn door() -> (Arc<Door>, std::net::SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (Arc::new(Door::Tcp(listener)), address)
    }

    async fn ask(address: std::net::SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = tokio::time::timeout(Duration::from_mins(1), stream.read_to_string(&mut answer)).await;
        answer
    }

    fn router() -> Router {
        Router::new()
            .route("/", get(async || "hello"))
            .route("/panic", get(async || -> &'static str { panic!("on purpose") }))
            .route(
                "/wedge",
                get(async || -> &'static str {
                    loop {
                        std::thread::sleep(Duration::from_secs(1));
                    }
                }),
            )
    }

    #[tokio::test]
    async fn serves_and_stops() {
        let (door, address) = door();
        let stop = CancellationToken::new();
        let (kept, told) = (door.clone(), stop.clone());
        let serving = tokio::spawn(async move { serve_apart(&kept, router(), told).await });
        assert!(ask(address, "/").await.ends_with("\r\n\r\nhello"));
        // A page that panics costs its own connection only.
        assert_eq!(ask(address, "/panic").await, "");
        assert!(ask(address, "/").await.ends_with("\r\n\r\nhello"));
        let mut silent = TcpStream::connect(address).await.unwrap();
        silent.write_all(b"GET / HTTP/1.1\r\nHost: local").await.unwrap();
        stop.cancel();
        tokio::time::timeout(Duration::from_secs(30), serving).await.unwrap().unwrap().unwrap();
    }

    #[tokio::test]
    async fn p20_a_thread_that_hangs_is_left_behind_and_the_door_stays_open() {
        let (door, address) = door();
        let stop = CancellationToken::new();
        let (kept, told) = (door.clone(), stop.clone());
        let serving = tokio::spawn(async move { serve_apart(&kept, router(), told).await });
        let wedge = tokio::spawn(async move { ask(address, "/wedge").await });
        let ended = tokio::time::timeout(Duration::from_secs(90), serving).await.unwrap().unwrap();
        assert!(matches!(ended, Err(ApartError::Hangs)), "{ended:?}");
        let (kept, told) = (door.clone(), stop.clone());
        let serving = tokio::spawn(async move { serve_apart(&kept, router(), told).await });
        assert!(ask(address, "/").await.ends_with("\r\n\r\nhello"));
        stop.cancel();
        serving.await.unwrap().unwrap();
        wedge.abort();
    }
}
