//! The pages in a real browser: readable by everybody as far as axe-core can tell, at the width of a phone and of a desk,
//! by day and by night, with scripts and without.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end by panicking"
)]

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use posthaste_model::ListId;
use posthaste_watch::{ENABLE, Keys, MODERATE_BY_LINK, ONE_CLICK, moderate_token, one_click_token};
use posthaste_web::made_up::{self, LINK, MODERATOR, MadeUp, Still};
use posthaste_web::{Act, Door, Seen, Site, SiteOptions, pages_router, serve_apart};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Served pages of a made-up server.
struct Pages {
    address: SocketAddr,
    site: Arc<Site>,
    house: Arc<MadeUp>,
    stop: CancellationToken,
}

impl Pages {
    fn new(seen: Seen) -> Self {
        let house = MadeUp::new(seen);
        let site = Site::new(SiteOptions {
            house: house.clone(),
            clock: Arc::new(Still),
            keys: Arc::new(Keys::from_secret([7; 32])),
            sessions: None,
            base: None,
            name: "lists.example.org".into(),
            scraper: None,
            figures_open: false,
            beside_mailbox: false,
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let (router, told) = (pages_router(&site), stop.clone());
        tokio::spawn(async move { serve_apart(&Door::Tcp(listener), router, told).await });
        Self { address, site, house, stop }
    }

    fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The cookie of a session.
    async fn cookie(&self) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let path = self.site.invitation("Olive");
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (_, cookie) = answer.split_once("set-cookie: ").unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Logs in by the link and its button, then goes to `path`.
    fn visit(&self, path: &str) -> Value {
        json!({ "url": self.at(&self.site.invitation("Olive")), "press": ["button.main"], "then": self.at(path), "width": 1280 })
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/browser/node_modules/axe-core/axe.min.js")
}

/// What a browser finds on these visits, in their order.
async fn look(visits: Vec<Value>) -> Vec<Value> {
    look_by(json!({ "visits": visits })).await
}

async fn look_by(mut plan: Value) -> Vec<Value> {
    let axe = tools();
    assert!(axe.exists(), "{} is missing; `cargo xtask test` puts it there", axe.display());
    (plan["chromium"], plan["axe"]) = ("chromium".into(), axe.display().to_string().into());
    let plan = plan.to_string();
    let found = tokio::task::spawn_blocking(move || {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/visit.mjs");
        let mut node = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("node cannot be run ({error}); `cargo xtask test` installs it"));
        node.stdin.take().unwrap().write_all(plan.as_bytes()).unwrap();
        let ended = node.wait_with_output().unwrap();
        assert!(ended.status.success(), "the browser: {}", ended.status);
        serde_json::from_slice::<Vec<Value>>(&ended.stdout).unwrap()
    });
    found.await.unwrap()
}

fn text<'a>(found: &'a Value, name: &str) -> &'a str {
    found[name].as_str().unwrap_or_default()
}

const INCIDENT: &str = "/ops/incidents/2026-11-22-1";
const ASIDE: &str = "/ops/quarantine/0193a2b4-7c11-7e02-9d5e-5a3f1b2c4d6e";

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_wrong_with_any_page_at_any_width_by_day_or_night() {
    let (bad, well) = (Pages::new(made_up::trouble()), Pages::new(made_up::seen()));
    let (link, invitation) = (format!("/a/{LINK}"), bad.site.invitation("Olive"));
    let bad_paths = ["/ops", INCIDENT, ASIDE, "/status", "/ops/login", &invitation, &link, "/nothing"];
    let mut visits = Vec::new();
    for (pages, paths) in [(&bad, &bad_paths[..]), (&well, &["/ops", "/status"])] {
        let cookie = pages.cookie().await;
        for path in paths {
            for (width, scheme) in [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")] {
                let url = pages.at(path);
                visits.push(json!({ "url": url, "cookie": cookie, "width": width, "scheme": scheme }));
            }
        }
    }
    let found = look_by(json!({ "visits": visits, "keep": true })).await;
    assert_eq!(found.len(), visits.len());
    for (visit, found) in visits.iter().zip(found) {
        assert_eq!(found["url"], visit["url"], "{}", text(&found, "text"));
        assert!(found["rules"].as_u64().unwrap() > 80, "axe was there: {found}");
        assert_eq!(found["violations"], json!([]), "{visit}");
        assert_eq!(found["wide"], json!(false), "scrolls sideways: {visit} because of {}", found["widest"]);
        let missing = text(&found, "url").ends_with("/nothing");
        assert!(missing || found["errors"] == json!([]), "{visit}: {found}");
    }
}

