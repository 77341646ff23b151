//! The server looks after itself: fairness (P12), an orderly stop (P18), what the init system is told.

mod support;

use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use posthaste_testkit::message::message;
use posthaste_testkit::sink::{Latency, Point, What, When};
use posthaste_testkit::source::Job;
use posthaste_testkit::{Server, Sink, wait};
use rustix::process::Signal;
use support::{LIST, PATIENCE, extra_copies, id, options, post};

/// A list whose members are all at one place, which does not answer.
const STALLED: &str = "stalled@example.org";
/// Another one, with more posts than are opened for delivery at once.
const BEHIND: &str = "behind@example.org";

#[tokio::test]
async fn p12_a_stalled_post_to_ten_thousand_and_a_hundred_behind_it_leave_room_for_others() -> Result<()> {
    const MEMBERS: usize = 10_000;
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink)).await?;
    server.list_with_members(LIST, 5).await?;
    server.run(&["list", "create", STALLED, "--owner", "owner@example.org"]).await?;
    let far: Vec<_> = (0..MEMBERS).map(|number| format!("f{number}@tarpit.example")).collect();
    server.run_with(&["member", "add", STALLED, "-"], (far.join("\n") + "\n").as_bytes()).await?;
    for address in far.iter().step_by(10) {
        sink.trouble(Point::RcptOf(address.clone()), When::Always, What::Hang);
    }
    let from = far.first().context("members")?.clone();
    let stalled = |number: usize, list: &str, from: &str| {
        let id = id("stalled", number);
        Job::new(&id, from, vec![list.to_owned()], &message(&id, from, list, "hello", 600))
    };
    let first = server.source().send(stalled(0, STALLED, &from)).await?;
    ensure!(first.accepted == 1, "{first:?}");
    // Every connection that this list can get is stuck.
    wait::until("the tarpit to be full", PATIENCE, async || Ok(sink.open_connections() >= 15)).await?;
    server.run(&["list", "create", BEHIND, "--owner", "owner@example.org"]).await?;
    server.run_with(&["member", "add", BEHIND, "-"], (from.clone() + "\n").as_bytes()).await?;
    let report = server.source().connections(4).run(100, move |n| stalled(n + 1, BEHIND, &from)).await?;
    ensure!(report.accepted() == 100, "{:?}", report.refusals());
    server.wait_for_depth("incoming", 0, PATIENCE).await?;

    let began = Instant::now();
    for number in 0..20 {
        server.source().send(post(&id("quick", number))).await?;
    }
    sink.wait_until("the other list's copies", Duration::from_mins(1), |tally| {
        (0..20).all(|number| {
            (0..5).all(|m| tally.times(&id("quick", number), &format!("m{m}@rcpt.example")) == 1)
        })
    })
    .await?;
    ensure!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    Ok(())
}

/// P12 with as few connections as lists that stall: they hold each of them.
async fn few_connections(connections: usize) -> Result<()> {
    const MEMBERS: usize = 120;
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink).relay_setting("max_connections", connections)).await?;
    server.list_with_members(LIST, 3).await?;
    let far: Vec<_> = (0..MEMBERS).map(|number| format!("f{number}@tarpit.example")).collect();
    let near = "near@quick.example".to_owned();
    for address in &far {
        sink.trouble(Point::RcptOf(address.clone()), When::Always, What::Hang);
    }
    let author = far.first().context("members")?;
    for number in 0..connections {
        let list = format!("stalled{number}@example.org");
        server.run(&["list", "create", &list, "--owner", "owner@example.org"]).await?;
        let members = format!("{}\n{near}\n", far.join("\n"));
        server.run_with(&["member", "add", &list, "-"], members.as_bytes()).await?;
        let id = id("stalled", number);
        let post = Job::new(&id, author, vec![list.clone()], &message(&id, author, &list, "hello", 600));
        ensure!(server.source().send(post).await?.accepted == 1);
    }
    server.wait_for_depth("incoming", 0, PATIENCE).await?;
    wait::until("every connection to be stuck", PATIENCE, async || {
        Ok(sink.open_connections() >= connections as u64)
    })
    .await?;
    for number in 0..3 {
        let id = id("quick", number);
        server.source().send(post(&id)).await?;
        sink.wait_until("the other list's copies", Duration::from_mins(1), |tally| tally.reached(&id) == 3)
            .await?;
    }
    // Whoever is on a list with those who do not answer has it too.
    sink.wait_until("the copies of their neighbour", 3 * PATIENCE, |tally| {
        (0..connections).all(|number| tally.times(&id("stalled", number), &near) == 1)
    })
    .await?;
    assert_eq!(sink.tally().duplicates(), 0);
    Ok(())
}

