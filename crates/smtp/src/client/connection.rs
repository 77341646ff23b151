use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use posthaste_model::Clock;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;

use super::capabilities::Capabilities;
use super::haste::Haste;
use super::job::Job;
use super::outgoing::{Outgoing, SLICES};
use super::relay::Timeouts;
use super::reply::ReplyParser;
use super::session::{Session, Trouble};
use super::stream::Stream;
use crate::Reply;

/// How long we wait for the answer to QUIT; nothing depends on it.
const FAREWELL: Duration = Duration::from_secs(5);

/// One connection to the relay: moves octets between the socket and the machines, and keeps the deadlines.
pub(crate) struct Connection {
    stream: Stream,
    parser: ReplyParser,
    clock: Arc<dyn Clock>,
    pub(crate) timeouts: Timeouts,
    /// What the relay offers, from the last EHLO.
    pub(crate) capabilities: Capabilities,
    /// Transactions run here, ever.
    pub(crate) served: usize,
    dirty: bool,
}

/// How a run over a connection went.
pub(crate) struct Run {
    /// `None` if the connection can be used again.
    pub(crate) trouble: Option<Trouble>,
    /// Transactions that ran to their end.
    pub(crate) completed: usize,
}

impl Connection {
    /// Takes over a connected stream on which nothing was said.
    pub(crate) fn new(stream: Stream, clock: Arc<dyn Clock>, timeouts: Timeouts) -> Self {
        Self {
            stream,
            parser: ReplyParser::default(),
            clock,
            timeouts,
            capabilities: Capabilities::default(),
            served: 0,
            dirty: false,
        }
    }

    /// Gives back the bare stream, for TLS to begin on it; what was read and not asked for is forgotten.
    pub(crate) fn into_stream(mut self) -> Stream {
        if self.parser.discard() {
            tracing::warn!("the relay sent something between its reply to STARTTLS and TLS: ignored");
        }
        self.stream
    }

    /// Writes a command (none: waits for the greeting) and waits for its reply.
    pub(crate) async fn ask(&mut self, command: Option<Bytes>, limit: Duration) -> Result<Reply, Trouble> {
        let mut out = Outgoing::default();
        if let Some(command) = command {
            if !self.parser.is_empty() {
                return Err(lost("the relay does not follow SMTP: it spoke out of turn"));
            }
            out.push(command);
        }
        let mut timer = pin!(self.clock.sleep(limit));
        loop {
            if let Some(reply) = self.parser.next().map_err(lost)? {
                return Ok(reply);
            }
            tokio::select! {
                biased;
                turn = turn(&mut self.stream, &mut self.parser, &mut out) => { turn?; }
                () = &mut timer => return Err(timed_out(limit)),
            }
        }
    }

    /// Runs transactions until the jobs are done, `quota` of them have begun, or the connection is of no more use.
    /// After a cancellation, only a message that is already under way is brought to its end. So it is in `haste`, if the
    /// relay is silent.
    pub(crate) async fn run(
        &mut self,
        jobs: &mut [Job],
        quota: usize,
        cancel: &CancellationToken,
        haste: &Haste,
    ) -> Run {
        let fresh = self.served == 0;
        let capabilities = std::mem::take(&mut self.capabilities);
        let mut session = Session::new(&capabilities, jobs, quota, self.dirty);
        let trouble = self.drive(&mut session, cancel, haste.clone()).await.err();
        let completed = session.completed();
        if let Some(trouble) = &trouble {
            // A connection that died while nobody used it says nothing about the job.
            let stale = !fresh && session.replies() == 0;
            let blame = matches!(trouble, Trouble::Lost(_)) && !stale && !cancel.is_cancelled();
            session.lost(&trouble.to_string(), blame);
        }
        self.dirty = session.is_dirty();
        self.served += completed;
        self.capabilities = capabilities;
        Run { trouble, completed }
    }

