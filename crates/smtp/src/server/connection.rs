use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::session::HangUp;
use super::{Handler, Limits, Session, Step, ask, events};

/// A session and its socket.
pub(super) struct Connection<S, H> {
    stream: S,
    session: Session,
    limits: Limits,
    handler: Arc<H>,
    shutdown: CancellationToken,
    /// When the session ends at the latest.
    end: Instant,
    /// When it ends at the latest because we are stopping.
    drained: Option<Instant>,
}

/// Room for one read, octets: most posts, and many pipelined commands.
const READ: usize = 16 * 1024;
/// Room for one read inside a message.
const READ_MESSAGE: usize = 64 * 1024;
/// How long, and for how many octets, a peer that was cut off is heard out.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_OCTETS: usize = 1024 * 1024;

impl<S: AsyncRead + AsyncWrite + Unpin, H: Handler> Connection<S, H> {
    pub(super) fn new(
        stream: S,
        session: Session,
        limits: Limits,
        handler: Arc<H>,
        shutdown: CancellationToken,
    ) -> Self {
        let end = Instant::now() + limits.session;
        Self { stream, session, limits, handler, shutdown, end, drained: None }
    }

    /// Speaks until one side has had enough.
    pub(super) async fn run(mut self) {
        events::opened();
        match self.converse().await {
            Ok(()) => events::closed(),
            Err(error) => events::lost(&error),
        }
    }

    async fn converse(&mut self) -> io::Result<()> {
        loop {
            self.look_for_shutdown();
            match self.session.step() {
                Step::Write => self.write().await?,
                Step::Read => {
                    self.write().await?;
                    if !self.read().await? {
                        return Ok(());
                    }
                }
                Step::Ready => self.session.answer_ready(ask::ready(&*self.handler)),
                Step::Rcpt(to) => {
                    let (peer, from) = (self.session.peer(), self.session.reverse_path());
                    let answer = ask::rcpt(&*self.handler, peer, from, &to, self.limits.rcpt).await;
                    self.session.answer_rcpt(to, answer);
                }
                Step::Data(transaction) => {
                    self.write().await?;
                    events::receiving(&transaction);
                    let size = transaction.message.len();
                    let replies = ask::data(&*self.handler, transaction, self.limits.data).await;
                    events::answered(size, &replies);
                    self.session.answer_data(replies);
                }
                Step::Close { linger } => {
                    self.write().await?;
                    self.stream.shutdown().await?;
                    if linger {
                        self.linger().await;
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Reads what there is. False at the end of the stream.
    async fn read(&mut self) -> io::Result<bool> {
        let now = Instant::now();
        let (deadline, why) = self.deadline(now);
        // A peer that never stops sending would never let the timer fire.
        if deadline <= now {
            return Ok(self.hang_up(why));
        }
        let room = if self.session.in_message() { READ_MESSAGE } else { READ };
        let input = self.session.input();
        input.reserve(room);
        let read = timeout_at(deadline, self.stream.read_buf(input));
        tokio::select! {
            biased;
            // The next step sees it.
            () = self.shutdown.cancelled(), if self.drained.is_none() => Ok(true),
            result = read => match result {
                Ok(read) => Ok(read? > 0),
                Err(_) => Ok(self.hang_up(why)),
            },
        }
    }

    async fn write(&mut self) -> io::Result<()> {
        let output = self.session.output();
        if !output.is_empty() {
            timeout(self.limits.idle, self.stream.write_all(output)).await??;
            output.clear();
        }
        Ok(())
    }

    /// The session ends; its last words are still to be written.
    fn hang_up(&mut self, why: HangUp) -> bool {
        events::hung_up(why);
        self.session.hang_up(why);
        true
    }

    fn deadline(&self, now: Instant) -> (Instant, HangUp) {
        let idle = (now + self.limits.idle, HangUp::Idle);
        let end = (self.end, HangUp::TooLong);
        let drained = self.drained.map(|at| (at, HangUp::Stopping));
        [idle, end].into_iter().chain(drained).min_by_key(|(at, _)| *at).unwrap_or(end)
    }

    fn look_for_shutdown(&mut self) {
        if self.drained.is_none() && self.shutdown.is_cancelled() {
            self.drained = Some(Instant::now() + self.limits.drain);
            self.session.stop();
        }
    }

    /// Closing a socket with unread octets in it makes its host throw away what we said last.
    async fn linger(&mut self) {
        let mut nothing = vec![0; READ];
        let mut heard = 0;
        let hear_out = async {
            while heard < LINGER_OCTETS {
                match self.stream.read(&mut nothing).await {
                    Ok(0) | Err(_) => break,
                    Ok(octets) => heard += octets,
                }
            }
        };
        // Either way the peer had its chance.
        let _ = timeout(LINGER, hear_out).await;
    }
}

#[cfg(test)]
mod tests;
