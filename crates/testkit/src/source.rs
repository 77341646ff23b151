//! A load source: posts over many connections, and how long each took to be accepted.

mod connection;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use self::connection::Connection;

/// Which greeting is used, and how many replies follow the final dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// LHLO; one reply per accepted recipient (RFC 2033 §4.2).
    Lmtp,
    /// EHLO; one reply.
    Smtp,
}

/// One transaction to be made.
#[derive(Debug, Clone)]
pub struct Job {
    /// Names the job in the report; the Message-ID, as a rule.
    pub id: String,
    /// MAIL FROM; empty for the null reverse-path.
    pub from: String,
    /// RCPT TO.
    pub recipients: Vec<String>,
    /// The message, dot-stuffed and ended by the final dot.
    stuffed: Arc<[u8]>,
}

impl Job {
    /// A transaction for a message with CRLF line ends.
    pub fn new(id: &str, from: &str, recipients: Vec<String>, message: &[u8]) -> Self {
        Self { id: id.to_owned(), from: from.to_owned(), recipients, stuffed: stuff(message) }
    }

    /// The same message for others: the text is shared, not copied.
    pub fn with(&self, from: &str, recipients: Vec<String>) -> Self {
        Self { id: self.id.clone(), from: from.to_owned(), recipients, stuffed: self.stuffed.clone() }
    }
}

/// Where to post, and how.
#[derive(Debug, Clone)]
pub struct Source {
    /// The server.
    pub target: SocketAddr,
    /// LMTP or SMTP.
    pub protocol: Protocol,
    /// Connections kept busy together.
    pub connections: usize,
    /// Send the next envelope in the same flight as the final dot (RFC 2920 §3.1), so that a transaction costs
    /// one round trip and not two.
    pub chained: bool,
    /// Every connect, read and write must end within this time.
    pub patience: Duration,
}

/// What became of one job.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// [`Job::id`].
    pub id: String,
    /// Recipients accepted after the final dot.
    pub accepted: usize,
    /// The replies that refused something, as they came.
    pub refusals: Vec<String>,
    /// When MAIL was written.
    pub began: Instant,
    /// When the last reply was read.
    pub ended: Instant,
}

/// What became of all jobs of a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// One outcome per job, in the order of their ends.
    pub outcomes: Vec<Outcome>,
    /// From the first connect to the last reply.
    pub elapsed: Duration,
}

impl Source {
    /// A source with one connection, unchained, and 30 seconds of patience.
    pub fn new(protocol: Protocol, target: SocketAddr) -> Self {
        Self { target, protocol, connections: 1, chained: false, patience: Duration::from_secs(30) }
    }

    /// With this many connections.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// With chained transactions.
    #[must_use]
    pub fn chained(mut self) -> Self {
        self.chained = true;
        self
    }

    /// Makes the jobs `0..count` and sends them. The first connection that breaks ends the run with its error.
    pub async fn run(
        &self,
        count: usize,
        make: impl Fn(usize) -> Job + Send + Sync + 'static,
    ) -> Result<Report> {
        let began = Instant::now();
        let (report, errors) = self.run_until_broken(count, make).await;
        if let Some(error) = errors.into_iter().next() {
            return Err(error.context(format!("{} of {count} jobs were done", report.outcomes.len())));
        }
        Ok(Report { elapsed: began.elapsed(), ..report })
    }

    /// Like [`Source::run`] against a server that may die: gives what was acknowledged, and the errors.
    pub async fn run_until_broken(
        &self,
        count: usize,
        make: impl Fn(usize) -> Job + Send + Sync + 'static,
    ) -> (Report, Vec<anyhow::Error>) {
        let began = Instant::now();
        let next = AtomicUsize::new(0);
        let jobs = Arc::new(move || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            (number < count).then(|| make(number))
        });
        let outcomes = Arc::new(Mutex::new(Vec::with_capacity(count)));
        let mut workers = JoinSet::new();
        for _ in 0..self.connections.min(count).max(1) {
            let (source, jobs, outcomes) = (self.clone(), jobs.clone(), outcomes.clone());
            workers.spawn(async move {
                let mut connection = Connection::open(&source).await?;
                let done = |outcome| outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
                connection.send_all(&*jobs, done).await
            });
        }
        let mut errors = Vec::new();
        while let Some(ended) = workers.join_next().await {
            if let Err(error) = ended.context("a connection's task").and_then(|result| result) {
                errors.push(error);
            }
        }
        let outcomes = std::mem::take(&mut *outcomes.lock().unwrap_or_else(PoisonError::into_inner));
        (Report { outcomes, elapsed: began.elapsed() }, errors)
    }

    /// Sends one job and waits for its end.
    pub async fn send(&self, job: Job) -> Result<Outcome> {
        let report = self.run(1, move |_| job.clone()).await?;
        report.outcomes.into_iter().next().context("the job has no outcome")
    }
}

impl Report {
    /// Recipients accepted over all jobs.
    pub fn accepted(&self) -> usize {
        self.outcomes.iter().map(|outcome| outcome.accepted).sum()
    }

    /// Every reply that refused something.
    pub fn refusals(&self) -> Vec<&str> {
        self.outcomes.iter().flat_map(|outcome| outcome.refusals.iter().map(String::as_str)).collect()
    }

    /// Accepted recipients a second.
    pub fn rate(&self) -> f64 {
        self.accepted() as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// The time from MAIL to the last reply that `part` (0.5 for the median) of the jobs stayed within.
    pub fn latency(&self, part: f64) -> Duration {
        let mut all: Vec<_> = self
            .outcomes
            .iter()
            .map(|outcome| outcome.ended.saturating_duration_since(outcome.began))
            .collect();
        percentile(&mut all, part)
    }
}

/// The value that `part` (0.5 for the median) of `all` do not exceed; zero if there are none. Sorts `all`.
pub fn percentile(all: &mut [Duration], part: f64) -> Duration {
    all.sort_unstable();
    let rank = (all.len() as f64 * part.clamp(0.0, 1.0)).ceil() as usize;
    all.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// RFC 5321 §4.5.2, and the final dot.
fn stuff(message: &[u8]) -> Arc<[u8]> {
    let mut stuffed = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line);
    }
    if !stuffed.ends_with(b"\r\n") {
        stuffed.extend_from_slice(b"\r\n");
    }
    stuffed.extend_from_slice(b".\r\n");
    stuffed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_stuffed_and_the_end_is_marked() {
        assert_eq!(&*stuff(b"a\r\n.b\r\n..\r\nc"), b"a\r\n..b\r\n...\r\nc\r\n.\r\n");
        assert_eq!(&*stuff(b"."), b"..\r\n.\r\n");
    }

    #[test]
    fn percentiles() {
        let mut all: Vec<_> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&mut all, 0.5), Duration::from_millis(50));
        assert_eq!(percentile(&mut all, 0.99), Duration::from_millis(99));
        assert_eq!(percentile(&mut all, 1.0), Duration::from_millis(100));
        assert_eq!(percentile(&mut [], 0.5), Duration::ZERO);
    }
}
