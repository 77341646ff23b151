//! One connection of a source, with PIPELINING taken for granted.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Job, Outcome, Protocol, Source};

pub(super) struct Connection {
    stream: TcpStream,
    protocol: Protocol,
    chained: bool,
    patience: Duration,
    input: Vec<u8>,
    used: usize,
    output: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(source: &Source) -> Result<Self> {
        let stream = timeout(source.patience, TcpStream::connect(source.target))
            .await
            .with_context(|| format!("{} did not answer within {:?}", source.target, source.patience))?
            .with_context(|| format!("cannot connect to {}", source.target))?;
        stream.set_nodelay(true)?;
        let mut connection = Self {
            stream,
            protocol: source.protocol,
            chained: source.chained,
            patience: source.patience,
            input: Vec::new(),
            used: 0,
            output: Vec::new(),
        };
        connection.expect("220").await?;
        let hello = match source.protocol {
            Protocol::Lmtp => "LHLO source.example\r\n",
            Protocol::Smtp => "EHLO source.example\r\n",
        };
        connection.output.extend_from_slice(hello.as_bytes());
        connection.flush().await?;
        connection.expect("250").await?;
        Ok(connection)
    }

    pub(super) async fn send_all(
        &mut self,
        next: &(impl Fn() -> Option<Job> + Sync),
        done: impl Fn(Outcome),
    ) -> Result<()> {
        let mut coming = next().map(|job| self.begin(job));
        while let Some((job, began)) = coming {
            self.flush().await?;
            let mut outcome =
                Outcome { id: job.id, accepted: 0, refusals: Vec::new(), began, ended: Instant::now() };
            let envelope = self.envelope(job.recipients.len(), &mut outcome).await?;
            if envelope.go_ahead {
                self.output.extend_from_slice(&job.stuffed);
            }
            coming = if self.chained { next().map(|job| self.begin(job)) } else { None };
            self.flush().await?;
            if envelope.go_ahead {
                self.verdicts(envelope.accepted, &mut outcome).await?;
            }
            outcome.ended = Instant::now();
            done(outcome);
            if !self.chained {
                coming = next().map(|job| self.begin(job));
            }
        }
        self.output.extend_from_slice(b"QUIT\r\n");
        self.flush().await
    }

    /// Puts MAIL, every RCPT and DATA into the next flight.
    fn begin(&mut self, job: Job) -> (Job, Instant) {
        self.output.extend_from_slice(format!("MAIL FROM:<{}>\r\n", job.from).as_bytes());
        for recipient in &job.recipients {
            self.output.extend_from_slice(format!("RCPT TO:<{recipient}>\r\n").as_bytes());
        }
        self.output.extend_from_slice(b"DATA\r\n");
        (job, Instant::now())
    }

    async fn envelope(&mut self, recipients: usize, outcome: &mut Outcome) -> Result<Envelope> {
        let mail = self.reply().await?;
        if !mail.starts_with('2') {
            outcome.refusals.push(mail);
        }
        let mut accepted = 0;
        for _ in 0..recipients {
            let reply = self.reply().await?;
            if reply.starts_with('2') {
                accepted += 1;
            } else {
                outcome.refusals.push(reply);
            }
        }
        let data = self.reply().await?;
        let go_ahead = data.starts_with("354");
        if !go_ahead {
            outcome.refusals.push(data);
        }
        Ok(Envelope { accepted, go_ahead })
    }

    async fn verdicts(&mut self, accepted: usize, outcome: &mut Outcome) -> Result<()> {
        let (replies, worth) = match self.protocol {
            Protocol::Lmtp => (accepted, 1),
            Protocol::Smtp => (1, accepted),
        };
        for _ in 0..replies {
            let reply = self.reply().await?;
            if reply.starts_with('2') {
                outcome.accepted += worth;
            } else {
                outcome.refusals.push(reply);
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        timeout(self.patience, self.stream.write_all(&self.output))
            .await
            .with_context(|| format!("the server did not read for {:?}", self.patience))?
            .context("cannot write to the server")?;
        self.output.clear();
        Ok(())
    }

    async fn expect(&mut self, code: &str) -> Result<()> {
        let reply = self.reply().await?;
        if !reply.starts_with(code) {
            bail!("expected {code}, the server said: {reply}");
        }
        Ok(())
    }

    /// One reply, its lines joined by a line feed.
    async fn reply(&mut self) -> Result<String> {
        let mut text = String::new();
        loop {
            let line = self.line().await?;
            let more = line.as_bytes().get(3) == Some(&b'-');
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&line);
            if !more {
                return Ok(text);
            }
        }
    }

    async fn line(&mut self) -> Result<String> {
        loop {
            let unread = self.input.get(self.used..).unwrap_or_default();
            if let Some(at) = unread.iter().position(|byte| *byte == b'\n') {
                let line = unread.get(..at).unwrap_or_default();
                let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
                self.used += at + 1;
                return Ok(line);
            }
            self.input.drain(..self.used);
            self.used = 0;
            self.input.reserve(8 * 1024);
            let read = timeout(self.patience, self.stream.read_buf(&mut self.input))
                .await
                .with_context(|| format!("the server said nothing for {:?}", self.patience))?
                .context("cannot read from the server")?;
            if read == 0 {
                bail!("the server closed the connection");
            }
        }
    }
}

struct Envelope {
    accepted: usize,
    go_ahead: bool,
}
