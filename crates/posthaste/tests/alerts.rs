//! Who is told, through the whole program: mail past the queue, webhooks, answers.

#[expect(dead_code, reason = "not every test needs every helper")]
mod support;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::source::Job;
use posthaste_testkit::{Hook, Server, ServerOptions, Sink};
use support::PATIENCE;

/// Anne is paged by mail, a channel by webhook; the relay for alerts is another than that of the lists.
fn options(lists: &Sink, alerts: &Sink, hook: &Hook, more: &str) -> ServerOptions {
    let toml = format!(
        "[alerts]\nrelay_host = \"127.0.0.1\"\nrelay_port = {port}\nheartbeat_url = \"{beat}\"\n\
         heartbeat_interval = \"1s\"\nreply_domain = \"example.org\"\n{more}\n\
         [[contact]]\nname = \"Anne\"\nmail = [\"anne@example.org\"]\nstep = 1\n\
         [[contact]]\nname = \"channel\"\nwebhook = \"{hook}\"\nstep = 0\n\
         [[contact]]\nname = \"chat\"\nwebhook = \"{slack}\"\ntemplate = \"slack\"\nstep = 1\n",
        port = alerts.port(),
        beat = hook.url("/beat"),
        hook = hook.url("/channel"),
        slack = hook.url("/slack"),
    );
    support::options(lists).extra(&toml)
}

/// P27, P30, P31: the canary is withheld; a page goes out by mail past the queue and by two webhooks, though the lists'
/// relay is gone and one webhook hangs; a restart in between pages nobody again; an ack is told to all who were paged.
#[tokio::test(flavor = "multi_thread")]
async fn p27_a_fire_drill_pages_on_every_way_and_an_ack_ends_it() -> Result<()> {
    let (lists, alerts, hook) = (Sink::start().await?, Sink::keeping().await?, Hook::start().await?);
    let mut server = Server::started(options(&lists, &alerts, &hook, "")).await?;
    hook.wait_for("/beat", "", PATIENCE).await.context("the heartbeat while mail flows")?;
    server.run(&["alerts", "fire-drill"]).await?;
    hook.wait_for("/channel", "\"kind\":\"page\"", PATIENCE).await?;
    hook.wait_for("/slack", "DRILL CRITICAL", PATIENCE).await?;
    alerts.wait_until("page by mail", PATIENCE, |tally| !tally.caught().is_empty()).await?;
    let mail = alerts.read(|tally| tally.caught().first().map(|caught| caught.text())).unwrap_or_default();
    for wanted in [
        "Subject: DRILL CRITICAL",
        "list mail is NOT being delivered",
        "Auto-Submitted: auto-generated",
        "Reply-To: posthaste-alerts+",
        "Members notice:",
        "Look:",
    ] {
        ensure!(mail.contains(wanted), "{wanted:?} is missing in\n{mail}");
    }
    server.restart().await?;
    let overview: serde_json::Value = serde_json::from_str(&server.run(&["--json", "alerts", "ls"]).await?)?;
    let id = overview["incidents"][0]["id"].as_u64().context("the incident outlives the process")?;
    let answer = mail
        .lines()
        .find_map(|line| line.strip_prefix("Reply-To: "))
        .context("where to answer")?
        .trim()
        .to_owned();
    acknowledge(&server, &hook, &answer).await?;
    hook.wait_for("/slack", "Anne looks after it: a drill", PATIENCE).await?;
    let pages = hook.called("/channel").iter().filter(|c| c.body.contains("\"kind\":\"page\"")).count();
    ensure!(pages == 1, "{pages} pages for one incident");
    let report = server.run(&["alerts", "report"]).await?;
    ensure!(report.contains("Last fire drill:") && report.contains("Acked"), "{report}");
    let story = server.run(&["incident", "export", &id.to_string()]).await?;
    ensure!(story.contains("# Incident") && story.contains("Paged"), "{story}");
    Ok(())
}

/// Answers the page: a robot first, which says nothing, then a person.
async fn acknowledge(server: &Server, hook: &Hook, to: &str) -> Result<()> {
    let anne = "anne@example.org";
    let mail = |id: &str, fields: &str, text: &str| {
        let text =
            format!("From: somebody@example.net\r\nTo: {to}\r\nMessage-ID: {id}\r\n{fields}\r\n{text}\r\n");
        Job::new(id, anne, vec![to.to_owned()], text.as_bytes())
    };
    let robot = mail("<robot@x.org>", "Auto-Submitted: auto-replied\r\n", "ack");
    // As programs write it that encode whatever they send: "ack a drill".
    let fields = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n";
    let person = mail("<person@x.org>", fields, "YWNrIGEgZHJpbGwNCg==");
    server.source().send(robot).await?;
    let taken = |hook: &Hook| hook.called("/slack").iter().any(|c| c.body.contains("looks after it"));
    ensure!(!taken(hook), "a robot acknowledged");
    server.source().send(person).await?;
    Ok(())
}

