//! Every conversation of `transcripts/`, with the session alone and over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that stumbles has found something"
)]

#[path = "server_support/handler.rs"]
mod handler;
#[path = "server_support/script.rs"]
mod script;

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use handler::Everybody;
use posthaste_smtp::Reply;
use posthaste_smtp::server::{Budget, Listener, Session, Step, serve};
use script::{Part, Script, envelope, matches};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn transcripts_with_the_session_alone() {
    let scripts = Script::all();
    assert!(scripts.len() >= 25, "only {} transcripts found", scripts.len());
    for script in &scripts {
        for piece in [usize::MAX, 4096, 7, 2, 1] {
            Bare::new(script, piece).play(script);
        }
    }
}

/// A session, and the octets it has said.
struct Bare {
    session: Session,
    handler: Everybody,
    said: BytesMut,
    piece: usize,
    closed: bool,
}

impl Bare {
    fn new(script: &Script, piece: usize) -> Self {
        let session = Session::new(Arc::new(script.options.clone()), Budget::new(1 << 30), "test");
        let handler = Everybody { unready: script.unready, ..Everybody::default() };
        Self { session, handler, said: BytesMut::new(), piece, closed: false }
    }

    fn play(&mut self, script: &Script) {
        self.advance();
        for (at, part) in &script.parts {
            let place = format!("{}:{at}, in pieces of {}", script.name, self.piece);
            match part {
                Part::Send(octets) => {
                    for piece in octets.chunks(self.piece.min(octets.len())) {
                        if !self.closed {
                            self.session.input().extend_from_slice(piece);
                            self.advance();
                        }
                    }
                }
                Part::Answer(pattern) => {
                    let line =
                        self.line().unwrap_or_else(|| panic!("{place}: no answer, expected {pattern}"));
                    assert!(matches(pattern, &line), "{place}: expected {pattern}\n got {line}");
                }
                Part::Close => {
                    assert!(self.closed && self.said.is_empty(), "{place}: not closed, {:?}", self.said);
                }
                Part::Message { .. } => check_message(&place, part, &self.handler),
            }
        }
        assert!(self.said.is_empty(), "{}: said more: {:?}", script.name, self.said);
        assert!(self.handler.taken.lock().unwrap().is_empty(), "{}: handed over more", script.name);
    }

    fn line(&mut self) -> Option<String> {
        let end = self.said.windows(2).position(|w| w == b"\r\n")?;
        let line = self.said.split_to(end + 2);
        Some(String::from_utf8(line[..end].to_vec()).unwrap())
    }

    fn advance(&mut self) {
        loop {
            let step = self.session.step();
            self.said.unsplit(self.session.output().split());
            match step {
                Step::Read => return,
                Step::Write => {}
                Step::Ready => self.session.answer_ready(self.handler.is_ready()),
                Step::Rcpt(to) => {
                    let answer = guarded(|| Everybody::know(&to));
                    let trouble = || Err(Reply::trouble("Trouble here, try again later"));
                    self.session.answer_rcpt(to, answer.unwrap_or_else(trouble));
                }
                Step::Data(transaction) => {
                    let replies = guarded(|| self.handler.take(transaction)).unwrap_or_default();
                    self.session.answer_data(replies);
                }
                Step::Close { .. } => {
                    self.closed = true;
                    return;
                }
            }
        }
    }
}

/// What the shell around a session does when the handler panics.
fn guarded<T>(ask: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(ask)).ok()
}

fn check_message(place: &str, part: &Part, handler: &Everybody) {
    let Part::Message { envelope: expected, message } = part else { return };
    let mut taken = handler.taken.lock().unwrap();
    assert!(!taken.is_empty(), "{place}: nothing was handed over");
    let transaction = taken.remove(0);
    assert_eq!(&envelope(&transaction), expected, "{place}");
    assert_eq!(transaction.message.escape_ascii().to_string(), message.escape_ascii().to_string(), "{place}");
}

#[tokio::test]
async fn transcripts_over_tcp() {
    for script in Script::all() {
        let listener = Listener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap();
        let (handler, stop) = start(&script, listener);
        play(&script, TcpStream::connect(port).await.unwrap(), &handler).await;
        stop.cancel();
    }
}

#[tokio::test]
async fn transcripts_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp");
    for script in Script::all() {
        // The socket of the one before still lies there.
        let listener = Listener::bind(&format!("unix:{}", path.display())).await.unwrap();
        let (handler, stop) = start(&script, listener);
        play(&script, UnixStream::connect(&path).await.unwrap(), &handler).await;
        stop.cancel();
        // Gone once nobody answers.
        timeout(PATIENCE, async {
            while UnixStream::connect(&path).await.is_ok() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
    }
}

fn start(script: &Script, listener: Listener) -> (Arc<Everybody>, CancellationToken) {
    let handler = Arc::new(Everybody { unready: script.unready, ..Everybody::default() });
    let stop = CancellationToken::new();
    tokio::spawn(serve(
        Arc::new(listener),
        Arc::new(script.options.clone()),
        Arc::clone(&handler),
        stop.clone(),
    ));
    (handler, stop)
}

async fn play(script: &Script, stream: impl AsyncRead + AsyncWrite + Unpin, handler: &Everybody) {
    let mut client = Client { stream, heard: BytesMut::new() };
    for (at, part) in &script.parts {
        let place = format!("{}:{at}, over a socket", script.name);
        match part {
            // The server may have closed; the next lines tell.
            Part::Send(octets) => {
                let _ = client.stream.write_all(octets).await;
            }
            Part::Answer(pattern) => {
                let line = timeout(PATIENCE, client.line())
                    .await
                    .unwrap_or_else(|_| panic!("{place}: nothing came"));
                let line = line.unwrap_or_else(|| panic!("{place}: closed, expected {pattern}"));
                assert!(matches(pattern, &line), "{place}: expected {pattern}\n got {line}");
            }
            Part::Close => {
                let line =
                    timeout(PATIENCE, client.line()).await.unwrap_or_else(|_| panic!("{place}: not closed"));
                assert_eq!(line, None, "{place}");
            }
            Part::Message { .. } => check_message(&place, part, handler),
        }
    }
    let _ = client.stream.shutdown().await;
    assert_eq!(timeout(PATIENCE, client.line()).await.unwrap(), None, "{}: said more", script.name);
    assert!(handler.taken.lock().unwrap().is_empty(), "{}: handed over more", script.name);
}

struct Client<S> {
    stream: S,
    heard: BytesMut,
}

impl<S: AsyncRead + Unpin> Client<S> {
    /// `None` at the end.
    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.heard.windows(2).position(|w| w == b"\r\n") {
                let line = self.heard.split_to(end + 2);
                return Some(String::from_utf8(line[..end].to_vec()).unwrap());
            }
            match self.stream.read_buf(&mut self.heard).await {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }
}
