//! The mailbox as a browser sees it: over a socket, headers and all.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use posthaste_model::Timestamp;
use posthaste_web::{Mailbox, mailbox_router, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const INJECT: &str = "printf 'Subject: <Hello>\\n' | posthaste inject hello@lists.example";

/// A mailbox being served, and a browser for it.
struct Served {
    mailbox: Arc<Mailbox>,
    address: std::net::SocketAddr,
    stop: CancellationToken,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// An answer, header names in lower case.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map_or("", |(_, v)| v)
    }
}

impl Served {
    async fn new(folder: &Path) -> Self {
        let mailbox = Arc::new(Mailbox::open(folder).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let router = mailbox_router(mailbox.clone(), INJECT.to_owned());
        let server = tokio::spawn(serve(listener, router, stop.clone()));
        Self { mailbox, address, stop, server }
    }

    fn catch(&self, to: &[&str], message: &str) -> u64 {
        let to: Vec<String> = to.iter().map(|to| (*to).to_owned()).collect();
        let message = message.replace('\n', "\r\n").into();
        let at = Timestamp::from_micros(1_795_368_303_000_000);
        self.mailbox.add(at, "hello-bounces@lists.example", &to, &message).unwrap().id
    }

    async fn get(&self, path: &str) -> Answer {
        self.get_as("localhost", path).await
    }

    async fn get_as(&self, host: &str, path: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer))
            .await
            .unwrap()
            .unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.server.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn an_empty_mailbox_tells_how_to_post() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path()).await;
    let page = served.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("No mail yet"));
    assert!(page.body.contains("posthaste inject hello@lists.example"));
    assert!(!page.body.contains("<Hello>"), "the command is escaped");
    served.stop().await;
}

#[tokio::test]
async fn what_was_caught_is_listed_newest_first_and_for_each_recipient() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path()).await;
    served.catch(
        &["anne@people.example", "bart+x@people.example"],
        "From: Olive <o@x.example>\nSubject: one\n\nHi\n",
    );
    served.catch(&["bart+x@people.example"], "Subject: =?utf-8?b?WsO8cmljaA==?=\n\nHi\n");
    let page = served.get("/").await.body;
    assert!(page.find("Zürich").unwrap() < page.find(">one<").unwrap(), "{page}");
    assert!(page.contains("<time datetime=\"2026-11-22T17:25:03"), "{page}");
    assert!(page.contains("/?to=bart%2Bx%40people.example"), "{page}");
    let anne = served.get("/?to=anne%40people.example").await.body;
    assert!(anne.contains(">one<") && !anne.contains("Zürich"), "{anne}");
    let bart = served.get("/?to=bart%2Bx%40people.example").await.body;
    assert!(bart.contains(">one<") && bart.contains("Zürich"), "{bart}");
    assert!(served.get("/?to=nobody%40people.example").await.body.contains("No mail for this address"));
    served.stop().await;
}

#[tokio::test]
async fn one_message_in_every_view() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path()).await;
    let id = served.catch(
        &["anne@people.example"],
        "Message-ID: <1@x>\nSubject: both\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nplain words\n--b\n\
         Content-Type: text/html\n\n<p>rich words</p>\n--b--\n",
    );
    let copy = served.catch(&["bart@people.example"], "Message-ID: <1@x>\nSubject: both\n\nplain words\n");
    let view = async |end: &str| {
        let answer = served.get(&format!("/message/{id}{end}")).await;
        assert_eq!(answer.status, 200, "{end}");
        answer.body
    };
    assert!(view("").await.contains("plain words"));
    let html = view("/html").await;
    assert!(
        html.contains("<iframe") && html.contains("sandbox=\"\"") && !html.contains("rich words"),
        "{html}"
    );
    assert!(view("/html/frame").await.contains("<p>rich words</p>"));
    assert!(view("/headers").await.contains("multipart/alternative; boundary=b"));
    let recipients = view("/recipients").await;
    assert!(
        recipients.contains("bart@people.example") && recipients.contains(&format!("/message/{copy}")),
        "{recipients}"
    );
    assert!(view("/source").await.contains("&#60;p&#62;rich words"));
    assert!(view("/raw").await.starts_with("Message-ID: <1@x>\r\nSubject: both\r\n"));
    served.stop().await;
}

/// Whatever a stranger writes into a message, nothing of it becomes markup of ours.
#[tokio::test]
async fn markup_in_a_message_is_shown_not_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path()).await;
    let evil = "<script>alert('x')</script>";
    let text = format!(
        "From: \"{evil}\" <e@x.example>\nSubject: {evil}\nMessage-ID: <1{evil}>\nX-Evil: {evil}\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\n\n{evil}</pre>\n--b\n\
         Content-Type: image/png; name=\"{evil}\"\n\nx\n--b--\n"
    );
    let id = served.catch(&["\"<script>\"@people.example"], &text);
    let message = format!("/message/{id}");
    let pages = [
        "/",
        &message,
        &format!("{message}/html"),
        &format!("{message}/headers"),
        &format!("{message}/recipients"),
    ];
    for page in pages.into_iter().chain([format!("{message}/source").as_str(), "/?to=%3Cscript%3E"]) {
        let answer = served.get(page).await;
        assert_eq!(answer.status, 200, "{page}");
        assert!(answer.body.contains("&#60;script&#62;"), "{page}: {}", answer.body);
        assert!(!answer.body.contains("<script"), "{page}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{page}");
    }
    served.stop().await;
}