/// P28: every way is tried, and what does not work is said; one that hangs delays no other.
#[tokio::test(flavor = "multi_thread")]
async fn p28_a_test_says_who_was_reached_and_who_was_not() -> Result<()> {
    let (lists, alerts, hook) = (Sink::start().await?, Sink::start().await?, Hook::start().await?);
    let server = Server::started(options(&lists, &alerts, &hook, "")).await?;
    let said = server.run(&["alerts", "test"]).await?;
    ensure!(said.matches(" reached:").count() + said.matches("│reached:").count() >= 1, "{said}");
    alerts.wait_for(1, PATIENCE).await?;
    hook.wait_for("/slack", "TEST", PATIENCE).await?;
    hook.answer(0);
    let began = std::time::Instant::now();
    let told = server.cli(&["--json", "alerts", "test"]).await?;
    ensure!(!told.status.success(), "a way that does not work is a failure");
    let proofs: Vec<serde_json::Value> = serde_json::from_slice(&told.stdout)?;
    let broken: Vec<_> =
        proofs.iter().filter(|p| !p["error"].is_null()).map(|p| p["contact"].clone()).collect();
    ensure!(broken == ["channel", "chat"], "{proofs:?}");
    ensure!(began.elapsed() < Duration::from_secs(19), "they hang together, not one after the other");
    Ok(())
}

/// A web server with TLS: prints its port, and writes what is posted to a file.
const HTTPS: &str = "
import http.server, ssl
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        with open('called', 'ab') as called: called.write(body)
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
    def log_message(self, *words): pass
server = http.server.HTTPServer(('127.0.0.1', 0), Hook)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('hook.pem', 'hook.key')
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
";

/// A webhook behind TLS is called if its certificate is trusted, and told as broken if it is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_with_tls_is_called_if_its_certificate_is_trusted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let openssl = |words: &str| -> Result<()> {
        let done = std::process::Command::new("openssl")
            .args(words.split(' '))
            .current_dir(folder.path())
            .output()
            .context("this test needs the openssl command")?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=House"))?;
    openssl(&format!(
        "req -x509 {key} -CA ca.pem -CAkey ca.key -keyout hook.key -out hook.pem -subj /CN=hook -addext \
         subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth"
    ))?;
    let mut python = tokio::process::Command::new("python3")
        .args(["-c", HTTPS])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut port = String::new();
    let told = python.stdout.take().context("what python prints")?;
    tokio::io::AsyncBufReadExt::read_line(&mut tokio::io::BufReader::new(told), &mut port).await?;

    let lists = Sink::start().await?;
    let settings = |lists: &Sink| {
        support::options(lists).extra(&format!(
            "[[contact]]\nname = \"pager\"\nwebhook = \"https://127.0.0.1:{}/page\"\nstep = 1\n",
            port.trim()
        ))
    };
    let ca = folder.path().join("ca.pem");
    let trusting =
        Server::started(settings(&lists).environment("SSL_CERT_FILE", &ca.to_string_lossy())).await?;
    trusting.run(&["alerts", "test"]).await?;
    let called = std::fs::read_to_string(folder.path().join("called"))?;
    ensure!(called.contains("\"kind\":\"test\""), "{called}");

    let doubting = Server::started(settings(&lists)).await?;
    let said = doubting.cli(&["--json", "alerts", "test"]).await?;
    let said = String::from_utf8_lossy(&said.stdout).to_lowercase();
    ensure!(said.contains("certificate"), "a certificate of nobody's is named as the reason: {said}");
    Ok(())
}

/// P30: what is foreseen is announced, pages nobody for its causes, and cannot last for ever.
#[tokio::test(flavor = "multi_thread")]
async fn p30_a_window_is_opened_ended_and_its_length_has_a_bound() -> Result<()> {
    let (lists, alerts, hook) = (Sink::start().await?, Sink::start().await?, Hook::start().await?);
    let server = Server::started(options(&lists, &alerts, &hook, "")).await?;
    let long = server.cli(&["maintenance", "start", "--why", "x", "--for", "25h"]).await?;
    ensure!(!long.status.success(), "a window of more than a day is refused");
    server
        .run(&["maintenance", "start", "--why", "new switch", "--for", "1h", "--affects", "relay=127.0.0.1"])
        .await?;
    let ls = server.run(&["alerts", "ls"]).await?;
    ensure!(ls.contains("Maintenance until") && ls.contains("new switch"), "{ls}");
    let plan = server.run(&["maintenance", "plan", "--affects", "db=m5", "--for", "2h"]).await?;
    ensure!(plan.contains("posts would wait"), "{plan}");
    server.run(&["maintenance", "end"]).await?;
    ensure!(!server.cli(&["maintenance", "end"]).await?.status.success(), "it has ended");
    server.list_with_members(support::LIST, 1).await?;
    server
        .run_with(&["member", "add", support::LIST, "-", "--role", "owner"], b"owner@example.org\n")
        .await?;
    let said = server.run(&["maintenance", "announce", "--when", "tonight", "--why", "new switch"]).await?;
    ensure!(said.contains("owners will get it"), "{said}");
    lists
        .wait_until("the announcement", PATIENCE, |tally| {
            tally.message_ids().iter().any(|id| tally.recipients(id).iter().any(|r| r == "owner@example.org"))
        })
        .await?;
    Ok(())
}
