//! The canary between real mail servers (P25).

mod support;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::{Exim, Postfix, Server, ServerOptions, Sink, wait};
use serde_json::Value;
use support::{LIST, PATIENCE, extra_copies, id, options};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

const CANARY: &str = "posthaste-canary@example.org";

fn with_canary(options: ServerOptions) -> ServerOptions {
    options.extra(&format!("[canary]\naddress = \"{CANARY}\"\ninterval = \"1s\"\nlate = \"2s\""))
}

/// A Postfix as our relay, with the one line of docs/operate/mta.md; everything else goes to the sink.
async fn relay(server: &Server, sink: &Sink) -> Result<Postfix> {
    let (lmtp, sink) = (server.lmtp(), sink.addr());
    let settings = format!(
        "relayhost = [{}]:{}\nrecipient_delimiter = +\n\
         transport_maps = inline:{{ {{ {CANARY} = lmtp:inet:{lmtp} }} }}\n",
        sink.ip(),
        sink.port()
    );
    Postfix::start(&settings).await
}

async fn figures(server: &Server) -> Result<Value> {
    Ok(serde_json::from_str(&server.run(&["--json", "canary", "status"]).await?)?)
}

fn number(figures: &Value, name: &str) -> Result<u64> {
    figures.get(name).and_then(Value::as_u64).with_context(|| format!("no {name} in {figures}"))
}

async fn wait_for(server: &Server, what: &str, enough: impl Fn(&Value) -> bool) -> Result<Value> {
    wait::until(&format!("a canary with {what}"), PATIENCE, async || Ok(enough(&figures(server).await?)))
        .await?;
    figures(server).await
}

fn at_least(name: &'static str, least: u64) -> impl Fn(&Value) -> bool {
    move |figures| figures.get(name).and_then(Value::as_u64).is_some_and(|n| n >= least)
}

#[tokio::test(flavor = "multi_thread")]
async fn p25_the_canary_comes_back_through_postfix_and_nobody_sees_it() -> Result<()> {
    let sink = Sink::keeping().await?;
    let mut server = Server::prepare(options(&sink))?;
    let postfix = relay(&server, &sink).await?;
    server.configure(with_canary(options(&sink).relay(postfix.addr())))?;
    server.start().await?;
    let members = server.list_with_members(LIST, 5).await?;
    let back = wait_for(&server, "three returns", at_least("returned", 3)).await?;
    ensure!(number(&back, "lost")? == 0 && back.get("error").is_some_and(Value::is_null), "{back}");
    let ids = [id("canary", 0)];
    server.source().send(support::post(&ids[0])).await?;
    sink.wait_for(5, PATIENCE).await?;
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);

    // It waits in `incoming` and in `out` as posts do; few of them, and it is told that they are missing.
    for stage in ["incoming", "out"] {
        let before = number(&figures(&server).await?, "returned")?;
        server.run(&["queue", "pause", stage]).await?;
        let away = wait_for(&server, "two missing", at_least("missing", 2)).await?;
        ensure!(number(&away, "missing")? <= 3 && server.depth(stage).await? <= 3, "{away}");
        wait_for(&server, "an age of 5 s", at_least("oldest_seconds", 5)).await?;
        ensure!(server.depth(stage).await? <= 3, "they pile up at {stage}");
        server.run(&["queue", "resume", stage]).await?;
        wait_for(&server, "none missing", |f| f.get("missing") == Some(&Value::from(0))).await?;
        wait_for(&server, "more returns", at_least("returned", before + 2)).await?;
    }

    // Nobody saw it: no mail but the post, no history, nothing held or bounced, no list.
    let tally = sink.tally();
    let strange = tally.caught().iter().find(|mail| {
        mail.recipients.iter().any(|to| to.contains("canary")) || mail.text().contains("Subject: Canary")
    });
    ensure!(strange.is_none(), "{}", strange.map(|mail| mail.text()).unwrap_or_default());
    let mut history = String::new();
    for file in std::fs::read_dir(server.state().join("history"))? {
        history.push_str(&std::fs::read_to_string(file?.path())?);
    }
    ensure!(history.contains(&ids[0]) && !history.contains("canary@"), "{history}");
    ensure!(!server.run(&["list", "ls"]).await?.contains("canary"), "a list of its own");
    for stage in ["bounce", "command"] {
        assert_eq!(server.depth(stage).await?, 0);
    }
    let status = server.status().await?;
    assert_eq!(status.pointer("/spool/quarantined"), Some(&Value::from(0)));
    assert_eq!(status.get("accepted"), Some(&Value::from(1)), "canaries are no posts");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn p25_the_canary_comes_back_through_exim() -> Result<()> {
    let sink = Sink::start().await?;
    let mut server = Server::prepare(options(&sink))?;
    // This Exim asks us about each recipient before it takes the mail, as the documented one may.
    let exim = Exim::front(server.lmtp(), &["example.org"]).await?;
    server.configure(with_canary(options(&sink).relay(exim.addr())))?;
    server.start().await?;
    let back = wait_for(&server, "three returns", at_least("returned", 3)).await?;
    ensure!(number(&back, "lost")? == 0 && number(&back, "missing")? == 0, "{back}");
    Ok(())
}