    async fn drive(
        &mut self,
        session: &mut Session<'_>,
        cancel: &CancellationToken,
        mut haste: Haste,
    ) -> Result<(), Trouble> {
        if !self.parser.is_empty() {
            return Err(lost("the relay does not follow SMTP: it spoke out of turn"));
        }
        let mut cancelled = pin!(cancel.cancelled());
        let mut stop_at = None;
        let mut since = self.clock.monotonic();
        loop {
            let before = session.replies();
            while let Some(reply) = self.parser.next().map_err(lost)? {
                session.reply(reply)?;
                if stop_at.is_some() && !session.is_sending() {
                    return Err(lost("sending was cancelled"));
                }
            }
            if session.is_finished() {
                return Ok(());
            }
            if session.replies() > before {
                since = self.clock.monotonic();
            }
            let limit = if session.awaits_verdict() { self.timeouts.message } else { self.timeouts.reply };
            let until = stop_at.map_or(since + limit, |stop_at| (since + limit).min(stop_at));
            // What was sent and not answered yet may have been taken: that is waited for, whoever waits.
            let patience =
                haste.patience().filter(|_| !session.is_sending()).map(|patience| since + patience);
            let until = patience.map_or(until, |end| until.min(end));
            let timer = self.clock.sleep(until.saturating_sub(self.clock.monotonic()));
            tokio::select! {
                biased;
                wrote = turn(&mut self.stream, &mut self.parser, &mut session.out) => if wrote? {
                    since = self.clock.monotonic();
                },
                () = &mut cancelled, if stop_at.is_none() => {
                    if !session.is_sending() {
                        return Err(lost("sending was cancelled"));
                    }
                    session.stop();
                    stop_at = Some(self.clock.monotonic() + self.timeouts.drain);
                }
                () = haste.changed() => {}
                () = timer => {
                    let gave_way = patience.is_some_and(|end| end <= self.clock.monotonic());
                    return Err(if gave_way { Trouble::GaveWay } else { timed_out(limit) });
                }
            }
        }
    }

    /// Looks, without waiting, whether the relay has closed an unused connection or said something on it.
    pub(crate) fn is_alive(&mut self) -> bool {
        let mut octet = [0];
        let mut cx = Context::from_waker(Waker::noop());
        self.parser.is_empty()
            && Pin::new(&mut self.stream).poll_read(&mut cx, &mut ReadBuf::new(&mut octet)).is_pending()
    }

    /// Says goodbye, as RFC 5321 §4.1.1.10 wants it before closing.
    pub(crate) async fn quit(&mut self) {
        if let Err(trouble) = self.ask(Some(Bytes::from_static(b"QUIT\r\n")), FAREWELL).await {
            tracing::debug!(%trouble, "no answer to QUIT");
        }
    }
}

/// Writes and reads as much as goes without waiting, then waits until something went. Both at once, always: a
/// relay that cannot send its replies stops reading (RFC 2920 §3.1). True if something was written.
async fn turn(stream: &mut Stream, parser: &mut ReplyParser, out: &mut Outgoing) -> Result<bool, Trouble> {
    let mut failed = None;
    poll_fn(|cx| {
        let wrote = match poll_write(stream, cx, out) {
            Ok(wrote) => wrote,
            // The relay may have said why before it closed: read that first.
            Err(error) => {
                failed = Some(error);
                false
            }
        };
        let mut space = [MaybeUninit::uninit(); 8192];
        let mut space = ReadBuf::uninit(&mut space);
        match Pin::new(&mut *stream).poll_read(cx, &mut space) {
            Poll::Ready(Ok(())) if !space.filled().is_empty() => {
                parser.feed(space.filled());
                Poll::Ready(Ok(wrote))
            }
            Poll::Ready(read) => Poll::Ready(Err(match (failed.take(), read) {
                (Some(error), _) | (None, Err(error)) => lost(format_args!("the connection broke: {error}")),
                (None, Ok(())) => lost("the relay closed the connection"),
            })),
            Poll::Pending => match failed.take() {
                Some(error) => Poll::Ready(Err(lost(format_args!("the connection broke: {error}")))),
                None if wrote => Poll::Ready(Ok(true)),
                None => Poll::Pending,
            },
        }
    })
    .await
}

fn poll_write(stream: &mut Stream, cx: &mut Context<'_>, out: &mut Outgoing) -> io::Result<bool> {
    let mut wrote = false;
    while !out.is_empty() {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let used = out.slices(&mut slices);
        let slices = slices.get(..used).unwrap_or_default();
        match Pin::new(&mut *stream).poll_write_vectored(cx, slices) {
            Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(count)) => {
                out.advance(count);
                wrote = true;
            }
            Poll::Ready(Err(error)) => return Err(error),
            Poll::Pending => break,
        }
    }
    // TLS keeps octets back; without TLS this does nothing.
    match Pin::new(&mut *stream).poll_flush(cx) {
        Poll::Ready(Err(error)) => Err(error),
        Poll::Ready(Ok(())) | Poll::Pending => Ok(wrote),
    }
}

pub(crate) fn lost(why: impl std::fmt::Display) -> Trouble {
    Trouble::Lost(why.to_string())
}

fn timed_out(limit: Duration) -> Trouble {
    lost(format_args!("the relay did not answer within {} s", limit.as_secs_f32()))
}
