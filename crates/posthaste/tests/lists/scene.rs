//! A server with pages and a clock that is turned by hand, one list, and everything it sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use posthaste_mime::{Message, Part};
use posthaste_testkit::mariadb::Mariadb;
use posthaste_testkit::postgres::Postgres;
use posthaste_testkit::sink::Caught;
use posthaste_testkit::source::Job;
use posthaste_testkit::{Port, Server, Sink, wait};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{LIST, PATIENCE, options};

/// Who is no member.
pub(crate) const ANNE: &str = "anne@far.example";
/// Who runs the list.
pub(crate) const OWNER: &str = "owner@example.org";
/// An hour, seconds.
pub(crate) const HOUR: u64 = 3_600;
static MAILS: AtomicUsize = AtomicUsize::new(0);

/// Which database a scene plays on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum On {
    Sqlite,
    Postgresql,
    Mariadb,
}

/// A server that keeps a scene's database alive.
enum Kept {
    Nothing,
    Postgresql(Postgres),
    Mariadb(Mariadb),
}

/// The stage of a test.
pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) sink: Sink,
    pub(crate) web: SocketAddr,
    kept: Kept,
}

impl Scene {
    /// A list with an owner and no members, and these settings.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Result<Self> {
        let scene = Self::on(On::Sqlite, "").await?;
        scene.set(settings).await?;
        Ok(scene)
    }

    /// The same on this database, with these lines more in the configuration.
    pub(crate) async fn on(engine: On, extra: &str) -> Result<Self> {
        let (kept, url) = match engine {
            On::Sqlite => (Kept::Nothing, None),
            On::Postgresql => {
                let server = Postgres::new()?;
                let url = server.create_database("posthaste")?;
                (Kept::Postgresql(server), Some(url))
            }
            On::Mariadb => {
                let server = Mariadb::new()?;
                let url = server.create_database("posthaste")?;
                (Kept::Mariadb(server), Some(url))
            }
        };
        let sink = Sink::keeping().await?;
        let web = Port::reserve()?;
        let pages =
            format!("[web]\nlisten = \"{}\"\nbase_url = \"https://lists.example.org/\"\n{extra}", web.addr());
        let mut wanted = options(&sink).extra(&pages).argument("--drill").quiet();
        if let Some(url) = url {
            wanted = wanted.database(&url);
        }
        let mut server = Server::prepare(wanted)?;
        std::fs::write(server.state().join("this-is-a-drill"), "")?;
        server.start().await?;
        server.list_with_members(LIST, 0).await?;
        Ok(Self { server, sink, web: web.addr(), kept })
    }

    pub(crate) async fn set(&self, settings: &[(&str, &str)]) -> Result<()> {
        for (key, value) in settings {
            self.server.run(&["list", "set", LIST, key, value]).await?;
        }
        Ok(())
    }

    /// A mail to one of the list's addresses, with these further fields and this text; its Message-ID.
    pub(crate) async fn mail(&self, from: &str, to: &str, more: &str, text: &str) -> Result<String> {
        let id = format!("<{}@people.example>", MAILS.fetch_add(1, Ordering::Relaxed));
        let more = if more.is_empty() { String::new() } else { format!("{}\n", more.trim_end()) };
        let message =
            format!("From: {from}\nTo: {to}\nMessage-ID: {id}\n{more}\n{text}\n").replace('\n', "\r\n");
        let job = Job::new(&id, from, vec![to.to_owned()], message.as_bytes());
        let sent = self.server.source().send(job).await?;
        ensure!(sent.accepted == 1, "{sent:?}");
        Ok(id)
    }

    /// A post to the list; its Message-ID.
    pub(crate) async fn post(&self, from: &str, subject: &str) -> Result<String> {
        self.mail(from, LIST, &format!("Subject: {subject}"), "The text.").await
    }

    /// Commands to the list's -request address.
    pub(crate) async fn request(&self, from: &str, text: &str) -> Result<String> {
        self.mail(from, "test-request@example.org", "", text).await
    }

    /// Everything that went to this address so far, oldest first.
    pub(crate) fn got(&self, who: &str) -> Vec<Mail> {
        let theirs = |c: &&Arc<Caught>| c.recipients.iter().any(|r| r.eq_ignore_ascii_case(who));
        self.sink.read(|tally| tally.caught().iter().filter(theirs).map(|c| Mail::read(c)).collect())
    }

    /// Waits for the first mail to this address that has all of these words.
    pub(crate) async fn find(&self, who: &str, words: &[&str]) -> Result<Mail> {
        let found = || self.got(who).into_iter().find(|mail| words.iter().all(|w| mail.all.contains(w)));
        wait::until(&format!("a mail for {who} with {words:?}"), PATIENCE, async || Ok(found().is_some()))
            .await
            .with_context(|| {
                format!("there was {:#?}", self.got(who).iter().map(|m| &m.all).collect::<Vec<_>>())
            })?;
        found().context("it was there")
    }

    /// How many mails with these words went to this address.
    pub(crate) fn count(&self, who: &str, words: &[&str]) -> usize {
        self.got(who).iter().filter(|mail| words.iter().all(|w| mail.all.contains(w))).count()
    }

    /// Waits until nothing waits for any runner.
    pub(crate) async fn quiet(&self) -> Result<()> {
        for stage in ["incoming", "command", "bounce", "out"] {
            self.server.wait_for_depth(stage, 0, PATIENCE).await?;
        }
        Ok(())
    }

    pub(crate) async fn members(&self) -> Result<String> {
        Ok(self.server.run(&["member", "ls", LIST, "--role", "member"]).await?.to_lowercase())
    }

    pub(crate) async fn joins(&self, who: &str) -> Result<()> {
        let who = who.to_lowercase();
        wait::until(&format!("{who} is a member"), PATIENCE, async || {
            Ok(self.members().await?.contains(&who))
        })
        .await
    }

    pub(crate) async fn leaves(&self, who: &str) -> Result<()> {
        let who = who.to_lowercase();
        wait::until(&format!("{who} is no member"), PATIENCE, async || {
            Ok(!self.members().await?.contains(&who))
        })
        .await
    }

    /// Makes these members without a word to them.
    pub(crate) async fn add(&self, people: &[&str]) -> Result<()> {
        self.server.run_with(&["member", "add", LIST, "-"], (people.join("\n") + "\n").as_bytes()).await?;
        Ok(())
    }

    /// Waits until so many posts wait for a moderator, and gives their numbers.
    pub(crate) async fn held(&self, count: usize) -> Result<Vec<String>> {
        let look = async || -> Result<Vec<String>> {
            let told: Value = serde_json::from_str(&self.server.run(&["--json", "moderate", "ls"]).await?)?;
            let rows = told.as_array().cloned().unwrap_or_default();
            Ok(rows.iter().filter_map(|row| Some(row.get("number")?.to_string())).collect())
        };
        wait::until(&format!("{count} posts wait"), PATIENCE, async || Ok(look().await?.len() == count))
            .await?;
        look().await
    }

    /// Waits until so many requests wait for a moderator, and gives their ids.
    pub(crate) async fn requests(&self, count: usize) -> Result<Vec<String>> {
        let look = async || -> Result<Vec<String>> {
            let told: Value = serde_json::from_str(&self.server.run(&["--json", "request", "ls"]).await?)?;
            let rows = told.as_array().cloned().unwrap_or_default();
            Ok(rows.iter().filter_map(|row| Some(row.get("id")?.as_str()?.to_owned())).collect())
        };
        wait::until(&format!("{count} requests wait"), PATIENCE, async || Ok(look().await?.len() == count))
            .await?;
        look().await
    }

    pub(crate) async fn quarantined(&self, count: u64) -> Result<()> {
        wait::until(&format!("{count} entries in quarantine"), PATIENCE, async || {
            let status = self.server.status().await?;
            Ok(status.pointer("/spool/quarantined").and_then(Value::as_u64) == Some(count))
        })
        .await
    }

    /// Does something to the database behind the server's back; only where there is a server that can be asked.
    pub(crate) fn sql(&self, sql: &str) -> Result<String> {
        match &self.kept {
            Kept::Nothing => anyhow::bail!("SQLite has no client here"),
            Kept::Postgresql(server) => server.sql("posthaste", sql),
            Kept::Mariadb(server) => server.sql("posthaste", sql),
        }
    }

    /// Lets so many seconds pass at once.
    pub(crate) async fn turn(&self, seconds: u64) -> Result<()> {
        let fault = json!({ "what": "turn", "seconds": seconds });
        let told = self.server.control(&json!({ "do": "fault", "fault": fault })).await?;
        ensure!(told.get("done").is_some(), "{told}");
        Ok(())
    }

    /// What the audit log says, the newest first.
    pub(crate) async fn audit(&self) -> Result<Vec<Value>> {
        let told: Value = serde_json::from_str(&self.server.run(&["--json", "audit", "ls"]).await?)?;
        told.as_array().cloned().context("rows")
    }

    /// Asks the pages; the whole answer.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Result<String> {
        let mut stream = TcpStream::connect(self.web).await?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: lists.example.org\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = vec![];
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