/// The relay takes it and never brings it back: the plainest way in which mail is not delivered.
#[tokio::test(flavor = "multi_thread")]
async fn p25_one_that_does_not_come_back_is_known_when_it_is_late() -> Result<()> {
    let sink = Sink::start().await?;
    let server = Server::started(with_canary(options(&sink))).await?;
    let away = wait_for(&server, "two missing", at_least("missing", 2)).await?;
    assert_eq!((number(&away, "returned")?, number(&away, "lost")?), (0, 0), "{away}");
    // It is in the relay's hands.
    server.wait_for_depth("out", 0, PATIENCE).await?;
    let told = server.run(&["canary", "status"]).await?;
    ensure!(told.contains("Mail does NOT move"), "{told}");
    Ok(())
}

/// Says `commands` to the door; gives the reply to the last one.
async fn say(server: &Server, commands: &[&str]) -> Result<String> {
    let mut stream = BufReader::new(tokio::net::TcpStream::connect(server.lmtp()).await?);
    let mut told = String::new();
    for command in [""].iter().chain(&["LHLO forger.example"]).chain(commands) {
        if !command.is_empty() {
            stream.get_mut().write_all(format!("{command}\r\n").as_bytes()).await?;
        }
        told.clear();
        while told.as_bytes().get(3) != Some(&b' ') {
            told.clear();
            tokio::time::timeout(Duration::from_secs(30), stream.read_line(&mut told)).await??;
        }
    }
    Ok(told)
}

#[tokio::test(flavor = "multi_thread")]
async fn p25_a_forged_or_replayed_canary_is_refused_and_counts_as_nothing() -> Result<()> {
    let sink = Sink::keeping().await?;
    let server = Server::started(with_canary(options(&sink))).await?;
    sink.wait_for(1, PATIENCE).await?;
    let caught = sink.tally().caught().iter().flat_map(|mail| mail.recipients.clone()).collect::<Vec<_>>();
    let real = caught.into_iter().find(|to| to.contains("+back.")).context("a canary at the relay")?;
    // The same canary, under way, with another proof.
    let (head, rest) = real.split_at(real.find('@').context("an address")? - 8);
    let other = if rest.starts_with('a') { "b" } else { "a" };
    let forged = format!("{head}{other}{}", rest.get(1..).unwrap_or_default());
    let others = ["posthaste-canary@example.org", "posthaste-canary+back.x@example.org", forged.as_str()];
    for to in others {
        let reply = say(&server, &["MAIL FROM:<>", &format!("RCPT TO:<{to}>")]).await?;
        ensure!(reply.starts_with("550 5.7.1"), "{to}: {reply}");
    }
    // The same token on another leg: nobody can make us send.
    let out = real.replace("+back.", "+out.");
    let reply = say(&server, &["MAIL FROM:<>", &format!("RCPT TO:<{out}>")]).await?;
    ensure!(reply.starts_with("550 5.7.1"), "{reply}");
    assert_eq!(number(&figures(&server).await?, "returned")?, 0);
    // The real one is taken once.
    let rcpt = format!("RCPT TO:<{real}>");
    let reply = say(&server, &["MAIL FROM:<>", &rcpt, "DATA", "Subject: back\r\n\r\n."]).await?;
    ensure!(reply.starts_with("250"), "{reply}");
    assert_eq!(number(&figures(&server).await?, "returned")?, 1);
    let again = say(&server, &["MAIL FROM:<>", &rcpt]).await?;
    ensure!(again.starts_with("550 5.7.1"), "{again}");
    assert_eq!(number(&figures(&server).await?, "returned")?, 1);
    Ok(())
}
