//! A reader's connection to a news server (RFC 3977).

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{NewsError, NewsServer};

/// How long the server may take over one command.
const DEADLINE: Duration = Duration::from_secs(30);
/// The longest line of an answer, octets.
const LINE: u64 = 64 << 10;
/// The largest article, octets: what our own doors take by default.
const ARTICLE: usize = 25 << 20;

/// A connection, greeted and logged in.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

/// What a group holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Group {
    /// The number of its oldest article.
    pub(crate) first: i64,
    /// The number of its newest; less than `first` if there is none.
    pub(crate) last: i64,
}

/// A status and the text behind it.
struct Answer {
    code: u16,
    text: String,
}

impl Answer {
    fn away(&self) -> NewsError {
        NewsError::Away(format!("the news server said {} {}", self.code, self.text))
    }
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(server: &NewsServer) -> Result<Self, NewsError> {
        let at = (server.host.as_str(), server.port);
        let away = |error: String| NewsError::Away(format!("{}:{}: {error}", server.host, server.port));
        let stream = timeout(DEADLINE, TcpStream::connect(at))
            .await
            .map_err(|_| away(format!("no answer within {} s", DEADLINE.as_secs())))?
            .map_err(|error| away(error.to_string()))?;
        let mut connection = Self { stream: BufReader::new(stream) };
        let greeting = connection.answer().await?;
        if !matches!(greeting.code, 200 | 201) {
            return Err(greeting.away());
        }
        let answer = connection.ask("MODE READER").await?;
        // A server that has no such mode says 500: it is in it.
        if !matches!(answer.code, 200 | 201 | 500 | 502) {
            return Err(answer.away());
        }
        if let Some((user, password)) = &server.login {
            connection.log_in(user, password).await?;
        }
        Ok(connection)
    }

    async fn log_in(&mut self, user: &str, password: &str) -> Result<(), NewsError> {
        let mut answer = self.ask(&format!("AUTHINFO USER {user}")).await?;
        if answer.code == 381 {
            answer = self.ask(&format!("AUTHINFO PASS {password}")).await?;
        }
        if answer.code == 281 { Ok(()) } else { Err(answer.away()) }
    }

    /// Offers an article, lines ending in CRLF.
    pub(crate) async fn post(&mut self, article: &Bytes) -> Result<(), NewsError> {
        let answer = self.ask("POST").await?;
        if answer.code != 340 {
            return Err(answer.away());
        }
        let answer = self.send(&stuffed(article)).await?;
        let refusal = answer.text.to_ascii_lowercase();
        match answer.code {
            240 => Ok(()),
            441 if refusal.contains("435") || refusal.contains("duplicate") => {
                Err(NewsError::Duplicate(answer.text))
            }
            441 if !["436", "try again", "400", "throttled", "paused"]
                .iter()
                .any(|word| refusal.contains(word)) =>
            {
                Err(NewsError::Refused(format!("the news server said {} {}", answer.code, answer.text)))
            }
            _ => Err(answer.away()),
        }
    }

    /// Which newsgroups the article with this Message-ID is in; `None` if it is not there.
    pub(crate) async fn newsgroups_of(&mut self, message_id: &str) -> Result<Option<String>, NewsError> {
        let answer = self.ask(&format!("HEAD {message_id}")).await?;
        match answer.code {
            221 => {
                let head = posthaste_mime::Message::parse(Bytes::from(self.block().await?));
                Ok(Some(head.head.text("Newsgroups").unwrap_or_default()))
            }
            430 => Ok(None),
            _ => Err(answer.away()),
        }
    }

    /// Selects a group.
    pub(crate) async fn group(&mut self, name: &str) -> Result<Group, NewsError> {
        let answer = self.ask(&format!("GROUP {name}")).await?;
        let mut numbers = answer.text.split_whitespace().skip(1).map(|word| word.parse().ok());
        let mut next = || numbers.next().flatten();
        match (answer.code, next(), next()) {
            (211, Some(first), Some(last)) => Ok(Group { first, last }),
            (411, ..) => Err(NewsError::Refused(format!("the news server has no group {name}"))),
            _ => Err(answer.away()),
        }
    }

    /// One article of the selected group; `None` if it is gone.
    pub(crate) async fn article(&mut self, number: i64) -> Result<Option<Bytes>, NewsError> {
        let answer = self.ask(&format!("ARTICLE {number}")).await?;
        match answer.code {
            220 => Ok(Some(Bytes::from(self.block().await?))),
            420 | 423 | 430 => Ok(None),
            _ => Err(answer.away()),
        }
    }

    /// Says goodbye.
    pub(crate) async fn quit(mut self) {
        let _ = self.ask("QUIT").await;
    }

    async fn ask(&mut self, command: &str) -> Result<Answer, NewsError> {
        // Neither a group's name nor a password may begin a command of its own.
        let command: String = command.chars().filter(|c| !c.is_control()).collect();
        self.send(format!("{command}\r\n").as_bytes()).await
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<Answer, NewsError> {
        within(async {
            self.stream.get_mut().write_all(bytes).await?;
            self.stream.get_mut().flush().await
        })
        .await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Answer, NewsError> {
        let line = String::from_utf8_lossy(&self.line().await?).trim_end().to_owned();
        let (code, text) = line.split_once(' ').unwrap_or((&line, ""));
        let code = code.parse().map_err(|_| NewsError::Away(format!("this is no news server: {line:?}")))?;
        Ok(Answer { code, text: text.to_owned() })
    }

    /// Lines up to the one with a dot alone.
    async fn block(&mut self) -> Result<Vec<u8>, NewsError> {
        let mut block = vec![];
        loop {
            let line = self.line().await?;
            match line.strip_prefix(b".") {
                Some(b"\r\n" | b"\n") => return Ok(block),
                Some(rest) => block.extend_from_slice(rest),
                None => block.extend_from_slice(&line),
            }
            if block.len() > ARTICLE {
                return Err(NewsError::Away("an article has no end".into()));
            }
        }
    }

    async fn line(&mut self) -> Result<Vec<u8>, NewsError> {
        let mut line = vec![];
        within(async {
            let mut limited = (&mut self.stream).take(LINE);
            limited.read_until(b'\n', &mut line).await.map(|_| ())
        })
        .await?;
        if line.is_empty() {
            return Err(NewsError::Away("the news server hung up".into()));
        }
        Ok(line)
    }
}

async fn within(work: impl Future<Output = std::io::Result<()>>) -> Result<(), NewsError> {
    match timeout(DEADLINE, work).await {
        Ok(done) => done.map_err(|error| NewsError::Away(error.to_string())),
        Err(_) => Err(NewsError::Away(format!("no answer within {} s", DEADLINE.as_secs()))),
    }
}

/// An article as it is sent: lines that begin with a dot get one more, and a dot ends it (RFC 3977 §3.1.1).
fn stuffed(article: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(article.len() + 8);
    for line in article.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots() {
        for (article, wire) in
            [("a\r\n", "a\r\n.\r\n"), (".\r\n..x\r\nb", "..\r\n...x\r\nb\r\n.\r\n"), ("", "\r\n.\r\n")]
        {
            assert_eq!(stuffed(article.as_bytes()), wire.as_bytes(), "{article:?}");
        }
    }
}
