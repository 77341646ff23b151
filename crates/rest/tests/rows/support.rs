//! An interface on a socket of its own, over a database and a spool of its own, and somebody to ask it.

use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use posthaste_lists::archive::Archivers;
use posthaste_lists::digest::Daily;
use posthaste_lists::{
    BounceSite, Digests, Directory, Events, Gate, History, Intake, LiveSite, Outlets, Site, Templates, Tools,
};
use posthaste_model::{Clock, ListName, ListSeed, Mailbox, MailingList, Role, Style, Timestamp};
use posthaste_rest::{Door, Grant, Kind, NewToken, Reach, Rooms, Settings};
use posthaste_spool::{Options, RealDisk, SeenLog, Spool};
use posthaste_store::{ApiToken, Store};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// User and password of everybody's tests.
pub(crate) const LOGIN: (&str, &str) = ("restadmin", "restpass");
/// What stands before the version in links.
pub(crate) const BASE: &str = "http://localhost:9001";

/// The system's time, moved by what a test says.
pub(crate) struct Turned {
    start: Instant,
    by: AtomicI64,
}

impl Turned {
    /// Turns it forward.
    pub(crate) fn turn(&self, by: Duration) {
        self.by.fetch_add(by.as_micros() as i64, Ordering::Relaxed);
    }

    fn ahead(&self) -> Duration {
        Duration::from_micros(self.by.load(Ordering::Relaxed).unsigned_abs())
    }
}

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_micros(since.as_micros() as i64).plus(self.ahead())
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed() + self.ahead()
    }

    fn sleep(&self, for_: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(for_))
    }
}

/// An interface that is being served.
pub(crate) struct Api {
    pub(crate) store: Store,
    pub(crate) spool: Arc<Spool>,
    pub(crate) clock: Arc<Turned>,
    pub(crate) tools: Tools,
    pub(crate) inner: Arc<posthaste_rest::Api>,
    pub(crate) address: SocketAddr,
    /// How often names were read again.
    pub(crate) refreshed: Arc<AtomicU32>,
    stop: CancellationToken,
    _folder: TempDir,
}

impl Drop for Api {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// The body.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The sentence of an error.
    pub(crate) fn description(&self) -> String {
        self.json()["description"].as_str().unwrap_or_default().to_owned()
    }

    /// Fails unless this is the status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Fails unless it is an error with this sentence.
    #[track_caller]
    pub(crate) fn refuses(self, status: u16, description: &str) -> Self {
        assert_eq!((self.status, self.description().as_str()), (status, description), "{self:?}");
        self
    }

    /// The entries of a collection; none if there are none.
    pub(crate) fn entries(&self) -> Vec<Value> {
        self.json()["entries"].as_array().cloned().unwrap_or_default()
    }

    /// One field of every entry.
    pub(crate) fn all(&self, field: &str) -> Vec<String> {
        let text = |entry: &Value| match &entry[field] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.entries().iter().map(text).collect()
    }

    /// The path behind the version in Location.
    pub(crate) fn location(&self) -> String {
        let location = self.header("location");
        let path = location.strip_prefix(BASE).unwrap_or_else(|| panic!("{self:?}"));
        path.trim_start_matches("/3.1/").trim_start_matches("/3.0/").to_owned()
    }
}

impl Api {
    /// With an empty database, and everything of it at its default.
    pub(crate) async fn start() -> Self {
        Self::start_with(|settings| settings).await
    }

    /// The same with other settings.
    pub(crate) async fn start_with(change: impl FnOnce(Settings) -> Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let store = Store::connect(&format!("sqlite:{}", at("db").display())).await.unwrap();
        store.migrate().await.unwrap();
        let clock = Arc::new(Turned { start: Instant::now(), by: AtomicI64::new(0) });
        let time: Arc<dyn Clock> = clock.clone();
        let spool = Spool::open(&at("spool"), Options::default(), time.clone(), Arc::new(RealDisk)).unwrap();
        let seen = Arc::new(SeenLog::open(&at("seen"), time.clone()).unwrap());
        let directory = Arc::new(Directory::open(&at("directory.json"), time.clone()));
        let site = Arc::new(LiveSite::new(site()));
        let events = Arc::new(Events::default());
        let gate = Arc::new(Gate::default());
        gate.open();
        let tools = Tools {
            spool: spool.clone(),
            store: store.clone(),
            gate,
            site: site.clone(),
            templates: Arc::new(Templates::new(site, time.clone())),
            clock: time.clone(),
            history: Arc::new(History::open(&at("history"), time.as_ref()).unwrap()),
            events: events.clone(),
            decisions: Arc::default(),
            outlets: Arc::new(Outlets::new(Archivers::default(), Daily(Duration::ZERO), None)),
            working: None,
        };
        let intake = Intake::new(directory.clone(), store.clone(), spool.clone(), seen, time, events);
        let rooms = Rooms {
            tools: tools.clone(),
            intake: Arc::new(intake),
            digests: Arc::new(Digests::new(tools.clone())),
        };
        let settings = change(Settings::new(BASE).with_login(LOGIN.0, Some(LOGIN.1)));
        let refreshed = Arc::new(AtomicU32::new(0));
        let (count, names, db) = (refreshed.clone(), directory, store.clone());
        let refresh = Box::new(move || -> Pin<Box<dyn Future<Output = ()> + Send>> {
            count.fetch_add(1, Ordering::Relaxed);
            let (names, db) = (names.clone(), db.clone());
            Box::pin(async move { names.refresh(&db, Duration::ZERO).await.unwrap() })
        });
        let inner = posthaste_rest::Api::new(rooms, settings, refresh);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let (served, told) = (inner.clone(), stop.clone());
        tokio::spawn(async move { posthaste_rest::serve(&Door::Tcp(listener), served, told).await.unwrap() });
        Self { store, spool, clock, tools, inner, address, refreshed, stop, _folder: folder }
    }

