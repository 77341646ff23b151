//! The outage of March 2023 in real time: MariaDB does not answer for five minutes while five posts a second come in,
//! real Postfix in front and behind (P10, P30).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::figure::{Better, Figure, Sample};
use super::options::Options;
use super::stand::post;
use super::{PATIENCE, stand};
use crate::mariadb::Mariadb;
use crate::source::{Protocol, Source};
use crate::{Postfix, Proxy, Server, ServerOptions, Sink, Wire};

const LIST: &str = "outage@example.org";
const MEMBERS: usize = 20;
/// Posts a second.
const PACE: u32 = 5;
/// Posts that are planned when the database goes silent.
const PLANNED: usize = 200;

pub(super) async fn run(options: &Options) -> Result<Vec<Figure>> {
    let silence = Duration::from_secs(options.pick(300, 10) as u64);
    let database = Mariadb::new()?;
    let url = database.create_database("posthaste")?;
    let wire = Proxy::to(SocketAddr::from(([127, 0, 0, 1], database.port()))).await?;
    let url = url.replace(&format!(":{}/", database.port()), &format!(":{}/", wire.addr().port()));
    let (sink, alerts) = (Sink::start().await?, Sink::keeping().await?);
    let mut settings = ServerOptions::new(&options.server).database(&url).extra(&people(&alerts)).quiet();
    let mut server = Server::prepare_in(
        tempfile::Builder::new().prefix("posthaste-bench-").tempdir_in(stand::base(options))?,
        settings.clone(),
    )?;
    let behind = Postfix::start(&format!(
        "relayhost = [{}]:{}\nrecipient_delimiter = +\n\
         transport_maps = inline:{{ {{ posthaste-canary@example.org = lmtp:inet:{} }} }}\n",
        sink.addr().ip(),
        sink.port(),
        server.lmtp()
    ))
    .await?;
    settings = settings.relay(behind.addr());
    server.configure(settings)?;
    server.start().await?;
    server.list_with_members(LIST, MEMBERS).await?;
    let front = Postfix::front(server.lmtp(), &["example.org"]).await?;
    let door = Source::new(Protocol::Smtp, front.addr());
    let mut sent = 0_usize;
    let mut send = async || -> Result<()> {
        let outcome = door.send(post(LIST)).await?;
        ensure!(outcome.accepted == 1, "Postfix refused a post: {:?}", outcome.refusals);
        sent += 1;
        Ok(())
    };

    server.run(&["queue", "pause", "out"]).await?;
    for _ in 0..PLANNED {
        send().await?;
    }
    server.wait_for_depth("out", PLANNED as u64, PATIENCE).await?;
    wire.set(Wire::BlackHole);
    server.run(&["queue", "resume", "out"]).await?;
    let began = Instant::now();
    let mut turn = tokio::time::interval(Duration::from_secs(1) / PACE);
    let mut planned_after = None;
    while began.elapsed() < silence {
        turn.tick().await;
        send().await?;
        let there = sink.read(crate::sink::Tally::distinct) >= (PLANNED * MEMBERS) as u64;
        planned_after = planned_after.or(there.then(|| began.elapsed()));
    }
    let delivered = sink.read(crate::sink::Tally::distinct);
    wire.set(Wire::Whole);
    let back = Instant::now();
    sink.wait_until("a new delivery", PATIENCE, |tally| tally.distinct() > delivered).await?;
    let first = back.elapsed();
    for _ in 0..10 {
        send().await?;
    }
    let wanted = (sent * MEMBERS) as u64;
    // What never comes is lost, and said.
    let _ = sink.wait_for(wanted, Duration::from_mins(2)).await;
    let all = back.elapsed();
    let (came, twice) = sink.read(|tally| (tally.distinct(), tally.duplicates()));
    server.ledger_adds_up().await?;
    let _ = alerts
        .wait_until("the closing line", Duration::from_mins(10), |tally| mailed(tally, "channel") >= 2)
        .await;
    let case = |what: &str| {
        format!("MariaDB silent for {} s, {PACE} posts/s to {MEMBERS} members: {what}", silence.as_secs())
    };
    let single = |what: &str, unit, value| {
        let run = Sample { value, reference: None };
        Figure::of("outage", case(what), unit, Better::Less, &[run])
    };
    let planned_after = planned_after.context("what was planned was not delivered during the silence")?;
    let (channel, paged) = alerts.read(|tally| (mailed(tally, "channel"), mailed(tally, "pager")));
    Ok(vec![
        single("posts", "posts", sent as f64),
        single("copies lost", "copies", wanted.saturating_sub(came) as f64).at_most(0.0),
        single("copies twice", "copies", twice as f64).at_most(0.0),
        single("what was planned before, delivered after", "s", planned_after.as_secs_f64()),
        single("first new delivery after its return", "s", first.as_secs_f64()).at_most(5.0),
        single("everything delivered after its return", "s", all.as_secs_f64()),
        single("messages to the channel: one notice, one closing line", "messages", channel as f64)
            .goal("= 2", |figure| options.quick || (figure.value - 2.0).abs() < 0.5),
        single("messages to the pager", "messages", paged as f64).at_most(0.0),
    ])
}

/// A channel that is told, and somebody who is paged.
fn people(alerts: &Sink) -> String {
    let contact = |name: &str, step: u8| {
        format!("[[contact]]\nname = \"{name}\"\nmail = [\"{name}@people.example\"]\nstep = {step}\n")
    };
    format!(
        "[canary]\naddress = \"posthaste-canary@example.org\"\n\
         [alerts]\nrelay_host = \"127.0.0.1\"\nrelay_port = {}\nself_test = \"never\"\n{}{}",
        alerts.port(),
        contact("channel", 0),
        contact("pager", 1),
    )
}

fn mailed(tally: &crate::sink::Tally, who: &str) -> usize {
    let to = format!("{who}@people.example");
    tally.caught().iter().filter(|mail| mail.recipients.contains(&to)).count()
}
