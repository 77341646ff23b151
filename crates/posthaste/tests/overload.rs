//! More than is reasonable: every peer is answered, nothing grows without bound, and the count stays exact.

mod support;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::message::message;
use posthaste_testkit::source::Job;
use posthaste_testkit::{Server, Sink};
use support::{AUTHOR, LIST, PATIENCE, extra_copies, id, options, post};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_hundred_connections_at_once_are_all_answered() -> Result<()> {
    const POSTS: usize = 300;
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink)).await?;
    let members = server.list_with_members(LIST, 2).await?;
    let report = server.source().connections(100).run(POSTS, |number| post(&id("crowd", number))).await?;
    ensure!(report.accepted() == POSTS, "{:?}", report.refusals());
    sink.wait_for(2 * POSTS as u64, 2 * PATIENCE).await?;
    server.wait_for_depth("out", 0, PATIENCE).await?;
    server.ledger_adds_up().await?;
    let ids: Vec<_> = (0..POSTS).map(|number| id("crowd", number)).collect();
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    ensure!(sink.most_connections() <= 20, "{} connections to the relay", sink.most_connections());
    Ok(())
}

#[tokio::test]
async fn connections_beyond_the_limit_hear_421_and_the_others_go_on() -> Result<()> {
    const MOST: usize = 20;
    let sink = Sink::start().await?;
    let options = options(&sink).extra(&format!("[limits]\nconnections = {MOST}\n"));
    let server = Server::started(options).await?;
    server.list_with_members(LIST, 2).await?;
    let mut taken = Vec::new();
    // The connection that watched the start may not have left yet.
    while taken.len() < MOST {
        let (stream, greeting) = greeted(&server).await?;
        if greeting.starts_with("220 ") {
            taken.push(stream);
        }
    }
    for _ in 0..5 {
        let (_, greeting) = greeted(&server).await?;
        ensure!(greeting.starts_with("421 4.7.0"), "{greeting}");
    }
    let mut first = taken.pop().context("a connection")?;
    first.write_all(b"LHLO test.example\r\nNOOP\r\nQUIT\r\n").await?;
    let mut lines = first.lines();
    let mut last = String::new();
    while let Some(line) = lines.next_line().await? {
        last = line;
    }
    ensure!(last.starts_with("221"), "{last}");
    // Its place is free now.
    let source = server.source();
    let sent = posthaste_testkit::wait::until("the place to be free", PATIENCE, async || {
        Ok(source.send(post("<free@example.org>")).await.is_ok_and(|outcome| outcome.accepted == 1))
    });
    sent.await?;
    sink.wait_for(2, PATIENCE).await
}

async fn greeted(server: &Server) -> Result<(BufReader<TcpStream>, String)> {
    let mut stream = BufReader::new(TcpStream::connect(server.lmtp()).await?);
    let mut greeting = String::new();
    tokio::time::timeout(Duration::from_secs(30), stream.read_line(&mut greeting)).await??;
    Ok((stream, greeting))
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_552_and_the_next_one_is_taken() -> Result<()> {
    let sink = Sink::start().await?;
    let options = options(&sink).extra("[limits]\nmessage_size = \"1MiB\"\n");
    let server = Server::started(options).await?;
    server.list_with_members(LIST, 2).await?;
    let source = server.source();
    let sizes = [1_200_000, 600, 5_000_000, 600];
    let report = source
        .run(sizes.len(), move |number| {
            let id = id("size", number);
            let text = message(&id, AUTHOR, LIST, "hello", sizes[number]);
            Job::new(&id, AUTHOR, vec![LIST.to_owned()], &text)
        })
        .await?;
    let refusals = report.refusals();
    ensure!(refusals.len() == 2 && refusals.iter().all(|r| r.starts_with("552 5.3.4")), "{refusals:?}");
    assert_eq!(report.accepted(), 2);
    sink.wait_for(4, PATIENCE).await?;
    assert_eq!(sink.tally().message_ids(), [id("size", 1), id("size", 3)]);
    Ok(())
}

#[tokio::test]
async fn a_post_to_20000_members_is_delivered_exactly_once_in_bounded_memory() -> Result<()> {
    const MEMBERS: usize = 20_000;
    let sink = Sink::start().await?;
    let server = Server::started(options(&sink)).await?;
    let members = server.list_with_members(LIST, MEMBERS).await?;
    let before = peak(&server)?;
    let ids = [id("large", 0), id("large", 1)];
    for id in &ids {
        let text = message(id, AUTHOR, LIST, "hello", 30_000);
        let job = Job::new(id, AUTHOR, vec![LIST.to_owned()], &text);
        ensure!(server.source().send(job).await?.accepted == 1);
    }
    sink.wait_for(2 * MEMBERS as u64, 2 * PATIENCE).await?;
    server.wait_for_depth("out", 0, PATIENCE).await?;
    server.ledger_adds_up().await?;
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    let after = peak(&server)?;
    eprintln!("rss peak: {before} kB before, {after} kB after two posts to {MEMBERS} members");
    ensure!(after < 200 * 1024, "{after} kB");
    Ok(())
}

/// The most memory the server has had resident, in kB.
fn peak(server: &Server) -> Result<u64> {
    let pid = server.pid().context("the server runs")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    line.trim().trim_end_matches("kB").trim().parse().context("VmHWM is no number")
}