/// A mail as its reader sees it.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    /// The envelope sender.
    pub(crate) sender: String,
    /// As it came.
    pub(crate) raw: String,
    /// The header, unfolded and decoded, then the text of every part.
    pub(crate) all: String,
    /// The subject, decoded.
    pub(crate) subject: String,
}

impl Mail {
    fn read(caught: &Caught) -> Self {
        let message = Message::parse(Bytes::from(caught.message.clone()));
        let mut all = String::new();
        for field in message.head.fields() {
            all.push_str(&format!("{}: {}\n", field.name(), field.text().trim()));
        }
        all.push('\n');
        Part::of(&message).walk(&mut |part| {
            if let Some(subject) = part.head().text("Subject") {
                all.push_str(&format!("Subject: {subject}\n"));
            }
            if part.parts().is_empty() {
                all.push_str(&String::from_utf8_lossy(&part.decoded().unwrap_or_default()));
                all.push('\n');
            }
        });
        Self {
            sender: caught.from.clone(),
            raw: caught.text(),
            all: all.replace("\r\n", "\n"),
            subject: message.head.text("Subject").unwrap_or_default(),
        }
    }

    /// The address that its answer goes to.
    pub(crate) fn answers_go_to(&self) -> String {
        let field = |name: &str| self.all.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let value = field("Reply-To:").or_else(|| field("From:")).unwrap_or_default();
        value.rsplit('<').next().unwrap_or_default().trim_end_matches('>').to_owned()
    }

    /// The path of the first link of ours that begins so.
    pub(crate) fn link(&self, begin: &str) -> Result<String> {
        let links = self.all.split("https://lists.example.org").skip(1);
        let end = |c: char| c.is_whitespace() || c == '>' || c == '"';
        let mut paths = links.filter_map(|rest| rest.split(end).next());
        paths.find(|path| path.starts_with(begin)).map(str::to_owned).with_context(|| self.all.clone())
    }
}
