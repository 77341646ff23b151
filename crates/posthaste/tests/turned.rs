//! Outages of minutes, with the server's clock turned, between real mail servers.

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use posthaste_testkit::mariadb::Mariadb;
use posthaste_testkit::{Hook, Port, Postfix, Proxy, Server, Sink, Wire, swaks, wait};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use support::{AUTHOR, LIST, PATIENCE, extra_copies, id, options};

/// Plants a fault of the drill.
async fn plant(server: &Server, fault: Value) -> Result<()> {
    let told = server.control(&json!({ "do": "fault", "fault": fault })).await?;
    ensure!(told.get("done").is_some(), "{told}");
    Ok(())
}

async fn vitals(server: &Server) -> Result<Value> {
    server.control(&json!({ "do": "vitals" })).await?.get("done").cloned().context("vitals")
}

/// Lets `seconds` pass in steps that the server follows.
async fn turn(server: &Server, seconds: u64, step: u64) -> Result<()> {
    for _ in 0..seconds / step {
        let before = vitals(server).await?.get("at").cloned();
        plant(server, json!({ "what": "turn", "seconds": step })).await?;
        wait::until("a look at the turned clock", PATIENCE, async || {
            Ok(vitals(server).await?.get("at").cloned() != before)
        })
        .await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Who is told: a channel, the first person by mail and by pager, the second, everyone.
fn people(alerts: &Sink, pager: &str) -> String {
    let contact =
        |name: &str, how: &str, step: u8| format!("[[contact]]\nname = \"{name}\"\n{how}\nstep = {step}\n");
    let mail = |name: &str| format!("mail = [\"{name}@people.example\"]");
    format!(
        "[canary]\naddress = \"posthaste-canary@example.org\"\n\
         [alerts]\nrelay_host = \"127.0.0.1\"\nrelay_port = {}\nself_test = \"never\"\n{}{}{}{}{}",
        alerts.port(),
        contact("channel", &mail("channel"), 0),
        contact("first", &mail("first"), 1),
        contact("pager", &format!("webhook = \"{pager}\""), 1),
        contact("second", &mail("second"), 2),
        contact("everyone", &mail("everyone"), 3),
    )
}

/// A page as everybody gets it.
async fn page(web: SocketAddr, path: &str) -> Result<String> {
    let mut stream = tokio::net::TcpStream::connect(web).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {web}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = vec![];
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The subjects of what was mailed to this person.
fn told(alerts: &Sink, who: &str) -> Vec<String> {
    let to = format!("{who}@people.example");
    alerts.read(|tally| {
        let theirs = tally.caught().iter().filter(|mail| mail.recipients.contains(&to));
        let subject =
            |text: String| text.lines().find(|l| l.starts_with("Subject: ")).unwrap_or_default().to_owned();
        theirs.map(|mail| subject(mail.text())).collect()
    })
}

/// P13, P27, P30: the sender hangs, and again after each new start, and nobody acknowledges: two ways to the first person
/// within three minutes, then the whole ladder.
#[tokio::test(flavor = "multi_thread")]
async fn p27_p30_a_wedged_sender_pages_by_two_ways_and_up_the_whole_ladder() -> Result<()> {
    let (sink, alerts, hook) = (Sink::start().await?, Sink::keeping().await?, Hook::start().await?);
    let web = Port::reserve()?;
    let pages = format!("{}\n[web]\nlisten = \"{}\"", people(&alerts, &hook.url("/pager")), web.addr());
    let options = options(&sink).extra(&pages).argument("--drill").quiet();
    let mut server = Server::prepare(options)?;
    std::fs::write(server.state().join("this-is-a-drill"), "")?;
    sink.hand_back("posthaste-canary+", server.lmtp());
    server.start().await?;
    server.list_with_members(LIST, 5).await?;
    ensure!(page(web.addr(), "/status.json").await?.contains("\"banner\":false"), "nothing is wrong yet");
    server.source().send(support::post(&id("before", 0))).await?;
    sink.wait_for(5, PATIENCE).await?;

    plant(&server, json!({ "what": "task", "name": "out", "how": "wedge" })).await?;
    server.source().send(support::post(&id("stuck", 0))).await?;
    let paged =
        |hook: &Hook| hook.called("/pager").iter().any(|call| call.body.contains("\"kind\":\"page\""));
    let mut after = 0;
    while told(&alerts, "first").is_empty() || !paged(&hook) {
        ensure!(
            after < 180,
            "nobody was paged by two ways within three minutes: {:?}",
            told(&alerts, "first")
        );
        turn(&server, 3, 3).await?;
        after += 3;
    }
    ensure!(told(&alerts, "first").iter().all(|s| s.contains("CRITICAL")), "{:?}", told(&alerts, "first"));
    ensure!(
        told(&alerts, "second").is_empty() && told(&alerts, "everyone").is_empty(),
        "too many, too early"
    );
    turn(&server, 9 * 60, 10).await?;
    ensure!(told(&alerts, "second").is_empty(), "the second person before ten minutes");
    turn(&server, 2 * 60, 10).await?;
    ensure!(!told(&alerts, "second").is_empty(), "the second person was not paged after ten minutes");
    turn(&server, 18 * 60, 10).await?;
    ensure!(told(&alerts, "everyone").is_empty(), "everyone before half an hour");
    turn(&server, 3 * 60, 10).await?;
    ensure!(!told(&alerts, "everyone").is_empty(), "everyone was not told after half an hour");
    let before = told(&alerts, "first").len();
    turn(&server, 32 * 60, 10).await?;
    ensure!(told(&alerts, "first").len() > before, "it fell silent after an hour");
    // The owners of lists with waiting mail are told past our own queue, once.
    let to_owner = || {
        alerts.read(|tally| {
            let theirs =
                tally.caught().iter().filter(|m| m.recipients.contains(&"owner@example.org".to_owned()));
            theirs.map(|mail| mail.text()).collect::<Vec<_>>()
        })
    };
    wait::until("the owner's mail", PATIENCE, async || {
        turn(&server, 10, 10).await?;
        Ok(!to_owner().is_empty())
    })
    .await?;
    let mails = to_owner();
    ensure!(
        mails.len() == 1 && mails.iter().all(|m| m.contains(LIST) && m.contains("Ask nobody")),
        "{mails:#?}"
    );
    // By then the public has been told, on every page.
    let status = page(web.addr(), "/status.json").await?;
    ensure!(status.contains("\"banner\":true") && status.contains("\"status\":\"stopped\""), "{status}");
    let login = page(web.addr(), "/ops/login").await?;
    ensure!(login.contains("List mail is not being delivered at the moment"), "{login}");
    Ok(())
}

/// P10: MariaDB in a black hole for five minutes, Postfix in front and behind.
#[tokio::test(flavor = "multi_thread")]
async fn p10_five_minutes_without_mariadb_between_postfixes() -> Result<()> {
    const MEMBERS: usize = 200;
    let database = Mariadb::new()?;
    let url = database.create_database("posthaste")?;
    let wire = Proxy::to(SocketAddr::from(([127, 0, 0, 1], database.port()))).await?;
    let url = url.replace(&format!(":{}/", database.port()), &format!(":{}/", wire.addr().port()));
    let sink = Sink::keeping().await?;
    let (alerts, hook) = (Sink::keeping().await?, Hook::start().await?);
    let people = people(&alerts, &hook.url("/pager"));
    let options = options(&sink).database(&url).extra(&people).argument("--drill").quiet();
    let mut server = Server::prepare(options.clone())?;
    let behind = Postfix::start(&format!(
        "relayhost = [{}]:{}\nrecipient_delimiter = +\n\
         transport_maps = inline:{{ {{ posthaste-canary@example.org = lmtp:inet:{} }} }}\n",
        sink.addr().ip(),
        sink.port(),
        server.lmtp()
    ))
    .await?;
    server.configure(options.relay(behind.addr()))?;
    std::fs::write(server.state().join("this-is-a-drill"), "")?;
    server.start().await?;
    let front = Postfix::front(server.lmtp(), &["example.org"]).await?;
    let members = server.list_with_members(LIST, MEMBERS).await?;
    let post = async |number: usize| {
        let sent = swaks::send(front.addr(), AUTHOR, LIST, &id("silent", number)).await?;
        ensure!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stdout));
        anyhow::Ok(())
    };
    let ids: Vec<_> = (0..9).map(|number| id("silent", number)).collect();

    // Two are planned when the database goes silent, and are delivered during the silence.
    server.run(&["queue", "pause", "out"]).await?;
    post(0).await?;
    post(1).await?;
    server.wait_for_depth("out", 2, PATIENCE).await?;
    plant(&server, json!({ "what": "hurry", "millis": 300 })).await?;
    wire.set(Wire::BlackHole);
    server.run(&["queue", "resume", "out"]).await?;
    for number in 2..7 {
        post(number).await?;
        turn(&server, 60, 3).await?;
    }
    sink.wait_until("what was planned", PATIENCE, |t| ids.iter().take(2).all(|i| t.reached(i) == MEMBERS))
        .await?;
    wait::until("seven posts accepted", PATIENCE, async || {
        Ok(server.status().await?.get("accepted").and_then(Value::as_u64) == Some(7))
    })
    .await?;
    assert_eq!(sink.tally().distinct(), 2 * MEMBERS as u64, "nothing else can be known yet");

    let back = Instant::now();
    wire.set(Wire::Whole);
    sink.wait_until("a new delivery", PATIENCE, |tally| tally.distinct() > 2 * MEMBERS as u64).await?;
    let resumed = back.elapsed();
    ensure!(resumed <= Duration::from_secs(5), "delivery came back after {resumed:?} only");
    post(7).await?;
    post(8).await?;
    sink.wait_for(9 * MEMBERS as u64, PATIENCE).await?;
    server.wait_for_depth("out", 0, PATIENCE).await?;
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);

    // One notice, one closing line, nobody's pager.
    turn(&server, 15 * 60, 10).await?;
    wait::until("the closing line", PATIENCE, async || Ok(told(&alerts, "channel").len() >= 2)).await?;
    let channel = told(&alerts, "channel");
    ensure!(channel.len() == 2, "one notice and one closing line, not {channel:#?}");
    ensure!(channel.first().is_some_and(|s| s.contains("DEGRADED")), "{channel:#?}");
    ensure!(channel.last().is_some_and(|s| s.contains("well again")), "{channel:#?}");
    ensure!(told(&alerts, "first").is_empty() && hook.called("/pager").is_empty(), "somebody was paged");
    Ok(())
}