    /// With a domain `example.com` and this list in it.
    pub(crate) async fn with_list(name: &str) -> (Self, MailingList) {
        let api = Self::start().await;
        let list = api.list(name).await;
        (api, list)
    }

    /// Makes a list, and its domain if it is not there.
    pub(crate) async fn list(&self, name: &str) -> MailingList {
        let name = ListName::parse(name).unwrap();
        let _ = self.store.add_domain(name.host(), "", None).await;
        let seed = ListSeed { name, style: Style::LegacyDefault, at: self.clock.now() };
        self.store.create_list(seed, &[]).await.unwrap()
    }

    /// Puts somebody on a list; `Anne Person <anne@example.com>` or only the address.
    pub(crate) async fn enlist(&self, list: &MailingList, role: Role, mailbox: &str) {
        let mailbox = Mailbox::parse(mailbox).unwrap();
        self.store.add_members(list.id, role, &[mailbox], self.clock.now()).await.unwrap();
    }

    /// A token; its text.
    pub(crate) async fn token(&self, reach: Reach, kinds: &[Kind]) -> String {
        let token = NewToken::of(
            Uuid::now_v7()
                .into_bytes()
                .iter()
                .chain(&[7; 4])
                .copied()
                .collect::<Vec<_>>()
                .try_into()
                .unwrap(),
        );
        let (reach, target, kinds) = Grant { reach, kinds: kinds.to_vec() }.write();
        let row = ApiToken {
            id: Uuid::now_v7(),
            name: Uuid::now_v7().to_string(),
            reach,
            target,
            kinds,
            created_at: self.clock.now(),
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        };
        assert!(self.store.add_api_token(&row, &token.hash).await.unwrap());
        token.text
    }

    /// GET of a path behind `/3.1/`; one that begins with a slash is taken as it is.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[]).await
    }

    /// POST of a form.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.ask("POST", path, form).await
    }

    /// PATCH of a form.
    pub(crate) async fn patch(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.ask("PATCH", path, form).await
    }

    /// PUT of a form.
    pub(crate) async fn put(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.ask("PUT", path, form).await
    }

    /// DELETE.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &[]).await
    }

    /// Any method, with a form unless it is empty and the method is GET or DELETE.
    pub(crate) async fn ask(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        if form.is_empty() && matches!(method, "GET" | "DELETE") {
            return self.raw(method, path, &[("Authorization", &basic(LOGIN))], b"").await;
        }
        let content_type = ("Content-Type", "application/x-www-form-urlencoded");
        let headers = [("Authorization", &*basic(LOGIN)), content_type];
        self.raw(method, path, &headers, encoded(form).as_bytes()).await
    }

    /// Any method with a JSON body.
    pub(crate) async fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [("Authorization", &*basic(LOGIN)), ("Content-Type", "application/json")];
        self.raw(method, path, &headers, body.to_string().as_bytes()).await
    }

    /// The same as [`Api::ask`] under a token.
    pub(crate) async fn ask_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> Answer {
        let bearer = format!("Bearer {token}");
        let content_type = ("Content-Type", "application/x-www-form-urlencoded");
        self.raw(method, path, &[("Authorization", &bearer), content_type], encoded(form).as_bytes()).await
    }

    /// Exactly this.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/3.1/{path}") };
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        // A server that has refused already may have closed.
        let _ = stream.write_all(body).await;
        let mut answer = vec![];
        let read = stream.read_to_end(&mut answer);
        tokio::time::timeout(Duration::from_mins(1), read).await.unwrap().unwrap();
        parse(&answer)
    }
}

/// The value of Authorization.
pub(crate) fn basic((user, password): (&str, &str)) -> String {
    format!("Basic {}", data_encoding::BASE64.encode(format!("{user}:{password}").as_bytes()))
}

fn encoded(form: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect()
    };
    form.iter().map(|(n, v)| format!("{}={}", encode(n), encode(v))).collect::<Vec<_>>().join("&")
}

fn parse(answer: &[u8]) -> Answer {
    let at = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..at]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let mut body = answer.get(at + 4..).unwrap_or_default().to_vec();
    if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
        body = unchunk(&body);
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    Answer { status: status.unwrap_or_default(), headers, body }
}

/// RFC 9112 §7.1; what is cut off stays cut off.
fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    while let Some(at) = rest.windows(2).position(|w| w == b"\r\n") {
        let size =
            usize::from_str_radix(std::str::from_utf8(&rest[..at]).unwrap_or_default(), 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        out.extend_from_slice(rest.get(at + 2..at + 2 + size).unwrap_or_default());
        rest = rest.get(at + 4 + size..).unwrap_or_default();
    }
    out
}

#[expect(clippy::default_trait_access, reason = "whatever else there is, as it is by default")]
fn site() -> Site {
    Site {
        owner: "site-owner@example.com".to_owned(),
        hostname: "mail.example.com".to_owned(),
        default_language: "en".to_owned(),
        base_url: None,
        membership: Default::default(),
        one_click: None,
        moderating: None,
        rules: Arc::default(),
        auth: Default::default(),
        content: Default::default(),
        bounces: BounceSite::default(),
        audit_keep: None,
        commands: Default::default(),
    }
}
