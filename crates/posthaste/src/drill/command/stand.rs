//! The scratch instance: a server of ours, a database, a mail server that misbehaves.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use posthaste_testkit::mariadb::Mariadb;
use posthaste_testkit::postgres::Postgres;
use posthaste_testkit::{Proxy, Server, ServerOptions, Sink};
use posthaste_watch::Vitals;

use crate::control::{Request, Response, ask};
use crate::drill::{Fault, MARKER};

/// The list that is posted to.
pub(super) const LIST: &str = "drill@lists.example.org";
/// The member who posts.
pub(super) const AUTHOR: &str = "m0@rcpt.example";
/// The canary of the scratch instance.
const CANARY: &str = "posthaste-canary";
/// Who is told.
const PEOPLE: &str = "[[contact]]\nname = \"the channel\"\nmail = [\"channel@people.example\"]\nstep = 0\n\
    [[contact]]\nname = \"the first\"\nmail = [\"first@people.example\"]\nstep = 1\n\
    [[contact]]\nname = \"the second\"\nmail = [\"second@people.example\"]\nstep = 2\n\
    [[contact]]\nname = \"everyone\"\nmail = [\"team@people.example\"]\nstep = 3\n";
/// How many members the list has.
const MEMBERS: usize = 5;

/// The databases there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
    Mariadb,
}

impl Engine {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
        }
    }
}

/// A database server, if the engine has one.
pub(super) enum Database {
    None,
    Postgres(Postgres),
    Mariadb(Mariadb),
}

/// Everything that is needed to break things.
pub(super) struct Stand {
    pub(super) server: Server,
    pub(super) sink: Sink,
    /// Where alerts arrive, whatever becomes of the other one.
    alerts: Sink,
    pub(super) database: Database,
    pub(super) proxy: Option<Proxy>,
    pub(super) members: Vec<String>,
    began: Instant,
    turned: Duration,
}

impl Stand {
    /// Sets it up and starts it.
    pub(super) async fn start(engine: Engine) -> Result<Self> {
        let binary = std::env::current_exe().context("cannot find our own program")?;
        let sink = Sink::start().await?;
        let alerts = Sink::keeping().await?;
        let (database, proxy, url) = database(engine).await?;
        let options = options(binary, sink.addr(), alerts.addr(), url.as_deref());
        let mut server = Server::prepare(options)?;
        std::fs::write(server.state().join(MARKER), "posthaste drill made this folder and may break it\n")?;
        sink.hand_back(&format!("{CANARY}+"), server.lmtp());
        server.start().await?;
        let members = server.list_with_members(LIST, MEMBERS).await?;
        let (began, turned) = (Instant::now(), Duration::ZERO);
        Ok(Self { server, sink, alerts, database, proxy, members, began, turned })
    }

    /// Time here: the world's, and what was turned.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed() + self.turned
    }

    /// Plants a fault.
    pub(super) async fn plant(&self, fault: Fault) -> Result<()> {
        match self.ask(Request::Fault { fault }).await? {
            Some(Response::Done(_)) => Ok(()),
            Some(Response::Failed(why)) => bail!("the fault cannot be planted: {why}"),
            None => bail!("the scratch server does not run\n{}", self.server.log()),
        }
    }

    /// Lets time pass at once.
    pub(super) async fn turn(&mut self, by: Duration) -> Result<()> {
        let taken = async |stand: &Self| anyhow::Ok(stand.vitals().await?.map(|vitals| vitals.at));
        let before = taken(self).await?;
        self.plant(Fault::Turn { seconds: by.as_secs() }).await?;
        self.turned += by;
        // A busy machine may need a moment for what a second of the turned clock asks of it.
        for _ in 0..100 {
            if taken(self).await? != before {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// The vitals, unless the server is away just now.
    pub(super) async fn vitals(&self) -> Result<Option<Vitals>> {
        match self.ask(Request::Vitals).await {
            Ok(Some(Response::Done(told))) => Ok(Some(serde_json::from_value(told)?)),
            Ok(Some(Response::Failed(why))) => bail!(why),
            Ok(None) | Err(_) => Ok(None),
        }
    }

    /// Alerts that reached somebody by mail: to whom, and the subject.
    pub(super) fn alert_mails(&self) -> Vec<(String, String)> {
        self.alerts.read(|tally| {
            let told = |mail: &std::sync::Arc<posthaste_testkit::sink::Caught>| {
                let text = mail.text();
                let unfolded = text.replace("\r\n ", " ");
                let subject = unfolded.lines().find_map(|line| line.strip_prefix("Subject: "));
                (mail.recipients.join(", "), subject.unwrap_or_default().to_owned())
            };
            tally.caught().iter().map(told).collect()
        })
    }

    /// Copies of these posts that never came.
    pub(super) fn missing(&self, ids: &[String]) -> u64 {
        self.sink.read(|tally| {
            let members = || self.members.iter().map(String::as_str);
            ids.iter().map(|id| tally.missing(id, members()).len() as u64).sum()
        })
    }

    /// Copies of these posts that came again.
    pub(super) fn twice(&self, ids: &[String]) -> u64 {
        self.sink.read(|tally| {
            let of = |id: &String| {
                self.members.iter().map(|m| u64::from(tally.times(id, m)).saturating_sub(1)).sum::<u64>()
            };
            ids.iter().map(of).sum()
        })
    }

    async fn ask(&self, request: Request) -> Result<Option<Response>> {
        let state = self.server.state();
        Ok(tokio::task::spawn_blocking(move || ask(&state, &request)).await??)
    }
}

fn options(binary: PathBuf, relay: SocketAddr, alerts: SocketAddr, url: Option<&str>) -> ServerOptions {
    let options = ServerOptions::new(binary)
        .relay(relay)
        .relay_setting("max_connections", 2)
        .argument("--drill")
        .quiet()
        .extra(&format!("[canary]\naddress = \"{CANARY}@lists.example.org\"\n"))
        .extra(&format!(
            "[alerts]\nrelay_host = \"{}\"\nrelay_port = {}\nself_test = \"never\"\n{PEOPLE}",
            alerts.ip(),
            alerts.port()
        ));
    match url {
        Some(url) => options.database(url),
        None => options,
    }
}

/// A private database server behind a wire that can be cut, and the URL through it.
async fn database(engine: Engine) -> Result<(Database, Option<Proxy>, Option<String>)> {
    let (database, url, port) = match engine {
        Engine::Sqlite => return Ok((Database::None, None, None)),
        Engine::Postgres => {
            let server = tokio::task::spawn_blocking(Postgres::new).await??;
            let url = server.create_database("posthaste")?;
            let port = server.port();
            (Database::Postgres(server), url, port)
        }
        Engine::Mariadb => {
            let server = tokio::task::spawn_blocking(Mariadb::new).await??;
            // Whoever may write to a read-only server would not notice that it is one.
            let _ = server.sql("", "REVOKE READ ONLY ADMIN, SUPER ON *.* FROM posthaste@'127.0.0.1'");
            let url = server.create_database("posthaste")?;
            let port = server.port();
            (Database::Mariadb(server), url, port)
        }
    };
    let proxy = Proxy::to(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let through = url.replace(&format!(":{port}/"), &format!(":{}/", proxy.addr().port()));
    Ok((database, Some(proxy), Some(through)))
}
