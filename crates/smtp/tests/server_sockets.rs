//! The listener over real sockets: how many peers, and how it stops.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that stumbles has found something"
)]

#[path = "server_support/handler.rs"]
mod handler;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use handler::Everybody;
use posthaste_smtp::server::{Limits, Listener, Options, Protocol, serve};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    port: SocketAddr,
    handler: Arc<Everybody>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let listener = Listener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap();
        let options = Options { limits, ..Options::new(Protocol::Lmtp, "host.example") };
        let handler = Arc::new(Everybody::default());
        let stop = CancellationToken::new();
        let task =
            tokio::spawn(serve(Arc::new(listener), Arc::new(options), Arc::clone(&handler), stop.clone()));
        Self { port, handler, stop, task }
    }

    async fn connect(&self) -> Client {
        Client(BufReader::new(TcpStream::connect(self.port).await.unwrap()))
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next line; empty at the end.
    async fn line(&mut self) -> String {
        let mut line = String::new();
        timeout(PATIENCE, self.0.read_line(&mut line)).await.expect("an answer in time").unwrap_or_default();
        line
    }

    async fn hear(&mut self, start: &str) {
        loop {
            let line = self.line().await;
            assert!(!line.is_empty(), "closed, expected {start}");
            if line.starts_with(start) {
                return;
            }
        }
    }
}

#[tokio::test]
async fn the_surplus_is_turned_away_and_comes_again() {
    let server = Server::start(Limits { connections: 2, ..Limits::default() }).await;
    let (mut one, mut two) = (server.connect().await, server.connect().await);
    one.hear("220").await;
    two.hear("220").await;
    let mut three = server.connect().await;
    three.hear("421 4.7.0").await;
    assert_eq!(three.line().await, "");
    one.say("QUIT\r\n").await;
    one.hear("221").await;
    let welcome = async {
        while !server.connect().await.line().await.starts_with("220") {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, welcome).await.expect("the place of the one that left is free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_peers_at_once() {
    const POSTS: usize = 20;
    let server = Arc::new(Server::start(Limits::default()).await);
    let body = "All work and no play makes Jack a dull boy, says the proverb.\r\n".repeat(80);
    let post = Arc::new(format!("Subject: x\r\n\r\n{body}.\r\n"));
    let mut peers = JoinSet::new();
    for _ in 0..64 {
        let (server, post) = (Arc::clone(&server), Arc::clone(&post));
        peers.spawn(async move {
            let mut client = server.connect().await;
            client.say("LHLO c\r\n").await;
            client.hear("250 ").await;
            for _ in 0..POSTS {
                client.say("MAIL FROM:<a@b>\r\nRCPT TO:<dev@l>\r\nRCPT TO:<two@l>\r\nDATA\r\n").await;
                client.hear("354").await;
                client.say(&post).await;
                client.hear("250 2.0.0 kept for dev@l").await;
                client.hear("250 2.0.0 kept for two@l").await;
            }
        });
    }
    while let Some(done) = peers.join_next().await {
        done.unwrap();
    }
    let taken = server.handler.taken.lock().unwrap();
    assert_eq!(taken.len(), 64 * POSTS);
    assert!(taken.iter().all(|t| t.message.len() == post.len() - 3 && t.peer.starts_with("127.0.0.1:")));
}

#[tokio::test]
async fn a_peer_that_is_cut_off_still_hears_why() {
    let limits = Limits { message_size: 1000, overrun: 1000, ..Limits::default() };
    let server = Server::start(limits).await;
    let mut client = server.connect().await;
    client.say("LHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<dev@l>\r\nDATA\r\n").await;
    client.hear("354").await;
    client.say(&"way too much\r\n".repeat(50_000)).await;
    client.hear("552 5.3.4").await;
}

#[tokio::test]
async fn a_stop_closes_the_port_and_ends() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.connect().await;
    client.hear("220").await;
    let begun = Instant::now();
    server.stop.cancel();
    client.hear("421 4.3.2").await;
    assert_eq!(client.line().await, "");
    timeout(PATIENCE, server.task).await.expect("the end of serve()").unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "it waited for nobody");
    assert!(TcpStream::connect(server.port).await.is_err());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_stuck_handler() {
    let server = Server::start(Limits { drain: Duration::from_millis(10), ..Limits::default() }).await;
    let mut client = server.connect().await;
    client.say("LHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<stuck@l>\r\nDATA\r\n").await;
    client.hear("354").await;
    client.say(".\r\n").await;
    server.stop.cancel();
    timeout(PATIENCE, server.task).await.expect("the end of serve()").unwrap();
    let answer = client.line().await;
    assert!(!answer.starts_with('2'), "nobody said yes: {answer}");
}

#[tokio::test]
async fn a_socket_in_use_is_not_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", folder.path().join("lmtp").display());
    let _first = Listener::bind(&address).await.unwrap();
    let error = Listener::bind(&address).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    std::fs::write(folder.path().join("file"), "precious").unwrap();
    let error = Listener::bind(&format!("unix:{}", folder.path().join("file").display())).await;
    assert!(error.is_err());
    assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), b"precious");
}