/// P27: whoever listens outside hears the heartbeat while the canary comes back, and hears it end when it does not.
#[tokio::test(flavor = "multi_thread")]
async fn p27_the_heartbeat_ends_with_the_canary_and_begins_again() -> Result<()> {
    let (sink, alerts, hook) = (Sink::start().await?, Sink::start().await?, Hook::start().await?);
    let people = people(&alerts, &hook.url("/pager"))
        .replace("self_test", &format!("heartbeat_url = \"{}\"\nself_test", hook.url("/beat")));
    let mut server = Server::prepare(options(&sink).extra(&people).argument("--drill").quiet())?;
    std::fs::write(server.state().join("this-is-a-drill"), "")?;
    sink.hand_back("posthaste-canary+", server.lmtp());
    server.start().await?;
    let beats = || hook.called("/beat").len();
    turn(&server, 5 * 60, 5).await?;
    ensure!(beats() >= 3, "{} beats in five minutes", beats());

    plant(&server, json!({ "what": "task", "name": "out", "how": "wedge" })).await?;
    turn(&server, 2 * 60, 5).await?;
    let last = beats();
    turn(&server, 10 * 60, 10).await?;
    ensure!(beats() == last, "the heart beats on, and nothing is delivered");

    plant(&server, json!({ "what": "task", "name": "out", "how": "none" })).await?;
    let mut waited = 0;
    while beats() == last {
        ensure!(waited < 600, "ten minutes after mail moves again there is no heartbeat");
        turn(&server, 10, 5).await?;
        waited += 10;
    }
    Ok(())
}

