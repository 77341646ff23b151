//! Every route of the table, asked for with and without its right.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::{Body, to_bytes};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use posthaste_model::{Clock, ListId, Timestamp};
use posthaste_watch::{Keys, moderate_token, one_click_token};
use uuid::Uuid;

use super::*;
use crate::access::BaseUrl;
use crate::house::Act;
use crate::made_up::{self, LINK, MadeUp};
use crate::site::SiteOptions;

/// Words that stand on pages behind a right, and nowhere else.
const SECRETS: [&str; 6] =
    ["31,408", "127.0.0.1:25", "Olive", "dev.lists.example.org", "posthaste_build_info", "\"reasons\""];

/// Seconds added to the moment of the made-up figures.
#[derive(Default)]
struct Turned(AtomicI64);

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(made_up::now().as_micros() + self.0.load(Ordering::Relaxed) * 1_000_000)
    }

    fn monotonic(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }

    fn sleep(&self, _: std::time::Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::pending())
    }
}

pub(super) struct Asked {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(super) struct Pages {
    pub(super) site: Arc<Site>,
    pub(super) house: Arc<MadeUp>,
    clock: Arc<Turned>,
    service: TowerToHyperService<Router>,
}

impl Pages {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut SiteOptions)) -> Self {
        let house = MadeUp::new(made_up::trouble());
        let clock = Arc::new(Turned::default());
        let mut options = SiteOptions {
            house: house.clone(),
            clock: clock.clone(),
            keys: Arc::new(Keys::from_secret([7; 32])),
            sessions: None,
            base: BaseUrl::new("https://lists.example.org/"),
            name: "lists.example.org".into(),
            scraper: Some("a long random word".into()),
            figures_open: false,
            beside_mailbox: false,
        };
        change(&mut options);
        let site = Site::new(options);
        let service = TowerToHyperService::new(pages_router(&site));
        Self { site, house, clock, service }
    }

    pub(super) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], form: &str) -> Asked {
        self.ask_kind(method, path, headers, "application/x-www-form-urlencoded", form).await
    }

    async fn ask_kind(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        kind: &str,
        form: &str,
    ) -> Asked {
        let mut request = axum::http::Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "lists.example.org");
        }
        if method == "POST" {
            request = request.header("content-type", kind);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.service.call(request.body(Body::from(form.to_owned())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        // What is compressed is not looked into here.
        Asked {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// Status and body, whatever its bytes are.
    pub(super) async fn ask_bytes(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (u16, String) {
        let mut request = axum::http::Request::builder().method(method).uri(path);
        request = request.header("host", "lists.example.org");
        request = request.header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.service.call(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        (parts.status.as_u16(), String::from_utf8_lossy(&body).into_owned())
    }

    /// The cookie of a new session.
    pub(super) async fn log_in(&self, name: &str) -> String {
        let asked = self.ask("POST", &self.site.invitation(name), &[ORIGIN], "").await;
        assert_eq!((asked.status, asked.header("location")), (303, "/ops"));
        asked.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    fn form(&self, cookie: &str, route: &str) -> String {
        let secret = cookie.split_once('=').unwrap().1;
        let session = self.site.access.session(secret, self.clock.now()).unwrap();
        format!("form={}", self.site.access.form_token(&session, route))
    }
}

const ORIGIN: (&str, &str) = ("origin", "https://lists.example.org");
const FORGED: [&str; 4] = ["x", "wrong", "../../etc/passwd", "AAAA.1795317900.QQ.AAAA"];

pub(super) fn method(route: &Route) -> &'static str {
    match route.method {
        Method::Get => "GET",
        Method::Post => "POST",
    }
}

/// A path of this route.
fn path(route: &Route, pages: &Pages) -> String {
    let piece = match route.right {
        Right::Invited => pages.site.access.invite("Olive", pages.clock.now()),
        Right::Linked => LINK.to_owned(),
        Right::Leaving => one_click_token(&pages.site.one_click, &list(), Uuid::from_u128(7)),
        Right::Asked | Right::Deciding => "0123456789abcdef".repeat(3),
        Right::Moderating => moderate_token(&pages.site.moderating, &list(), 12, made_up::MODERATOR),
        Right::Returning => ticket(pages),
        Right::Enabling => one_click_token(&pages.site.enable, &list(), Uuid::from_u128(7)),
        _ if route.path.contains("incidents") => "2026-11-22-1".into(),
        _ if route.path.contains("quarantine") => "0193a2b4-7c11-7e02-9d5e-5a3f1b2c4d6e".into(),
        _ => "2".into(),
    };
    route.path.replace("{id}", &piece).replace("{token}", &piece)
}

/// A link to read by.
fn ticket(pages: &Pages) -> String {
    let address = posthaste_model::Address::parse("anne@example.org").unwrap();
    let ticket = crate::archive::Ticket { address, list: "dev@lists.example.org".into() };
    ticket.sign(&pages.site.reading, crate::archive::Use::Link, pages.clock.now())
}

fn list() -> ListId {
    ListId::new("hello.lists.example.org")
}

/// P30: after an hour without an answer every page says so; the status page says it once.
#[tokio::test]
async fn p30_every_page_bears_the_banner_once_the_public_is_told() {
    for (seen, said) in [(made_up::trouble(), false), (made_up::unanswered(), true)] {
        let pages = Pages::new();
        pages.house.show(seen);
        let mut asked = 0;
        for route in ROUTES.iter().filter(|r| r.method == Method::Get && r.right != Right::Operator) {
            let page = pages.ask("GET", &path(route, &pages), &[], "").await;
            if !page.header("content-type").starts_with("text/html") {
                continue;
            }
            asked += 1;
            let banner = page.body.contains("class=\"banner\"");
            assert_eq!(banner, said && route.path != "/status", "{}: {}", route.path, page.body);
            assert!(!banner || page.body.contains("List mail is not being delivered"), "{}", page.body);
        }
        assert!(asked >= 10, "{asked} pages");
        let missing = pages.ask("GET", "/nothing", &[], "").await;
        assert_eq!(missing.body.contains("class=\"banner\""), said, "{}", missing.body);
        let json = pages.ask("GET", "/status.json", &[], "").await;
        assert!(json.body.contains(&format!("\"banner\":{said}")), "{}", json.body);
        let status = pages.ask("GET", "/status", &[], "").await;
        assert_eq!(status.body.contains("Planned work"), said, "{}", status.body);
    }
}

/// RFC 8058: what mail programs do, and what scanners of mail do.
#[tokio::test]
async fn a_member_leaves_with_one_post_and_not_by_looking() {
    let pages = Pages::new();
    let member = Uuid::from_u128(7);
    let path = format!("/leave/{}", one_click_token(&pages.site.one_click, &list(), member));
    let looked = pages.ask("GET", &path, &[], "").await;
    assert_eq!(looked.status, 200);
    assert!(looked.body.contains("Leave hello.lists.example.org?"), "{}", looked.body);
    assert_eq!(pages.house.acts(), []);
    let multipart =
        "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
        ("multipart/form-data; boundary=x", multipart),
    ] {
        let left = pages.ask_kind("POST", &path, &[], kind, body).await;
        assert_eq!(left.status, 200, "{kind}: {}", left.body);
    }
    let asked = Act::Leave { list: list(), member };
    assert_eq!(pages.house.acts(), [asked.clone(), asked]);
    // A page of somebody else's cannot post for its reader; and our own trouble is one that passes.
    let elsewhere = pages.ask("POST", &path, &[("origin", "https://evil.example")], "").await;
    assert_eq!((elsewhere.status, pages.house.acts().len()), (403, 2));
    pages.house.say(Err("The database is away; please try again in a minute."));
    let later = pages.ask("POST", &path, &[], "").await;
    assert_eq!((later.status, later.header("retry-after")), (503, "60"));
}

/// P37: one click ends the questions; looking does nothing.
#[tokio::test]
async fn p37_never_again_is_one_post_and_not_a_look() {
    let pages = Pages::new();
    let token = format!("616e6e65.{}", "0a".repeat(16));
    let path = format!("/never/{token}");
    assert_eq!(pages.ask("GET", &path, &[], "").await.status, 200);
    assert_eq!(pages.house.acts(), []);
    let clicked = pages
        .ask_kind("POST", &path, &[], "multipart/form-data; boundary=x", "--x\r\n\r\n\r\n--x--\r\n")
        .await;
    assert_eq!(clicked.status, 200, "{}", clicked.body);
    assert_eq!(pages.house.acts(), [Act::Membership { token, reply: crate::Reply::Never }]);
    let decide = format!("/decide/{}", "0a".repeat(20));
    assert_eq!(pages.ask("POST", &decide, &[], "do=nonsense").await.status, 400);
    assert_eq!(pages.ask("POST", &decide, &[], "do=reject&reason=No").await.status, 200);
    assert_eq!(
        pages.ask("POST", &decide, &[("origin", "https://evil.example")], "do=accept").await.status,
        403
    );
    let asked = Act::Membership { token: "0a".repeat(20), reply: crate::Reply::Reject("No".into()) };
    assert_eq!(pages.house.acts().last(), Some(&asked));
}

/// A moderator's link: looking decides nothing, whatever it offers; one button, one act; all of it without a script.
#[tokio::test]
async fn a_moderator_decides_with_one_tap_and_not_by_looking() {
    let pages = Pages::new();
    let token = |moderator| moderate_token(&pages.site.moderating, &list(), 12, moderator);
    let path = format!("/m/{}", token(made_up::MODERATOR));
    for offered in ["", "?do=accept", "?do=reject", "?do=discard", "?do=nonsense", "?do=accept&reason=x"] {
        let looked = pages.ask("GET", &format!("{path}{offered}"), &[], "").await;
        assert_eq!(looked.status, 200, "{offered}");
        assert!(!looked.body.contains("<script") && !looked.body.contains("<b>pills"), "{}", looked.body);
        assert!(
            looked.body.contains("&lt;script&#62;") || looked.body.contains("&#60;script&#62;"),
            "{}",
            looked.body
        );
        assert!(looked.body.contains("stranger@far.example"), "{}", looked.body);
    }
    assert_eq!(pages.house.acts(), [], "nothing is decided by looking");
    let done =
        pages.ask("POST", &path, &[], "do=reject&reason=Too+long&forward=a%40x.org&preserve=yes").await;
    assert_eq!(done.status, 200, "{}", done.body);
    let asked = Act::Moderate {
        list: list(),
        number: 12,
        moderator: made_up::MODERATOR.into(),
        measure: crate::Measure::Reject,
        reason: "Too long".into(),
        forward: "a@x.org".into(),
        preserve: true,
        force: false,
    };
    assert_eq!(pages.house.acts(), [asked]);
    for (path, headers, form, status) in [
        (&path, &[][..], "do=nonsense", 400),
        (&path, &[("origin", "https://evil.example")][..], "do=accept", 403),
        (&format!("/m/{}x", token(made_up::MODERATOR)), &[][..], "do=accept", 403),
    ] {
        assert_eq!(pages.ask("POST", path, headers, form).await.status, status, "{path} {form}");
    }
    assert_eq!(pages.house.acts().len(), 1);
    // One who moderates no more has a link that is signed, and worth nothing.
    let former = format!("/m/{}", token("former@example.org"));
    assert_eq!(pages.ask("GET", &former, &[], "").await.status, 410);
    pages.house.say(Err("anne@example.org has it in hand."));
    let busy = pages.ask("POST", &path, &[], "do=discard").await;
    assert!(busy.status == 409 && busy.body.contains("anne@example.org has it in hand."), "{}", busy.body);
}

/// What a route of the archive answers where there is none; `archive_tests.rs` has one. Two only lead to other addresses.
fn without_archive(route: &Route) -> u16 {
    let leads_on = ["/archives", "/archives/{*rest}", "/hyperkitty/{*rest}"].contains(&route.path);
    match route.path {
        "/archives/sign-out" => 303,
        _ if leads_on => 301,
        _ => 404,
    }
}

fn leaks_nothing(asked: &Asked, route: &Route) {
    for secret in SECRETS {
        assert!(!asked.body.contains(secret), "{} leaks {secret:?}: {}", route.path, asked.body);
    }
    assert_eq!(asked.header("set-cookie"), "", "{}", route.path);
}

#[tokio::test]
async fn p39_without_its_right_no_route_tells_or_does_anything() {
    let pages = Pages::new();
    let other = Pages::with(|options| options.keys = Arc::new(Keys::from_secret([8; 32])));
    let foreign = other.log_in("Mallory").await;
    let leaver = pages.log_in("Bart").await;
    let form = pages.form(&leaver, "/ops/logout");
    assert_eq!(pages.ask("POST", "/ops/logout", &[ORIGIN, ("cookie", &leaver)], &form).await.status, 303);
    let cookies = ["", "__Host-posthaste-ops=", "__Host-posthaste-ops=x", &foreign, &leaver];
    for route in ROUTES.iter().filter(|route| route.right != Right::Public) {
        let signed = !matches!(route.right, Right::Operator | Right::Figures | Right::Archive);
        let paths = if signed {
            FORGED.iter().map(|piece| route.path.replace("{token}", &piece.replace('/', "%2F"))).collect()
        } else {
            vec![path(route, &pages)]
        };
        for (path, cookie) in paths.iter().flat_map(|path| cookies.map(|cookie| (path, cookie))) {
            let headers = [ORIGIN, ("cookie", cookie), ("authorization", "Bearer wrong")];
            let asked = pages.ask(method(route), path, &headers, "form=x&note=Olive").await;
            let wanted = match route.right {
                Right::Operator => 303,
                Right::Figures => 401,
                Right::Archive => without_archive(route),
                _ => 403,
            };
            assert_eq!(asked.status, wanted, "{} {path} {cookie}", method(route));
            if route.right == Right::Operator {
                assert_eq!(asked.header("location"), "/ops/login");
            }
            leaks_nothing(&asked, route);
        }
    }
    assert_eq!(pages.house.acts(), [], "nothing was done");
}

/// The other half: with its right, each route answers, and each act comes to the house once.
#[tokio::test]
async fn p39_with_its_right_every_route_answers() {
    let pages = Pages::new();
    let cookie = pages.log_in("Olive").await;
    let mut bodies = String::new();
    // Logging out comes last.
    for route in ROUTES.iter().filter(|route| route.path != "/ops/logout") {
        let form = match route.right {
            Right::Operator => pages.form(&cookie, route.path),
            Right::Moderating | Right::Deciding => "do=discard".into(),
            _ => String::new(),
        };
        let headers = [ORIGIN, ("cookie", &*cookie)];
        let asked = pages.ask(method(route), &path(route, &pages), &headers, &form).await;
        let stays = !matches!(route.right, Right::Operator | Right::Invited | Right::Returning);
        let acts = route.method == Method::Post && !stays;
        let wanted = match route.path {
            // The made-up server does not deliver.
            "/health" => 503,
            _ if route.right == Right::Archive => without_archive(route),
            _ if acts => 303,
            _ => 200,
        };
        assert_eq!(asked.status, wanted, "{} {}", method(route), route.path);
        bodies.push_str(&asked.body);
    }
    for secret in SECRETS {
        assert!(bodies.contains(secret), "{secret} is what the test above looks for in vain");
    }
    assert_eq!(pages.house.acts().len(), 10);
    assert!(pages.house.acts().contains(&Act::Acknowledge {
        alert: "2".into(),
        by: "Olive".into(),
        note: String::new()
    }));
}

/// What everybody may see tells nothing of what is inside.
#[tokio::test]
async fn public_pages_tell_nothing_of_the_inside() {
    let pages = Pages::new();
    for route in ROUTES.iter().filter(|route| route.right == Right::Public) {
        let asked = pages.ask(method(route), &path(route, &pages), &[], "").await;
        assert_eq!(asked.status, 200, "{}", route.path);
        leaks_nothing(&asked, route);
        for inside in ["relay", "database", "214", "posthaste doctor", "mail@example.org", "version 0.1.0"] {
            assert!(!asked.body.contains(inside), "{} tells {inside:?}: {}", route.path, asked.body);
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_table_does_not_exist() {
    let pages = Pages::new();
    let cookie = pages.log_in("Olive").await;
    let headers = [ORIGIN, ("cookie", &*cookie)];
    for path in [
        "/nothing",
        "/ops/",
        "/ops/x",
        "/ops/incidents/",
        "/a/",
        "/assets/",
        "/assets/../ops",
        "//ops",
        "/status/x",
    ] {
        assert_eq!(pages.ask("GET", path, &headers, "").await.status, 404, "{path}");
    }
    for route in ROUTES {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
            if ROUTES.iter().any(|r| r.path == route.path && super::tests::method(r) == method) {
                continue;
            }
            let asked = pages.ask(method, &path(route, &pages), &headers, "").await;
            assert_eq!(asked.status, 405, "{method} {}", route.path);
        }
    }
    assert_eq!(pages.house.acts(), []);
    // Nobody else adds routes: `.route(` stands in two files, and the mailbox is served on this machine only.
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![source];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            // The second one has made-up pages in its tests.
            let other = path.ends_with("router/tests.rs") || path.ends_with("src/apart.rs");
            if path.is_dir() {
                folders.push(path);
            } else if !other && std::fs::read_to_string(&path).unwrap().contains(".route(") {
                found.push(path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    assert_eq!(found, ["src/mailbox/router.rs", "src/router.rs"]);
}

#[tokio::test]
async fn forms_of_others_do_nothing() {
    let pages = Pages::new();
    let (olive, mallory) = (pages.log_in("Olive").await, pages.log_in("Mallory").await);
    let route = "/ops/alerts/{id}/ack";
    let good = pages.form(&olive, route);
    let post = async |headers: &[(&str, &str)], form: &str| {
        pages.ask("POST", "/ops/alerts/2/ack", headers, form).await.status
    };
    let cookie = ("cookie", &*olive);
    assert_eq!(post(&[ORIGIN, cookie], "").await, 403, "without a token");
    assert_eq!(post(&[ORIGIN, cookie], &pages.form(&mallory, route)).await, 403, "of another session");
    assert_eq!(post(&[ORIGIN, cookie], &pages.form(&olive, "/ops/logout")).await, 403, "of another form");
    assert_eq!(post(&[("origin", "https://evil.example"), cookie], &good).await, 403, "of another site");
    assert_eq!(post(&[("origin", "null"), cookie], &good).await, 403, "of nobody");
    assert_eq!(post(&[cookie], &good).await, 403, "of who knows whom");
    assert_eq!(pages.house.acts(), []);
    assert_eq!(post(&[ORIGIN, cookie], &good).await, 303);
    assert_eq!(pages.house.acts().len(), 1);
    // A link is its own proof, but no other site may press its button; curl may.
    let link = format!("/a/{LINK}");
    assert_eq!(pages.ask("POST", &link, &[("origin", "https://evil.example")], "").await.status, 403);
    assert_eq!(pages.ask("POST", &link, &[("sec-fetch-site", "cross-site")], "").await.status, 403);
    assert_eq!(pages.ask("POST", &link, &[], "note=hello").await.status, 200);
    let last = Act::AcknowledgeByLink { token: LINK.into(), note: "hello".into() };
    assert_eq!(pages.house.acts().last(), Some(&last));
}

#[tokio::test]
async fn a_link_logs_in_once_and_only_when_pressed() {
    let pages = Pages::new();
    let link = pages.site.invitation("Olive");
    for _ in 0..3 {
        let asked = pages.ask("GET", &link, &[], "").await;
        assert_eq!(
            (asked.status, asked.header("set-cookie")),
            (200, ""),
            "a scanner that opens it changes nothing"
        );
    }
    let asked = pages.ask("POST", &link, &[ORIGIN], "").await;
    let cookie = asked.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-posthaste-ops=")
            && cookie.ends_with("Path=/; HttpOnly; SameSite=Lax; Secure"),
        "{cookie}"
    );
    assert_eq!(pages.ask("POST", &link, &[ORIGIN], "").await.status, 403, "once");
    let late = pages.site.invitation("Olive");
    pages.clock.0.store(601, Ordering::Relaxed);
    assert_eq!(pages.ask("POST", &late, &[ORIGIN], "").await.status, 403, "within ten minutes");
}

#[tokio::test]
async fn programs_read_the_figures_with_their_secret() {
    let pages = Pages::new();
    let bearer = ("authorization", "bearer a long random word");
    assert_eq!(pages.ask("GET", "/metrics", &[bearer], "").await.status, 200);
    assert_eq!(pages.ask("GET", "/ops", &[bearer], "").await.status, 303, "and nothing else");
    for wrong in [
        "Bearer a long random wor",
        "Bearer a long random word x",
        "Bearer ",
        "Basic a long random word",
        "x",
    ] {
        assert_eq!(
            pages.ask("GET", "/metrics", &[("authorization", wrong)], "").await.status,
            401,
            "{wrong}"
        );
    }
    let none = Pages::with(|options| options.scraper = None);
    assert_eq!(none.ask("GET", "/metrics", &[("authorization", "Bearer ")], "").await.status, 401);
    let open = Pages::with(|options| options.figures_open = true);
    assert_eq!(open.ask("GET", "/metrics", &[], "").await.status, 200);
    assert_eq!(open.ask("GET", "/ops", &[], "").await.status, 303);
}

#[tokio::test]
async fn every_answer_has_its_headers() {
    let pages = Pages::new();
    let cookie = pages.log_in("Olive").await;
    let paths = ROUTES.iter().filter(|r| r.method == Method::Get).map(|route| path(route, &pages));
    let mut nonces = std::collections::BTreeSet::new();
    for path in paths.chain(["/nothing".to_owned(), "/ops".to_owned()]) {
        let asked = pages.ask("GET", &path, &[("cookie", &cookie)], "").await;
        let policy = asked.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{path}: {policy}");
        for part in ["form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'", "style-src 'self'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert_eq!(policy.contains("script-src"), asked.body.contains("<script"), "{path}");
        if let Some((_, rest)) = policy.split_once("script-src 'nonce-") {
            let nonce = rest.split('\'').next().unwrap();
            assert!(
                nonce.len() >= 22 && asked.body.contains(&format!("<script nonce=\"{nonce}\">")),
                "{path}"
            );
            assert!(nonces.insert(nonce.to_owned()), "a new nonce for every page");
        }
        assert_eq!(asked.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(asked.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(asked.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(asked.header("strict-transport-security"), "max-age=31536000", "{path}");
        let shared = ["/status", "/assets", "/robots"].iter().any(|public| path.starts_with(public));
        assert_eq!(asked.header("cache-control").starts_with("public"), shared, "{path}");
        assert!(
            !asked.body.contains(" style=") && !asked.body.contains(" onclick"),
            "{path}: nothing inline"
        );
    }
    let plain = Pages::with(|options| options.base = None);
    let asked = plain.ask("GET", "/status", &[("host", "127.0.0.1:8000")], "").await;
    assert_eq!((asked.status, asked.header("strict-transport-security")), (200, ""));
}

#[tokio::test]
async fn who_has_it_already_is_told_so() {
    let pages = Pages::new();
    for path in ["/status", "/status.json", "/status.atom", "/assets/pages.css"] {
        let first = pages.ask("GET", path, &[], "").await;
        let tag = first.header("etag").to_owned();
        let again = pages.ask("GET", path, &[("if-none-match", &format!("\"x\", W/{tag}"))], "").await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
        assert_eq!(pages.ask("GET", path, &[("if-none-match", "\"x\"")], "").await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn foreign_names_get_nothing() {
    let pages = Pages::new();
    for route in ROUTES {
        let asked = pages.ask(method(route), &path(route, &pages), &[("host", "evil.example")], "").await;
        assert_eq!(asked.status, 421, "{}", route.path);
        leaks_nothing(&asked, route);
    }
}

#[tokio::test]
async fn large_forms_are_refused() {
    let pages = Pages::new();
    let cookie = pages.log_in("Olive").await;
    let form = format!("{}&note={}", pages.form(&cookie, "/ops/alerts/{id}/ack"), "x".repeat(17_000));
    let asked = pages.ask("POST", "/ops/alerts/2/ack", &[ORIGIN, ("cookie", &cookie)], &form).await;
    assert_eq!(asked.status, 413);
    assert_eq!(pages.house.acts(), []);
}

#[tokio::test]
async fn texts_of_others_are_shown_not_obeyed() {
    let evil = "<script>alert(1)</script>\"'><b>";
    let pages = Pages::new();
    let mut seen = made_up::trouble();
    for alert in &mut seen.alerts {
        (alert.text, alert.cause, alert.name) = (evil.into(), Some(evil.into()), evil.into());
        alert.acked = Some(crate::seen::Acked { by: evil.into(), note: evil.into(), ..Default::default() });
    }
    for incident in &mut seen.incidents {
        incident.title = evil.into();
        incident.lines[0].what = evil.into();
    }
    (seen.quarantine[0].why, seen.quarantine[0].list) = (evil.into(), evil.into());
    seen.windows[0].about = evil.into();
    let vitals = Arc::make_mut(&mut seen.vitals);
    (vitals.hostname, vitals.config_error) = (evil.into(), Some(evil.into()));
    vitals.dependencies[1].error = Some(evil.into());
    vitals.tasks[3].last_error = Some(evil.into());
    vitals.disk.trouble = Some(evil.into());
    pages.house.show(seen);
    let cookie = pages.log_in(evil).await;
    for route in ROUTES.iter().filter(|route| route.method == Method::Get) {
        let asked = pages.ask("GET", &path(route, &pages), &[("cookie", &cookie)], "").await;
        // What is no markup for a browser needs no escapes.
        let markup = ["html", "xml"].iter().any(|kind| asked.header("content-type").contains(kind));
        if !markup {
            assert_eq!(asked.header("x-content-type-options"), "nosniff");
            continue;
        }
        assert!(!asked.body.contains("<script>alert") && !asked.body.contains("'><b>"), "{}", route.path);
    }
    pages.house.say(Err(evil));
    let form = pages.form(&cookie, "/ops/alerts/{id}/ack");
    let asked = pages.ask("POST", "/ops/alerts/2/ack", &[ORIGIN, ("cookie", &cookie)], &form).await;
    assert!(asked.status == 409 && asked.body.contains("&#60;script"), "{}", asked.body);
    let asked = pages.ask("GET", "/ops?done=%3Cscript%3Ealert", &[("cookie", &cookie)], "").await;
    assert!(
        !asked.body.contains("<script>alert") && !asked.body.contains("class=\"said\""),
        "no text by a link"
    );
}

#[tokio::test]
async fn pages_below_a_prefix_link_below_it() {
    let pages = Pages::with(|options| options.base = BaseUrl::new("https://example.org/lists/"));
    let host = ("host", "example.org");
    let asked = pages.ask("GET", "/status", &[host], "").await;
    assert!(
        asked.body.contains("href=\"/lists/assets/pages.css\"") && !asked.body.contains("href=\"/ops\""),
        "{}",
        asked.body
    );
    assert_eq!(pages.ask("GET", "/ops", &[host], "").await.header("location"), "/lists/ops/login");
}
