//! Deadlines, by a clock that jumps to the next timer whenever everyone waits.

use std::future::pending;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use posthaste_model::{ForwardPath, ReversePath};
use tokio::io::{DuplexStream, ReadBuf, duplex};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::super::{Budget, Options, Protocol, Transaction};
use super::*;
use crate::Reply;

/// Answers nobody whose name is in its way.
struct Sometimes;

impl Handler for Sometimes {
    fn ready(&self) -> Result<(), Reply> {
        Ok(())
    }

    async fn rcpt(&self, _: &str, _: &ReversePath, to: &ForwardPath) -> Result<(), Reply> {
        if to.as_str().starts_with("slow") {
            pending::<()>().await;
        }
        Ok(())
    }

    async fn data(&self, transaction: Transaction) -> Vec<Reply> {
        if transaction.forward_paths.iter().any(|to| to.as_str().starts_with("stuck")) {
            pending::<()>().await;
        }
        vec![Reply::ok("kept"); transaction.forward_paths.len()]
    }
}

struct Client {
    stream: DuplexStream,
    stop: CancellationToken,
    server: JoinHandle<()>,
    began: Instant,
}

/// What the server writes through, counting.
struct Counting(DuplexStream, Arc<AtomicUsize>);

impl Client {
    fn connect() -> Self {
        Self::through(|stream| stream)
    }

    fn through<S>(wrap: impl FnOnce(DuplexStream) -> S) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let options = Arc::new(Options::new(Protocol::Lmtp, "host.example"));
        let limits = options.limits.clone();
        let session = Session::new(options, Budget::new(1 << 30), "test");
        let (stream, far) = duplex(4096);
        let stop = CancellationToken::new();
        let connection = Connection::new(wrap(far), session, limits, Arc::new(Sometimes), stop.clone());
        Self { stream, stop, server: tokio::spawn(connection.run()), began: Instant::now() }
    }

    async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Everything up to and with the line that begins so.
    async fn hear(&mut self, start: &str) -> String {
        let mut heard = String::new();
        loop {
            let mut octet = [0];
            assert_eq!(self.stream.read(&mut octet).await.unwrap(), 1, "closed after {heard:?}");
            heard.push(char::from(octet[0]));
            if heard.ends_with("\r\n") && heard.trim_end().rsplit("\r\n").next().unwrap().starts_with(start) {
                return heard;
            }
        }
    }

    async fn begin(&mut self, recipient: &str) {
        self.say(&format!("LHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<{recipient}@l>\r\n")).await;
        self.hear("250 2.1.0").await;
    }

    async fn closed(mut self) -> Duration {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty(), "{}", rest.escape_ascii());
        self.server.await.unwrap();
        self.began.elapsed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_cut_off_when_idle_for_too_long() {
    let mut client = Client::connect();
    client.hear("421 4.4.2 Nothing came").await;
    assert_eq!(client.closed().await.as_secs(), 300);
    let mut client = Client::connect();
    client.begin("dev").await;
    client.say("DATA\r\nhalf a").await;
    client.hear("421 4.4.2 Nothing came").await;
    assert_eq!(client.closed().await.as_secs(), 300);
}

#[tokio::test(start_paused = true)]
async fn one_octet_at_a_time_is_cut_off_by_the_limit_of_the_session() {
    for (before, endless) in
        [("", "NOOP\r\n"), ("LHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<d@l>\r\nDATA\r\n", "x")]
    {
        let mut client = Client::connect();
        client.say(before).await;
        let (mut reader, mut writer) = tokio::io::split(client.stream);
        let trickle = tokio::spawn(async move {
            for octet in endless.bytes().cycle().take(1000) {
                sleep(Duration::from_secs(10)).await;
                if writer.write_all(&[octet]).await.is_err() {
                    return;
                }
            }
        });
        let mut heard = String::new();
        reader.read_to_string(&mut heard).await.unwrap();
        assert!(heard.ends_with("421 4.4.2 The session took too long, good bye\r\n"), "{heard}");
        client.server.await.unwrap();
        assert_eq!(client.began.elapsed().as_secs() / 60, 60);
        trickle.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_cut_off() {
    let mut client = Client::connect();
    let flood = "HELP\r\n".repeat(100_000);
    let written = client.stream.write_all(flood.as_bytes()).await;
    assert!(written.is_err(), "the server hung up");
    client.server.await.unwrap();
    assert_eq!(client.began.elapsed().as_secs(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_handler_without_an_answer_is_answered_for() {
    let mut client = Client::connect();
    client.begin("slow").await;
    client.hear("451 4.3.0").await;
    assert_eq!(client.began.elapsed().as_secs(), 30);
    client.say("RCPT TO:<stuck@l>\r\nRCPT TO:<two@l>\r\nDATA\r\n.\r\nNOOP\r\n").await;
    let heard = client.hear("250 2.0.0").await;
    assert_eq!(heard.matches("451 4.3.0").count(), 2, "{heard}");
    assert_eq!(client.began.elapsed().as_secs(), 330);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_sessions_that_are_not_in_a_message() {
    for before in ["", "LHLO c\r\n", "LHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<d@l>\r\n"] {
        let mut client = Client::connect();
        client.say(before).await;
        sleep(Duration::from_secs(1)).await;
        client.stop.cancel();
        client.hear("421 4.3.2").await;
        assert_eq!(client.closed().await.as_secs(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_a_message_finish() {
    for (begin, end) in [("DATA\r\nhalf\r\n", ".\r\n"), ("BDAT 2\r\nab", "BDAT 2 LAST\r\n\r\n")] {
        let mut client = Client::connect();
        client.begin("dev").await;
        client.say(begin).await;
        sleep(Duration::from_secs(1)).await;
        client.stop.cancel();
        sleep(Duration::from_secs(10)).await;
        client.say(end).await;
        // Nothing new is begun.
        client.say("MAIL FROM:<a@b>\r\n").await;
        client.hear("250 2.0.0 kept").await;
        client.hear("421 4.3.2").await;
        assert_eq!(client.closed().await.as_secs(), 11);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_ever_for_a_message() {
    let mut client = Client::connect();
    client.begin("dev").await;
    client.say("DATA\r\nhalf\r\n").await;
    sleep(Duration::from_secs(1)).await;
    client.stop.cancel();
    client.hear("421 4.3.2").await;
    assert_eq!(client.closed().await.as_secs(), 31);
}

#[tokio::test(start_paused = true)]
async fn replies_to_pipelined_commands_leave_in_one_write() {
    let writes = Arc::new(AtomicUsize::new(0));
    let mut client = Client::through(|stream| Counting(stream, Arc::clone(&writes)));
    client.hear("220").await;
    assert_eq!(writes.load(Ordering::Relaxed), 1);
    client.begin("dev").await;
    client.hear("250 2.1.5").await;
    assert_eq!(writes.load(Ordering::Relaxed), 2);
    client.say(&format!("{}DATA\r\n", "RCPT TO:<dev@l>\r\n".repeat(50))).await;
    assert_eq!(client.hear("354").await.matches("250 2.1.5").count(), 50);
    assert_eq!(writes.load(Ordering::Relaxed), 3);
    client.say(".\r\nNOOP\r\nQUIT\r\n").await;
    assert_eq!(client.hear("221").await.matches("kept").count(), 51);
    assert_eq!(writes.load(Ordering::Relaxed), 4);
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counting {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