#[tokio::test]
async fn p12_one_connection_is_not_held_by_a_place_that_does_not_answer() -> Result<()> {
    few_connections(1).await
}

#[tokio::test]
async fn p12_two_connections_are_not_held_by_two_lists_that_stall() -> Result<()> {
    few_connections(2).await
}

#[tokio::test]
async fn p18_a_stop_ends_what_is_under_way_and_nothing_is_sent_twice() -> Result<()> {
    let sink = Sink::start().await?;
    let mut server = Server::started(options(&sink)).await?;
    let members = server.list_with_members(LIST, 100).await?;
    sink.set_latency(Latency::RoundTrip(Duration::from_millis(40)));
    let ids: Vec<_> = (0..30).map(|number| id("stop", number)).collect();
    for id in &ids {
        server.source().send(post(id)).await?;
    }
    for part in 1..4 {
        sink.wait_for(part * 500, PATIENCE).await?;
        let began = Instant::now();
        server.restart().await?;
        ensure!(began.elapsed() < Duration::from_secs(35), "{:?}", began.elapsed());
    }
    sink.wait_for(30 * 100, PATIENCE).await?;
    server.wait_for_depth("out", 0, PATIENCE).await?;
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn p18_with_a_socket_that_is_held_nobody_is_refused_over_a_restart() -> Result<()> {
    let sink = Sink::start().await?;
    let mut server = Server::started(options(&sink).activated()).await?;
    let members = server.list_with_members(LIST, 2).await?;
    let (over, connects) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (address, stop, counted) = (server.lmtp(), over.clone(), connects.clone());
    // Only connects: whoever cannot is refused.
    let knocking = tokio::spawn(async move {
        while !stop.load(Ordering::Relaxed) {
            tokio::net::TcpStream::connect(address).await.context("refused")?;
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        anyhow::Ok(())
    });
    let (source, stop) = (server.source(), over.clone());
    // Posts, and tries again what was cut short, as a mail server does.
    let posting = tokio::spawn(async move {
        let mut ids = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let id = id("held", ids.len());
            let began = Instant::now();
            while !source.send(post(&id)).await.is_ok_and(|sent| sent.accepted == 1) {
                ensure!(began.elapsed() < PATIENCE, "{id} was never accepted");
            }
            ids.push(id);
        }
        Ok(ids)
    });
    for _ in 0..3 {
        let before = connects.load(Ordering::Relaxed);
        wait::until("connections", PATIENCE, async || Ok(connects.load(Ordering::Relaxed) > before + 20))
            .await?;
        server.restart().await?;
    }
    over.store(true, Ordering::Relaxed);
    knocking.await??;
    let ids = posting.await??;
    ensure!(ids.len() > 3, "{} posts", ids.len());
    sink.wait_for(2 * ids.len() as u64, PATIENCE).await?;
    server.wait_for_depth("out", 0, PATIENCE).await?;
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    Ok(())
}

#[tokio::test]
async fn p13_the_init_system_is_told_what_the_server_does() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let hear = |wanted: &str| -> Result<String> {
        let mut words = [0; 4096];
        loop {
            let length = socket.recv(&mut words).with_context(|| format!("waiting for {wanted}"))?;
            let said = String::from_utf8_lossy(words.get(..length).unwrap_or_default()).into_owned();
            if said.contains(wanted) {
                return Ok(said);
            }
        }
    };
    let sink = Sink::start().await?;
    let options = options(&sink).environment("NOTIFY_SOCKET", &path.display().to_string());
    let mut server = Server::started(options).await?;
    hear("READY=1")?;
    let alive = hear("WATCHDOG=1")?;
    ensure!(alive.contains("\nSTATUS="), "{alive}");
    server.signal(Signal::HUP)?;
    hear("RELOADING=1")?;
    hear("READY=1")?;
    ensure!(server.sigterm().await?.success());
    hear("STOPPING=1")?;
    Ok(())
}
