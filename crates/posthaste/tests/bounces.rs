//! Mail that fails, from the relay's refusal to the end of a membership and back, over sockets and with the clock set.

#[expect(dead_code, reason = "not every test needs every helper")]
mod support;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::source::Job;
use posthaste_testkit::{Port, Server, Sink, wait};
use serde_json::Value;
use support::{LIST, PATIENCE, options, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const OWNER: &str = "olive@owner.example";
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// A server whose clock can be set, with five members and an owner.
struct Stage {
    server: Server,
    sink: Sink,
    web: SocketAddr,
    clock: PathBuf,
    /// Seconds the clock is ahead.
    ahead: u64,
    posts: usize,
}

impl Stage {
    async fn new(settings: &[(&str, &str)]) -> Result<Self> {
        let sink = Sink::keeping().await?;
        let web = Port::reserve()?;
        let pages = format!("[web]\nlisten = \"{}\"\nbase_url = \"https://lists.example.org/\"", web.addr());
        let mut server = Server::prepare(options(&sink))?;
        let clock = server.folder().join("clock");
        std::fs::write(&clock, "+0")?;
        server.configure(options(&sink).extra(&pages).wall_clock(&clock)?)?;
        server.start().await?;
        server.list_with_members(LIST, 5).await?;
        server.run_with(&["member", "add", LIST, "-", "--role", "owner"], OWNER.as_bytes()).await?;
        for (key, value) in settings {
            server.run(&["list", "set", LIST, key, value]).await?;
        }
        Ok(Self { server, sink, web: web.addr(), clock, ahead: 0, posts: 0 })
    }

    /// Lets time pass. Chores that are due are done at a start.
    async fn later(&mut self, seconds: u64) -> Result<()> {
        self.ahead += seconds;
        std::fs::write(&self.clock, format!("+{}", self.ahead))?;
        self.server.restart().await
    }

    /// Sends a post, of which `refused` members will not hear; returns when their failures are kept.
    async fn post(&mut self, refused: usize) -> Result<String> {
        let before = self.failures().await?;
        self.posts += 1;
        let id = format!("<post{}@life.example>", self.posts);
        ensure!(self.server.source().send(post(&id)).await?.accepted == 1);
        wait::until("the failures", PATIENCE, async || Ok(self.failures().await? == before + refused))
            .await?;
        Ok(id)
    }

    /// How many failures of members are kept.
    async fn failures(&self) -> Result<usize> {
        let mut count = 0;
        for member in 0..5 {
            let address = format!("m{member}@rcpt.example");
            count += self.json(&["bounce", "show", LIST, &address]).await?.as_array().map_or(0, Vec::len);
        }
        Ok(count)
    }

    /// What became of a member's failures, the newest first.
    async fn verdicts(&self, member: &str) -> Result<Vec<String>> {
        let told = self.json(&["bounce", "show", LIST, member]).await?;
        let told = told
            .as_array()
            .context("a list")?
            .iter()
            .filter_map(|e| e.get("verdict")?.as_str().map(str::to_owned));
        Ok(told.collect())
    }

    /// Waits until no failure of the member waits to be judged.
    async fn judged(&self, member: &str) -> Result<Vec<String>> {
        wait::until("the judgement", PATIENCE, async || {
            Ok(self.verdicts(member).await?.iter().all(|v| v != "waiting"))
        })
        .await?;
        self.verdicts(member).await
    }

    async fn json(&self, words: &[&str]) -> Result<Value> {
        let words: Vec<_> = ["--json"].iter().chain(words).copied().collect();
        Ok(serde_json::from_str(&self.server.run(&words).await?)?)
    }

    /// `enabled`, `by_bounces` …; `None` if it is no member.
    async fn delivery(&self, member: &str) -> Result<Option<String>> {
        let members = self.json(&["member", "ls", LIST, "--role", "member"]).await?;
        let members = members.as_array().cloned().context("a list")?;
        let found = members.iter().find(|m| m.get("address").is_some_and(|a| a == member));
        let status =
            |m: &Value| m.pointer("/preferences/delivery_status").and_then(Value::as_str).map(str::to_owned);
        Ok(found.map(|m| status(m).unwrap_or_else(|| "enabled".into())))
    }

    /// The last mail for somebody with these words; waits for it.
    async fn mail(&self, to: &str, words: &str) -> Result<(String, String)> {
        let find = || {
            self.sink.read(|tally| {
                let theirs = tally.caught().iter().rev().filter(|c| c.recipients.iter().any(|r| r == to));
                theirs.map(|c| (c.from.clone(), c.text())).find(|(_, text)| text.contains(words))
            })
        };
        wait::until(&format!("mail for {to} with {words:?}"), PATIENCE, async || Ok(find().is_some()))
            .await?;
        find().context("the mail")
    }

    /// Hands a message to the server under the null reverse-path.
    async fn report(&self, to: &str, message: &str) -> Result<()> {
        let job = Job::new(
            "<report@mx.example>",
            "",
            vec![to.to_owned()],
            message.replace('\n', "\r\n").as_bytes(),
        );
        ensure!(self.server.source().send(job).await?.accepted == 1, "a report was refused");
        self.server.wait_for_depth("bounce", 0, PATIENCE).await
    }

    async fn ask(&self, method: &str, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(self.web).await?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: lists.example.org\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut answer = vec![];
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

fn dsn(to: &str, recipient: &str, id: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example\nTo: {to}\nSubject: Undelivered Mail Returned to Sender\nMessage-ID: <{id}@mx.example>\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nGone.\n\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {recipient}\n\
         Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n--b--\n"
    )
}

#[tokio::test]
async fn the_life_of_a_membership_whose_mail_fails() -> Result<()> {
    let settings = [("bounce_score_threshold", "2"), ("bounce_you_are_disabled_warnings", "1")];
    let mut stage = Stage::new(&settings).await?;
    let member = "m4@rcpt.example";
    stage.sink.refuse(member, "550 5.1.1 no such user");

    // Two posts on one day are one point; nothing is judged before its hour.
    stage.post(1).await?;
    stage.post(1).await?;
    ensure!(stage.verdicts(member).await? == ["waiting", "waiting"]);
    stage.later(2 * HOUR).await?;
    let told = stage.judged(member).await?;
    ensure!(told == ["same-day", "counted"] || told == ["counted", "counted"], "{told:?}");
    ensure!(stage.delivery(member).await?.as_deref() == Some("enabled"));

    // The next day is one more, and that is enough: the owners are told with the report, the member is warned.
    stage.later(DAY).await?;
    stage.post(1).await?;
    stage.sink.calm();
    stage.later(2 * HOUR).await?;
    stage.judged(member).await?;
    ensure!(
        stage.delivery(member).await?.as_deref() == Some("by_bounces"),
        "{:?}",
        stage.judged(member).await?
    );
    let (_, told) = stage.mail(OWNER, "is switched off").await?;
    ensure!(told.contains("550 5.1.1 no such user") && told.contains("message/delivery-status"), "{told}");
    let (from, warning) = stage.mail(member, "/enable/").await?;
    ensure!(from.is_empty() && warning.contains("Auto-Submitted: auto-generated"), "{warning}");
    ensure!(warning.contains("no such user"), "the reason is missing in {warning}");

    // Looking at the page changes nothing, the button does.
    let warning = warning.replace("=\r\n", "").replace("=3D", "=");
    let (_, rest) = warning.split_once("https://lists.example.org/enable/").context("an address")?;
    let path = format!("/enable/{}", rest.split_whitespace().next().unwrap_or_default());
    let looked = stage.ask("GET", &path).await?;
    ensure!(looked.starts_with("HTTP/1.1 200") && looked.contains("<form"), "{looked}");
    ensure!(stage.delivery(member).await?.as_deref() == Some("by_bounces"), "looking switched it on");
    let leave = path.replace("/enable/", "/leave/");
    ensure!(stage.ask("POST", &leave).await?.starts_with("HTTP/1.1 403"), "one address does another's work");
    let pressed = stage.ask("POST", &path).await?;
    ensure!(pressed.starts_with("HTTP/1.1 200"), "{pressed}");
    ensure!(stage.delivery(member).await?.as_deref() == Some("enabled"));
    let id = stage.post(0).await?;
    stage.sink.wait_until("all five", PATIENCE, |tally| tally.reached(&id) == 5).await?;

    // It fails again, and nobody presses the button: the membership ends.
    stage.sink.refuse(member, "550 5.1.1 no such user");
    for _ in 0..2 {
        stage.later(DAY).await?;
        stage.post(1).await?;
    }
    stage.sink.calm();
    stage.later(2 * HOUR).await?;
    stage.judged(member).await?;
    ensure!(stage.delivery(member).await?.as_deref() == Some("by_bounces"));
    stage.later(6 * DAY).await?;
    ensure!(stage.delivery(member).await?.as_deref() == Some("by_bounces"), "too early");
    stage.later(2 * DAY).await?;
    let (_, told) = stage.mail(OWNER, "was removed").await?;
    ensure!(told.contains(member), "{told}");
    wait::until("the end", PATIENCE, async || Ok(stage.delivery(member).await?.is_none())).await?;
    stage.server.ledger_adds_up().await
}

#[tokio::test]
async fn what_may_be_forged_takes_a_probe_that_comes_back() -> Result<()> {
    let mut stage = Stage::new(&[("bounce_score_threshold", "1")]).await?;
    let member = "m1@rcpt.example";
    let plain = "test-bounces+m1=rcpt.example@example.org";
    stage.report(plain, &dsn(plain, member, "forged")).await?;
    stage.later(2 * HOUR).await?;
    ensure!(stage.judged(member).await? == ["counted"]);
    ensure!(
        stage.delivery(member).await?.as_deref() == Some("enabled"),
        "a forged report switched a member off"
    );
    let (probe, text) = stage.mail(member, "message/rfc822").await?;
    let (local, host) = probe.split_once('@').context("an address")?;
    ensure!(local.starts_with("test-bounces+") && host == "example.org" && !local.contains('='), "{probe}");
    ensure!(text.contains("Auto-Submitted: auto-generated"), "{text}");

    // A vacation notice in answer to it is none of its coming back.
    let away = format!(
        "From: m1@rcpt.example\nTo: {probe}\nSubject: Out of office\nMessage-ID: <away@x>\nAuto-Submitted: auto-replied\n\nAway.\n"
    );
    stage.report(&probe, &away).await?;
    ensure!(stage.verdicts(member).await?.len() == 1);
    stage.report(&probe, &dsn(&probe, member, "back")).await?;
    stage.later(2 * HOUR).await?;
    stage.judged(member).await?;
    ensure!(
        stage.delivery(member).await?.as_deref() == Some("by_bounces"),
        "{:?}",
        stage.verdicts(member).await?
    );
    let reset = stage.server.run(&["bounce", "reset", LIST, member]).await?;
    ensure!(reset.contains("1 switched on again"), "{reset}");
    ensure!(stage.delivery(member).await?.as_deref() == Some("enabled"));
    Ok(())
}

#[tokio::test]
async fn neither_a_bad_post_nor_an_outage_switches_anybody_off() -> Result<()> {
    let mut stage = Stage::new(&[("bounce_score_threshold", "1")]).await?;
    for member in 1..4 {
        stage.sink.refuse(&format!("m{member}@rcpt.example"), "554 5.7.1 looks like spam");
    }
    stage.post(3).await?;
    stage.later(2 * HOUR).await?;
    for member in 1..4 {
        ensure!(stage.judged(&format!("m{member}@rcpt.example")).await? == ["post"]);
    }
    let (_, told) = stage.mail(OWNER, "was refused at 3 members").await?;
    ensure!(told.contains("looks like spam"), "{told}");
    // One refusal alone is the member's own filter, and counts.
    stage.later(3 * DAY).await?;
    stage.sink.calm();
    for member in 0..5 {
        stage.sink.refuse(&format!("m{member}@rcpt.example"), "550 5.1.1 no such user");
    }
    stage.post(5).await?;
    stage.later(2 * HOUR).await?;
    for member in 0..5 {
        let address = format!("m{member}@rcpt.example");
        let told = stage.judged(&address).await?;
        ensure!(told.first().is_some_and(|v| v == "outage"), "{address}: {told:?}");
        ensure!(stage.delivery(&address).await?.as_deref() == Some("enabled"), "{address}");
    }
    Ok(())
}

#[tokio::test]
async fn who_complains_is_unsubscribed_if_it_is_proven_who() -> Result<()> {
    let stage = Stage::new(&[("personalize", "individual")]).await?;
    let id = "<complained@life.example>";
    ensure!(stage.server.source().send(post(id)).await?.accepted == 1);
    stage.sink.wait_for(5, PATIENCE).await?;
    let member = "m2@rcpt.example";
    let sender = stage.sink.tally().sender(id, member).context("a copy")?.to_owned();
    ensure!(sender.starts_with("test-bounces+m2=rcpt.example+"), "the sender is not signed: {sender}");
    let complaint = |sender: &str, id: &str| {
        format!(
            "From: fbl@isp.example\nTo: test-bounces@example.org\nSubject: complaint\nMessage-ID: <{id}@isp.example>\n\
             MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nAbuse.\n\n\
             --b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\nUser-Agent: x/1\n\
             Original-Mail-From: <{sender}>\n\n--b\nContent-Type: message/rfc822\n\nFrom: x@y.example\nMessage-ID: <1@x>\n\nx\n--b--\n"
        )
    };
    // Anybody can write this one: the owners look at it.
    let bent = sender.replace("m2=", "m3=");
    stage.report("test-bounces@example.org", &complaint(&bent, "bent")).await?;
    stage.mail(OWNER, "somebody complained").await?;
    ensure!(stage.delivery("m3@rcpt.example").await?.is_some(), "a forged complaint removed a member");
    stage.report("test-bounces@example.org", &complaint(&sender, "true")).await?;
    wait::until("the end", PATIENCE, async || Ok(stage.delivery(member).await?.is_none())).await?;
    stage.mail(OWNER, "after a complaint").await?;
    Ok(())
}

/// The address is open to everybody who sends spam: owners get a few a day, and no mail is answered.
#[tokio::test]
async fn what_nobody_can_read_goes_to_the_owners_a_few_a_day() -> Result<()> {
    let stage = Stage::new(&[]).await?;
    for number in 0..13 {
        let spam = format!(
            "From: x@spam.example\nTo: {LIST}\nSubject: Offer {number}\nMessage-ID: <{number}@spam.example>\n\nBuy.\n"
        );
        stage.report("test-bounces@example.org", &spam).await?;
    }
    let vacation = "From: m1@rcpt.example\nSubject: Out of office\nMessage-ID: <v@x>\nAuto-Submitted: auto-replied\n\nAway.\n";
    stage.report("test-bounces@example.org", vacation).await?;
    stage.server.wait_for_depth("out", 0, PATIENCE).await?;
    let mails = stage
        .sink
        .read(|tally| tally.caught().iter().map(|c| (c.recipients.clone(), c.text())).collect::<Vec<_>>());
    ensure!(mails.len() == 10, "{} mails", mails.len());
    ensure!(
        mails.iter().all(|(to, text)| to.iter().any(|who| who == OWNER) && text.contains("Offer ")),
        "{mails:?}"
    );
    stage.server.ledger_adds_up().await
}