/// The pages that members and moderators reach by mail, before and after their button, while every page says that mail
/// stands still.
#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_wrong_with_any_page_reached_by_mail() {
    let pages = Pages::new(made_up::unanswered());
    let keys = Keys::from_secret([7; 32]);
    let (list, member) = (ListId::new("hello.lists.example.org"), Uuid::from_u128(7));
    let asked = "0123456789abcdef".repeat(3);
    let held = format!("/m/{}", moderate_token(&keys.key(MODERATE_BY_LINK), &list, 12, MODERATOR));
    let paths = [
        format!("/leave/{}", one_click_token(&keys.key(ONE_CLICK), &list, member)),
        format!("/enable/{}", one_click_token(&keys.key(ENABLE), &list, member)),
        format!("/confirm/{asked}"),
        format!("/never/{asked}"),
        format!("/decide/{asked}"),
        format!("{held}?do=reject"),
        held,
        format!("/a/{LINK}"),
    ];
    let views = [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")];
    let mut visits = Vec::new();
    for path in &paths {
        for (width, scheme) in views {
            visits.push(json!({ "url": pages.at(path), "width": width, "scheme": scheme }));
        }
        for (width, scheme) in [(360, "light"), (1280, "dark")] {
            let press = ["button.main"];
            visits.push(json!({ "url": pages.at(path), "width": width, "scheme": scheme, "press": press }));
        }
    }
    for path in ["/status", "/ops/login", "/leave/forged", "/nothing"] {
        visits.push(json!({ "url": pages.at(path), "width": 360, "scheme": "light" }));
    }
    let found = look_by(json!({ "visits": visits, "keep": true })).await;
    assert_eq!(found.len(), visits.len());
    for (visit, found) in visits.iter().zip(found) {
        assert!(found["rules"].as_u64().unwrap() > 80, "axe was there: {found}");
        assert_eq!(found["violations"], json!([]), "{visit}");
        assert_eq!(found["wide"], json!(false), "scrolls sideways: {visit} because of {}", found["widest"]);
        let told = text(&found, "text");
        assert!(told.contains("List mail is not being delivered"), "{visit}: {told}");
    }
    assert_eq!(pages.house.acts().len(), 2 * paths.len(), "each button does one thing");
}

/// Whoever has no scripts sees everything and can do everything.
#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_everything_can_be_seen_and_done() {
    let pages = Pages::new(made_up::trouble());
    let visit = |path: &str, button: &str| {
        let mut visit = pages.visit(path);
        (visit["script"], visit["press_then"]) = (false.into(), json!([button]));
        visit
    };
    let mut overview = pages.visit("/ops");
    overview["script"] = false.into();
    let mut out = pages.visit("/ops");
    (out["script"], out["press_then"]) = (false.into(), json!([".out button"]));
    let visits = vec![
        overview,
        visit("/ops", "#alert-2 button"),
        visit("/ops", ".aside button"),
        visit(ASIDE, "button.danger"),
        json!({ "url": pages.at(&format!("/a/{LINK}")), "width": 360, "script": false, "press": ["button.main"] }),
        out,
    ];
    let found = look(visits).await;
    let all = text(&found[0], "text");
    for told in [
        "Members are NOT getting list mail",
        "31,408",
        "posthaste doctor",
        "refused",
        "row A",
        "killed the runner",
    ] {
        assert!(all.contains(told), "{told} in {all}");
    }
    assert!(text(&found[1], "text").contains("You have it in hand"), "{}", text(&found[1], "text"));
    assert!(text(&found[2], "text").contains("The entry is due now"), "{}", text(&found[2], "text"));
    assert!(text(&found[3], "text").contains("The entry is gone"), "{}", text(&found[3], "text"));
    assert!(text(&found[4], "text").contains("Done."), "{}", text(&found[4], "text"));
    assert_eq!(text(&found[5], "url"), pages.at("/ops/login"));
    let (by, note, entry) =
        ("Olive".to_owned(), String::new(), "0193a2b4-7c11-7e02-9d5e-5a3f1b2c4d6e".to_owned());
    let wanted = [
        Act::Acknowledge { alert: "2".into(), by: by.clone(), note: note.clone() },
        Act::Retry { entry: entry.clone(), by: by.clone() },
        Act::Remove { entry, by },
        Act::AcknowledgeByLink { token: LINK.into(), note },
    ];
    assert_eq!(pages.house.acts(), wanted);
}

/// With scripts the page follows what happens, and says so when it cannot.
#[tokio::test(flavor = "multi_thread")]
async fn with_scripts_the_page_follows_and_says_when_it_cannot() {
    let pages = Pages::new(made_up::trouble());
    let mut follows = pages.visit("/ops");
    let until = |what: &str| {
        format!(
            "new Promise((done) => {{ const look = () => {{ if ({what}) done(document.getElementById('note-2')?.value ?? 'gone'); \
             else setTimeout(look, 50); }}; look(); }})"
        )
    };
    // Somebody is writing a note meanwhile: that part stays as it is.
    // What is sent in the background tells us that the first page stands there.
    let typing = "{ const note = document.getElementById('note-2'); note.focus(); note.value = 'half a w'; \
                  fetch(note.form.action, { method: 'POST', body: new URLSearchParams(new FormData(note.form)) }); }";
    follows["run"] = format!("{typing} {}", until("document.querySelector('h1').innerText.startsWith('● Members get') || document.querySelector('h1').innerText.startsWith('Members get')")).into();
    let mut lost = pages.visit("/ops");
    lost["run"] = format!(
        "window.fetch = () => Promise.reject(new Error('no')); {}",
        until("!document.getElementById('lost').hidden")
    )
    .into();
    let house = pages.house.clone();
    let well = tokio::spawn(async move {
        while house.acts().is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        house.show(made_up::seen());
    });
    let found = look(vec![follows]).await;
    assert_eq!(text(&found[0], "result"), "half a w", "{}", found[0]);
    well.await.unwrap();
    pages.house.show(made_up::trouble());
    let found = look(vec![lost]).await;
    assert!(text(&found[0], "text_after").contains("not being updated"), "{}", found[0]);
}