#[tokio::test]
async fn every_answer_has_its_policy() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path()).await;
    let id = served.catch(&["a@x.example"], "Content-Type: text/html\n\n<script src=//evil></script>\n");
    for path in ["/", "/style.css", "/icon.svg", "/messages.json", "/nothing", &format!("/message/{id}")] {
        let answer = served.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
    for path in [format!("/message/{id}/html/frame"), format!("/message/{id}/raw")] {
        let answer = served.get(&path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"),
            "{policy}"
        );
        assert!(!policy.contains("allow-"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(
            answer.head.to_ascii_lowercase().matches("content-security-policy").count(),
            1,
            "one policy, not two"
        );
    }
    assert_eq!(
        served.get(&format!("/message/{id}/raw")).await.header("content-type"),
        "text/plain; charset=utf-8"
    );
    served.stop().await;
}

/// A page of another site that points its own name at 127.0.0.1 gets nothing (DNS rebinding).
#[tokio::test]
async fn foreign_names_get_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path()).await;
    served.catch(&["a@x.example"], "Subject: secret\n\nx\n");
    for path in ["/", "/messages.json", "/style.css"] {
        let answer = served.get_as("evil.example", path).await;
        assert_eq!(answer.status, 421, "{path}");
        assert!(!answer.body.contains("secret"));
    }
    let port = served.address.port();
    assert_eq!(served.get_as(&format!("127.0.0.1:{port}"), "/").await.status, 200);
    served.stop().await;
}

#[tokio::test]
async fn scripts_get_json() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path()).await;
    let id = served
        .catch(&["a@x.example"], "From: A <a@y.example>\nSubject: \"quoted\"\nMessage-ID: <1@y>\n\nx\n");
    served.catch(&["b@x.example"], "Subject: two\n\nx\n");
    let read =
        async |path: &str| serde_json::from_str::<serde_json::Value>(&served.get(path).await.body).unwrap();
    let all = read("/messages.json").await;
    assert_eq!(all[0]["subject"], "two");
    assert_eq!(all[1]["subject"], "\"quoted\"");
    assert_eq!(all[1]["envelope_from"], "hello-bounces@lists.example");
    assert_eq!(all[1]["recipients"][0], "a@x.example");
    assert_eq!(all[1]["message_id"], "1@y");
    assert_eq!(all[1]["raw"], format!("/message/{id}/raw"));
    let one = read("/messages.json?to=a%40x.example").await;
    assert_eq!(one.as_array().unwrap().len(), 1);
    served.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path()).await;
    let id = served.catch(&["a@x.example"], "Subject: x\n\nplain\n");
    for path in [
        "/message/7",
        "/message/..%2f..%2fetc%2fpasswd",
        "/message/x/raw",
        "/x",
        &format!("/message/{id}/html/frame"),
    ] {
        let answer = served.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("All caught mail"), "{path}");
    }
    assert!(served.get(&format!("/message/{id}/html")).await.body.contains("no HTML"));
    served.stop().await;
}

#[tokio::test]
async fn a_restart_keeps_messages_and_damage_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path()).await;
    let whole = served.catch(&["a@x.example"], "Subject: whole\n\nx\n");
    let broken = served.catch(&["a@x.example"], "Subject: broken\n\nx\n");
    served.stop().await;
    std::fs::write(folder.path().join(format!("{broken:017}.json")), "{").unwrap();
    let served = Served::new(folder.path()).await;
    let page = served.get("/").await.body;
    assert!(page.contains("whole") && page.contains("broken"), "{page}");
    assert_eq!(page.matches(">damaged<").count(), 1, "{page}");
    assert!(served.get(&format!("/message/{broken}")).await.body.contains("This message is damaged:"));
    assert!(!served.get(&format!("/message/{whole}")).await.body.contains("damaged"));
    served.stop().await;
}

/// A browser that never finishes its request does not hold up the stop.
#[tokio::test]
async fn a_stop_does_not_wait_for_a_silent_browser() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path()).await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    silent.write_all(b"GET / HTTP/1.1\r\nHost: local").await.unwrap();
    assert_eq!(served.get("/").await.status, 200);
    tokio::time::timeout(Duration::from_secs(30), served.stop()).await.unwrap();
}

#[tokio::test]
async fn older_mail_is_one_page_further() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(folder.path()).await;
    for n in 0..130 {
        served.catch(&["a@x.example"], &format!("Subject: post {n}.\n\nx\n"));
    }
    let first = served.get("/?to=a%40x.example").await.body;
    assert!(first.contains("post 129.") && first.contains("post 30.") && !first.contains("post 29."));
    let (_, link) = first.split_once("/?to=a%40x.example&#38;before=").unwrap();
    let before: String = link.chars().take_while(char::is_ascii_digit).collect();
    let second = served.get(&format!("/?to=a%40x.example&before={before}")).await.body;
    assert!(second.contains("post 29.") && second.contains("post 0.") && !second.contains("post 30."));
    assert!(!second.contains("before="));
    served.stop().await;
}