/// P28: every way to everybody is tried once a week without anybody's hand.
#[tokio::test(flavor = "multi_thread")]
async fn p28_every_way_is_tried_on_the_day_of_the_week() -> Result<()> {
    const HOUR: i64 = 3_600;
    let (sink, alerts, hook) = (Sink::start().await?, Sink::keeping().await?, Hook::start().await?);
    let people = people(&alerts, &hook.url("/pager")).replace("\"never\"", "\"monday\"");
    let mut server = Server::prepare(options(&sink).extra(&people).argument("--drill").quiet())?;
    std::fs::write(server.state().join("this-is-a-drill"), "")?;
    sink.hand_back("posthaste-canary+", server.lmtp());
    server.start().await?;
    let tests = || told(&alerts, "second").iter().filter(|s| s.contains("TEST")).count();
    let at = vitals(&server).await?.get("at").and_then(Value::as_i64).context("what time it is")? / 1_000_000;
    // The epoch was a Thursday: the first Monday, ten o'clock, was four days and ten hours later.
    let until_monday = 7 * 24 * HOUR - (at - 4 * 24 * HOUR - 10 * HOUR).rem_euclid(7 * 24 * HOUR);
    // A new server needs no test within two days, and every server one within eight.
    let due = if until_monday > 49 * HOUR {
        until_monday
    } else {
        (until_monday + 7 * 24 * HOUR).min(8 * 24 * HOUR)
    };
    let due = u64::try_from(due)?;
    turn(&server, due - 60, due - 60).await?;
    ensure!(tests() == 0, "tried before its day");
    turn(&server, 120, 60).await?;
    wait::until("the weekly test", PATIENCE, async || Ok(tests() == 1)).await?;
    wait::until("the pager tried too", PATIENCE, async || {
        Ok(hook.called("/pager").iter().any(|call| call.body.contains("\"kind\":\"test\"")))
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn faults_are_planted_in_drills_only() -> Result<()> {
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink)).await?;
    let told = server.control(&json!({ "do": "fault", "fault": { "what": "turn", "seconds": 3 } })).await?;
    ensure!(told.to_string().contains("this is no drill"), "{told}");
    let mut refused = Server::prepare(options(&sink).argument("--drill"))?;
    refused.spawn()?;
    let status = refused.wait_for_end(PATIENCE).await?;
    ensure!(
        status.code() == Some(2) && refused.log().contains("no drill's state folder"),
        "{}",
        refused.log()
    );
    Ok(())
}
