//! One connection to a sink. Written apart from the product's own SMTP code: a witness must be independent.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::tally::Caught;
use super::trouble::{Point, What};
use super::{Latency, Shared};
use crate::source::{Job, Protocol, Source};

const READ: usize = 64 * 1024;

/// The connection is over, by either side.
pub(super) struct Closed;

pub(super) struct Session {
    stream: TcpStream,
    shared: Arc<Shared>,
    /// Read and not yet used: `input[used..]`.
    input: Vec<u8>,
    used: usize,
    /// Replies gathered while more commands wait in `input` (RFC 2920 §3.2: answers may be batched too).
    output: Vec<u8>,
    /// LHLO was said: one reply per recipient follows the final dot (RFC 2033 §4.2).
    lmtp: bool,
    from: Option<String>,
    recipients: Vec<String>,
}

impl Session {
    pub(super) fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        Self {
            stream,
            shared,
            input: Vec::with_capacity(READ),
            used: 0,
            output: Vec::new(),
            lmtp: false,
            from: None,
            recipients: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) -> Result<(), Closed> {
        self.answer(&Point::Greeting, "220 sink.example ESMTP").await?;
        loop {
            let line = self.line().await?;
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                greeting @ ("EHLO" | "LHLO") => {
                    self.lmtp = greeting == "LHLO";
                    self.answer(&Point::Ehlo, EHLO).await?;
                }
                "HELO" => {
                    self.answer(&Point::Ehlo, "250 sink.example").await?;
                }
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.rcpt(rest).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.reset();
                    self.reply("250 2.0.0 reset").await?;
                }
                "NOOP" => self.reply("250 2.0.0 ok").await?,
                "QUIT" => {
                    self.reply("221 2.0.0 bye").await?;
                    return self.flush().await;
                }
                _ => self.reply("500 5.5.1 unknown command").await?,
            }
        }
    }

    async fn mail(&mut self, rest: &str) -> Result<(), Closed> {
        if self.from.is_some() {
            return self.reply("503 5.5.1 nested MAIL").await;
        }
        let from = path(rest);
        if self.answer(&Point::Mail, "250 2.1.0 ok").await? {
            self.from = Some(from);
        }
        Ok(())
    }

    async fn rcpt(&mut self, rest: &str) -> Result<(), Closed> {
        if self.from.is_none() {
            return self.reply("503 5.5.1 MAIL first").await;
        }
        let to = path(rest);
        if self.answer(&Point::RcptOf(to.clone()), "250 2.1.5 ok").await? {
            self.recipients.push(to);
        }
        Ok(())
    }

    async fn data(&mut self) -> Result<(), Closed> {
        if self.recipients.is_empty() {
            return self.reply("503 5.5.1 RCPT first").await;
        }
        if !self.answer(&Point::Data, "354 go ahead").await? {
            self.reset();
            return Ok(());
        }
        let message = self.message().await?;
        let replies = if self.lmtp { self.recipients.len() } else { 1 };
        let trouble = self.shared.troubles.strike(&Point::Dot).or_else(|| {
            if self.hand_back(&message) {
                return None;
            }
            self.count(message);
            self.shared.troubles.strike(&Point::Counted)
        });
        for _ in 0..replies {
            match &trouble {
                Some(what) => self.suffer(what.clone()).await?,
                None => self.reply("250 2.0.0 counted").await?,
            }
        }
        self.reset();
        Ok(())
    }

    /// True if it goes back to where it came from, uncounted.
    fn hand_back(&self, message: &Message) -> bool {
        let Some((prefix, target)) = self.shared.back() else { return false };
        if !self.recipients.iter().all(|to| to.to_ascii_lowercase().starts_with(&prefix)) {
            return false;
        }
        let text = format!("Message-ID: {}\r\n\r\nhanded back\r\n", message.id);
        let from = self.from.clone().unwrap_or_default();
        let job = Job::new(&message.id, &from, self.recipients.clone(), text.as_bytes());
        tokio::spawn(async move { Source::new(Protocol::Lmtp, target).send(job).await });
        true
    }

    fn count(&self, message: Message) {
        let from = self.from.as_deref().unwrap_or_default();
        self.shared.count(|tally| {
            tally.count(from, &self.recipients, &message.id, message.bytes);
            if let Some(text) = message.text {
                tally.keep(Caught {
                    from: from.to_owned(),
                    recipients: self.recipients.clone(),
                    message: text,
                });
            }
        });
    }

    fn reset(&mut self) {
        self.from = None;
        self.recipients.clear();
    }

    /// Reads up to the line that is a dot and nothing else (RFC 5321 §4.1.1.4), which only CRLF lines can make.
    async fn message(&mut self) -> Result<Message, Closed> {
        let keep = self.shared.keep();
        let mut message = Message { id: String::new(), bytes: 0, text: keep.then(Vec::new) };
        let mut in_head = true;
        let mut first = true;
        loop {
            let end = self.line_end().await?;
            if first {
                first = false;
                match self.shared.troubles.strike(&Point::Body) {
                    Some(What::Drop) => return Err(Closed),
                    Some(What::Hang) => self.hang().await,
                    // RFC 5321 §4.2.5 knows no reply in the middle of a message.
                    Some(What::Reply(_)) | None => {}
                }
            }
            let line = self.input.get(self.used..end).unwrap_or_default();
            self.used = end;
            if line == b".\r\n" {
                return Ok(message);
            }
            let line = line.strip_prefix(b".").unwrap_or(line);
            message.bytes += line.len();
            if let Some(text) = &mut message.text {
                text.extend_from_slice(line);
            }
            if in_head {
                in_head = line != b"\r\n";
                if let Some(id) = message_id(line) {
                    message.id = id;
                }
            }
        }
    }

    /// Gives `good`, or what trouble wants there; true if `good` was given.
    async fn answer(&mut self, at: &Point, good: &str) -> Result<bool, Closed> {
        if let Some(what) = self.shared.troubles.strike(at) {
            self.suffer(what).await?;
            return Ok(false);
        }
        self.reply(good).await?;
        Ok(true)
    }

    async fn suffer(&mut self, what: What) -> Result<(), Closed> {
        match what {
            What::Reply(reply) => self.reply(&reply).await,
            What::Drop => {
                self.flush().await?;
                Err(Closed)
            }
            What::Hang => {
                self.flush().await?;
                self.hang().await;
                Err(Closed)
            }
        }
    }

    async fn hang(&mut self) {
        std::future::pending::<()>().await;
    }

    async fn reply(&mut self, text: &str) -> Result<(), Closed> {
        self.output.extend_from_slice(text.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        if let Latency::EachReply(time) = self.shared.latency() {
            self.send(time).await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Closed> {
        let time = match self.shared.latency() {
            Latency::RoundTrip(time) => time,
            Latency::None | Latency::EachReply(_) => Duration::ZERO,
        };
        self.send(time).await
    }

    async fn send(&mut self, after: Duration) -> Result<(), Closed> {
        if self.output.is_empty() {
            return Ok(());
        }
        if !after.is_zero() {
            tokio::time::sleep(after).await;
        }
        self.stream.write_all(&self.output).await.map_err(|_| Closed)?;
        self.output.clear();
        Ok(())
    }

    async fn line(&mut self) -> Result<String, Closed> {
        let end = self.line_end().await?;
        let line = self.input.get(self.used..end).unwrap_or_default();
        let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        self.used = end;
        Ok(line)
    }

    /// Where the next line ends, reading on if it is not there yet.
    async fn line_end(&mut self) -> Result<usize, Closed> {
        let mut from = self.used;
        loop {
            let unread = self.input.get(from..).unwrap_or_default();
            if let Some(at) = unread.iter().position(|byte| *byte == b'\n') {
                return Ok(from + at + 1);
            }
            from = self.input.len() - self.used;
            self.input.drain(..self.used);
            self.used = 0;
            self.flush().await?;
            self.input.reserve(READ);
            if self.stream.read_buf(&mut self.input).await.map_err(|_| Closed)? == 0 {
                return Err(Closed);
            }
        }
    }
}

const EHLO: &str = "250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 104857600";

struct Message {
    id: String,
    bytes: usize,
    text: Option<Vec<u8>>,
}

fn message_id(line: &[u8]) -> Option<String> {
    let (name, value) = line.split_at_checked(11)?;
    name.eq_ignore_ascii_case(b"message-id:")
        .then(|| String::from_utf8_lossy(value.trim_ascii()).into_owned())
}

/// The address of `FROM:<a@b> SIZE=1` or `TO:<a@b>`. A quoted local part may hold `>`.
fn path(rest: &str) -> String {
    let after = rest.split_once('<').map_or(rest, |(_, after)| after);
    let (mut quoted, mut escaped) = (false, false);
    for (at, letter) in after.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => return after.get(..at).unwrap_or_default().to_owned(),
            _ => {}
        }
    }
    after.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(path("FROM:<> SIZE=3"), "");
        assert_eq!(path("TO:<a@b.example> NOTIFY=NEVER"), "a@b.example");
        assert_eq!(path(r#"TO:<"a>\"b"@c.example>"#), r#""a>\"b"@c.example"#);
    }

    #[test]
    fn message_ids() {
        assert_eq!(message_id(b"Message-Id:  <1@x>\r\n").as_deref(), Some("<1@x>"));
        assert_eq!(message_id(b"Message: x\r\n"), None);
    }
}
