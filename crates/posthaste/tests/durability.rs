//! What was answered with 250 is delivered, whatever dies in between: the promises P1 to P6 and P16 to P19.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use posthaste_testkit::message::message;
use posthaste_testkit::sink::{Latency, Tally};
use posthaste_testkit::source::Job;
use posthaste_testkit::{Ext4, Server, Sink, wait};
use support::{AUTHOR, LIST, PATIENCE, extra_copies, id, options, post};

/// `[relay] max_connections` and `max_recipients` where the test counts batches.
const CONNECTIONS: u64 = 4;
const RECIPIENTS: u64 = 50;

#[tokio::test]
async fn p1_kill_9_under_load_loses_nothing() -> Result<()> {
    const ROUNDS: usize = 8;
    const SENDERS: usize = 8;
    let sink = Sink::start().await?;
    let mut server = Server::started(options(&sink)).await?;
    let members = server.list_with_members(LIST, 3).await?;
    let (mut accepted, mut begun) = (Vec::new(), 0);
    for round in 0..ROUNDS {
        let posted = Arc::new(AtomicUsize::new(0));
        let load = {
            let (posted, source) = (posted.clone(), server.source().connections(SENDERS));
            tokio::spawn(async move {
                let make = move |number| {
                    posted.fetch_add(1, Ordering::Relaxed);
                    post(&id(&format!("round{round}"), number))
                };
                source.run_until_broken(1_000_000, make).await
            })
        };
        let moment = rand::random_range(SENDERS..120);
        wait::until(&format!("post {moment} to begin"), PATIENCE, async || {
            Ok(posted.load(Ordering::Relaxed) >= moment)
        })
        .await?;
        server.crash().await?;
        let (report, errors) = load.await?;
        ensure!(!errors.is_empty(), "the load went on through a kill");
        ensure!(report.refusals().is_empty(), "{:?}", report.refusals());
        accepted.extend(report.outcomes.into_iter().filter(|o| o.accepted == 1).map(|o| o.id));
        begun += posted.load(Ordering::Relaxed);
    }
    let all = |tally: &Tally| accepted.iter().all(|id| tally.reached(id) == members.len());
    sink.wait_until("every accepted post for every member", PATIENCE, all).await?;
    nothing_waits(&server).await?;
    let tally = sink.tally();
    // What died between fsync and 250 may come as well, but no post that nobody sent.
    let unanswered = tally.message_ids().len() - accepted.len();
    ensure!(unanswered <= ROUNDS * SENDERS && tally.message_ids().len() <= begun, "{unanswered} unanswered");
    let most = (ROUNDS * 20 * members.len()) as u64;
    ensure!(tally.duplicates() <= most, "{} duplicates", tally.duplicates());
    eprintln!("{} accepted, {unanswered} unanswered, {} duplicates", accepted.len(), tally.duplicates());
    Ok(())
}

#[tokio::test]
async fn p2_no_250_before_fsync() -> Result<()> {
    const POSTS: usize = 24;
    let sink = Sink::start().await?;
    let mut server = Server::prepare(options(&sink))?;
    let trace = server.folder().join("trace");
    let calls = "trace=fdatasync,fsync,rename,renameat,renameat2,write,writev,sendto,sendmsg";
    let traced = ["strace", "-f", "-qq", "-y", "-s", "400", "-e", calls, "-o", &trace.display().to_string()];
    server.configure(options(&sink).wrapper(traced))?;
    server.start().await?;
    let members = server.list_with_members(LIST, 1).await?;
    let source = server.source().connections(6);
    let report = source.run(POSTS, |number| post(&id("synced", number))).await?;
    ensure!(report.accepted() == POSTS, "{:?}", report.refusals());
    sink.wait_for(POSTS as u64, PATIENCE).await?;
    server.sigterm().await?;
    let replies = order_of_calls(&std::fs::read_to_string(&trace)?, &server.state().join("spool"))?;
    ensure!(replies == POSTS, "{replies} replies in the trace of {POSTS} posts");
    let ids: Vec<_> = (0..POSTS).map(|number| id("synced", number)).collect();
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    Ok(())
}

/// Checks for every `Accepted as ID` in the output of strace that, before its write began, the file was synced, then
/// renamed, then its folder synced. Gives how many there were.
fn order_of_calls(trace: &str, spool: &Path) -> Result<usize> {
    let (tmp, entries) = (spool.join("tmp"), spool.join("entries"));
    let (tmp, entries) = (tmp.display().to_string(), entries.display().to_string());
    // By entry: the line on which its file was synced, on which it got its name; by folder: begin and end of each sync.
    let (mut synced, mut named) = (BTreeMap::new(), BTreeMap::new());
    let mut folders: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
    let mut under_way: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    let mut replies = BTreeSet::new();
    for (number, line) in trace.lines().enumerate() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some((_, reply)) = call.split_once("250 2.1.5 Accepted as ") {
            for reply in std::iter::once(reply).chain(reply.split("Accepted as ").skip(1)) {
                let entry = reply.get(..36).context("a reply cut short")?;
                let folder = format!("{entries}/{}", entry.get(34..).context("an id")?);
                let file_at =
                    *synced.get(entry).with_context(|| format!("line {number}: 250 before fdatasync"))?;
                let name_at =
                    *named.get(entry).with_context(|| format!("line {number}: 250 before rename"))?;
                ensure!(file_at < name_at, "{entry} was renamed on line {name_at} before it was synced");
                let dir = folders.get(&folder).is_some_and(|s| s.iter().any(|(begin, _)| *begin > name_at));
                ensure!(dir, "line {number}: 250 for {entry} before the fsync of {folder}");
                replies.insert(entry.to_owned());
            }
        }
        let (begin, whole) = if let Some(front) = call.strip_suffix("<unfinished ...>") {
            under_way.insert(thread, (number, front.to_owned()));
            continue;
        } else if call.starts_with("<... ") {
            let Some((begin, front)) = under_way.remove(thread) else { continue };
            (begin, front + call)
        } else {
            (number, call.to_owned())
        };
        if !whole.ends_with("= 0") {
            continue;
        }
        let after = |mark: &str| whole.rsplit_once(mark).map(|(_, rest)| rest);
        if whole.starts_with("fdatasync(")
            && let Some(rest) = after(&format!("<{tmp}/"))
        {
            synced.insert(rest.get(..36).unwrap_or_default().to_owned(), number);
        } else if whole.starts_with("fsync(")
            && let Some(rest) = after(&format!("<{entries}/"))
        {
            let folder = format!("{entries}/{}", rest.get(..2).unwrap_or_default());
            folders.entry(folder).or_default().push((begin, number));
        } else if whole.starts_with("rename")
            && let Some(rest) = after(&format!("\"{entries}/"))
        {
            named.insert(rest.get(3..39).unwrap_or_default().to_owned(), number);
        }
    }
    Ok(replies.len())
}

/// A small disk of its own with a server on it.
async fn on_a_small_disk(sink: &Sink) -> Result<(Server, Ext4)> {
    let disk = Ext4::new(96)?;
    // Less than a message of the default size could not be kept in reserve.
    let extra = "[spool]\nreserve = \"16MiB\"\n\n[limits]\nmessage_size = \"1MiB\"\n";
    let mut server = Server::prepare_in(disk.folder()?, options(sink).extra(extra))?;
    server.start().await?;
    Ok((server, disk))
}

/// Writes until so much is free, or nothing at all.
fn fill(ballast: &Path, leave: u64) -> Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(ballast)?;
    let mut chunk = vec![7; 256 * 1024];
    loop {
        let space = rustix::fs::statvfs(ballast)?;
        if leave > 0 && space.f_bavail * space.f_frsize <= leave {
            break;
        }
        match file.write_all(&chunk).and_then(|()| file.sync_data()) {
            Ok(()) => {}
            Err(error) if error.kind() != std::io::ErrorKind::StorageFull => return Err(error.into()),
            Err(_) if chunk.len() > 1024 => chunk.truncate(chunk.len() / 2),
            Err(_) => break,
        }
    }
    Ok(())
}

#[tokio::test]
async fn p16_below_the_reserve_mail_goes_out_but_not_in() -> Result<()> {
    let sink = Sink::start().await?;
    let (server, disk) = on_a_small_disk(&sink).await?;
    let members = server.list_with_members(LIST, 5).await?;
    server.run(&["queue", "pause", "out"]).await?;
    let ids: Vec<_> = (0..10).map(|number| id("before", number)).collect();
    for id in &ids {
        ensure!(server.source().send(post(id)).await?.accepted == 1);
    }
    server.wait_for_depth("out", 10, PATIENCE).await?;

    let ballast = disk.path().join("ballast");
    fill(&ballast, 8 << 20)?;
    wait_for_health(&server, false).await?;
    let refused = server.source().send(post("<full@example.org>")).await?;
    ensure!(refused.refusals.first().is_some_and(|r| r.starts_with("452 4.3.1")), "{refused:?}");
    server.run(&["queue", "resume", "out"]).await?;
    sink.wait_for(50, PATIENCE).await?;

    std::fs::remove_file(&ballast)?;
    let freed = Instant::now();
    wait_for_health(&server, true).await?;
    ensure!(freed.elapsed() < Duration::from_secs(10), "{:?} after the space was there", freed.elapsed());
    ensure!(server.source().send(post("<full@example.org>")).await?.accepted == 1);
    sink.wait_for(55, PATIENCE).await?;
    nothing_waits(&server).await?;
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    assert_eq!(sink.tally().duplicates(), 0);
    Ok(())
}

#[tokio::test]
async fn p4_what_the_disk_cannot_take_is_never_answered_with_250() -> Result<()> {
    let sink = Sink::start().await?;
    let (mut server, disk) = on_a_small_disk(&sink).await?;
    let members = server.list_with_members(LIST, 2).await?;
    // Nothing but intake writes, so that only the posts of this test meet the end of the disk.
    server.run(&["queue", "pause", "incoming"]).await?;
    let posted = Arc::new(AtomicUsize::new(0));
    let load = {
        let (posted, source) = (posted.clone(), server.source().connections(4));
        tokio::spawn(async move {
            let make = move |number| {
                posted.fetch_add(1, Ordering::Relaxed);
                post(&id("filling", number))
            };
            source.run(400, make).await
        })
    };
    wait::until("posts to begin", PATIENCE, async || Ok(posted.load(Ordering::Relaxed) > 20)).await?;
    let ballast = disk.path().join("ballast");
    tokio::task::spawn_blocking({
        let ballast = ballast.clone();
        move || fill(&ballast, 0)
    })
    .await??;
    let report = load.await??;
    let bad: Vec<_> =
        report.refusals().into_iter().filter(|r| !r.starts_with('4')).map(str::to_owned).collect();
    // RCPT and DATA after a refused MAIL are out of sequence, and so said.
    ensure!(bad.iter().all(|r| r.starts_with("503")), "{bad:?}");
    let late = server.source().send(post("<late@example.org>")).await?;
    ensure!(late.refusals.first().is_some_and(|r| r.starts_with("452")), "{late:?}");

    // A power cut while it is full: what was answered with 250 is there afterwards.
    let accepted: Vec<_> = report.outcomes.iter().filter(|o| o.accepted == 1).map(|o| o.id.clone()).collect();
    server.sigkill().await?;
    std::fs::remove_file(&ballast)?;
    server.start().await?;
    wait_for_health(&server, true).await?;
    server.run(&["queue", "resume", "incoming"]).await?;
    let all = |tally: &Tally| accepted.iter().all(|id| tally.reached(id) == members.len());
    sink.wait_until("every accepted post", PATIENCE, all).await?;
    nothing_waits(&server).await?;
    let tally = sink.tally();
    assert_eq!(tally.message_ids().len(), accepted.len(), "refused posts were delivered");
    assert_eq!(tally.duplicates(), 0);
    Ok(())
}

#[tokio::test]
async fn p5_kill_mid_delivery_repeats_at_most_one_batch_per_connection() -> Result<()> {
    const KILLS: [u64; 3] = [150, 400, 700];
    let sink = Sink::start().await?;
    let mut server = Server::started(in_batches(&sink)).await?;
    let members = server.list_with_members(LIST, 1_000).await?;
    sink.set_latency(Latency::RoundTrip(Duration::from_millis(40)));
    ensure!(server.source().send(post("<p5@example.org>")).await?.accepted == 1);
    for moment in KILLS {
        sink.wait_for(moment, PATIENCE).await?;
        let before = sink.tally().distinct();
        server.crash().await?;
        ensure!(before < 1_000, "all was delivered before the kill");
    }
    sink.set_latency(Latency::None);
    sink.wait_for(1_000, PATIENCE).await?;
    nothing_waits(&server).await?;
    let tally = sink.tally();
    assert_eq!(tally.message_ids(), ["<p5@example.org>"]);
    let extra = extra_copies(&tally, &["<p5@example.org>"], &members)?;
    eprintln!("{extra} second copies after {} kills", KILLS.len());
    ensure!(extra <= KILLS.len() as u64 * CONNECTIONS * RECIPIENTS, "{extra} second copies");
    Ok(())
}

#[tokio::test]
async fn p6_lost_reply_is_delivered_once() -> Result<()> {
    let sink = Sink::start().await?;
    let mut server = Server::started(options(&sink)).await?;
    let members = server.list_with_members(LIST, 3).await?;
    let ids = ["<again@example.org>", "<again-later@example.org>"];
    for id in ids {
        for time in 0..3 {
            ensure!(server.source().send(post(id)).await?.accepted == 1, "time {time} of {id}");
            if time == 1 {
                server.crash().await?;
            }
        }
    }
    // Another text under the same Message-ID is another post.
    let other = message(ids[0], AUTHOR, LIST, "hello", 700);
    let other = Job::new(ids[0], AUTHOR, vec![LIST.to_owned()], &other);
    ensure!(server.source().send(other).await?.accepted == 1);
    sink.wait_until("three posts", PATIENCE, |tally| tally.accepted() >= 9).await?;
    nothing_waits(&server).await?;
    let tally = sink.tally();
    for member in &members {
        assert_eq!((tally.times(ids[0], member), tally.times(ids[1], member)), (2, 1));
    }
    assert_eq!(server.status().await?["accepted_before"], 1, "since the last start");
    Ok(())
}

#[tokio::test]
async fn p17_restart_with_waiting_entries() -> Result<()> {
    const POSTS: usize = 600;
    let sink = Sink::start().await?;
    let mut server = Server::started(options(&sink)).await?;
    let members = server.list_with_members(LIST, 2).await?;
    server.run(&["queue", "pause", "incoming"]).await?;
    let report = server.source().connections(16).run(POSTS, |number| post(&id("waiting", number))).await?;
    ensure!(report.accepted() == POSTS, "{:?}", report.refusals());
    server.sigkill().await?;

    let began = Instant::now();
    server.start().await?;
    ensure!(server.source().send(post("<at-once@example.org>")).await?.accepted == 1);
    ensure!(
        began.elapsed() < Duration::from_secs(5),
        "{:?} from the start to the first 250",
        began.elapsed()
    );
    server.wait_for_depth("incoming", POSTS as u64 + 1, PATIENCE).await?;
    assert_eq!(sink.tally().accepted(), 0, "a stage that rests goes on resting");
    server.run(&["queue", "resume", "incoming"]).await?;
    sink.wait_for(2 * (POSTS as u64 + 1), 2 * PATIENCE).await?;
    nothing_waits(&server).await?;
    let ids: Vec<_> = (0..POSTS).map(|number| id("waiting", number)).collect();
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    Ok(())
}

#[tokio::test]
async fn p18_sigterm_finishes_and_records_what_is_under_way() -> Result<()> {
    let sink = Sink::start().await?;
    let mut server = Server::started(in_batches(&sink)).await?;
    let members = server.list_with_members(LIST, 1_000).await?;
    sink.set_latency(Latency::RoundTrip(Duration::from_millis(40)));
    ensure!(server.source().send(post("<p18@example.org>")).await?.accepted == 1);
    for moment in [150, 400, 650] {
        sink.wait_for(moment, PATIENCE).await?;
        let began = Instant::now();
        server.restart().await?;
        ensure!(began.elapsed() < Duration::from_secs(30), "{:?} to stop and start", began.elapsed());
    }
    sink.wait_for(1_000, PATIENCE).await?;
    nothing_waits(&server).await?;
    assert_eq!(extra_copies(&sink.tally(), &["<p18@example.org>"], &members)?, 0);
    Ok(())
}

#[tokio::test]
async fn p19_clock_jump_expires_nothing_and_retries_nothing() -> Result<()> {
    let sink = Sink::start().await?;
    let mut server = Server::prepare(options(&sink))?;
    let clock = server.folder().join("clock");
    let set = |time: &str| std::fs::write(&clock, time).context("cannot set the clock");
    set("+0")?;
    server.configure(options(&sink).wall_clock(&clock)?)?;
    server.start().await?;
    let members = server.list_with_members(LIST, 3).await?;
    sink.refuse("m1@rcpt.example", "451 4.2.1 not now");
    ensure!(server.source().send(post("<slow@example.org>")).await?.accepted == 1);
    sink.wait_for(2, PATIENCE).await?;
    let entry = waiting_entry(&server).await?;
    let mut came = 2;
    for jump in ["+10y", "+0", "-10y", "+1d"] {
        set(jump)?;
        // A post that is accepted and delivered after the jump proves that the server lives in the new time.
        let id = format!("<{}@jump.example>", jump.replace('+', "plus"));
        ensure!(server.source().send(post(&id)).await?.accepted == 1, "at {jump}");
        came += 2;
        sink.wait_for(came, PATIENCE).await?;
        let rounds = rounds_of(&server, "<slow@example.org>").await?;
        ensure!(rounds == 1, "{rounds} rounds at {jump}: the deferred post was tried early");
    }
    // Ten years later somebody asks for one more round: not now is still not for ever.
    set("+10y")?;
    server.run(&["queue", "retry", &entry]).await?;
    wait::until(
        "a second round",
        PATIENCE,
        async || Ok(rounds_of(&server, "<slow@example.org>").await? == 2),
    )
    .await?;
    assert_eq!(server.depth("bounce").await?, 0, "nobody was given up");
    assert_eq!(server.depth("out").await?, 5);
    // Nor does a start in another time make anything due, or anybody wait for ten years.
    for time in ["-10y", "+0"] {
        set(time)?;
        server.restart().await?;
        assert_eq!(server.depth("out").await?, 5, "at {time}");
    }
    sink.calm();
    let text = server.run(&["--json", "queue", "ls", "--stage", "out"]).await?;
    let waiting: serde_json::Value = serde_json::from_str(&text)?;
    for waits in waiting.as_array().context("a list")? {
        server.run(&["queue", "retry", waits["id"].as_str().context("an id")?]).await?;
    }
    sink.wait_for(15, PATIENCE).await?;
    nothing_waits(&server).await?;
    assert_eq!(extra_copies(&sink.tally(), &["<slow@example.org>"], &members)?, 0);
    Ok(())
}

fn in_batches(sink: &Sink) -> posthaste_testkit::ServerOptions {
    options(sink).relay_setting("max_connections", CONNECTIONS).relay_setting("max_recipients", RECIPIENTS)
}

/// Waits until every stage is empty.
async fn nothing_waits(server: &Server) -> Result<()> {
    for stage in ["incoming", "out"] {
        server.wait_for_depth(stage, 0, PATIENCE).await?;
    }
    server.ledger_adds_up().await
}

async fn wait_for_health(server: &Server, healthy: bool) -> Result<()> {
    wait::until(&format!("the spool's health to be {healthy}"), PATIENCE, async || {
        Ok(server.status().await?.pointer("/spool/healthy") == Some(&serde_json::Value::Bool(healthy)))
    })
    .await
}

/// The one entry that waits for its next round.
async fn waiting_entry(server: &Server) -> Result<String> {
    wait::until("a deferred entry", PATIENCE, async || {
        Ok(rounds_of(server, "<slow@example.org>").await? == 1)
    })
    .await?;
    let text = server.run(&["--json", "queue", "ls", "--stage", "out"]).await?;
    let waiting: serde_json::Value = serde_json::from_str(&text)?;
    waiting
        .pointer("/0/id")
        .and_then(serde_json::Value::as_str)
        .map(str::to_owned)
        .context("a deferred entry")
}

/// How many rounds of a post have ended with somebody deferred.
async fn rounds_of(server: &Server, message_id: &str) -> Result<usize> {
    let text = server.run(&["--json", "trace", message_id]).await?;
    let traces: serde_json::Value = serde_json::from_str(&text)?;
    let events = traces
        .pointer("/0/events")
        .and_then(serde_json::Value::as_array)
        .context("a trace without events")?;
    Ok(events.iter().filter(|event| event.get("kind").is_some_and(|k| k == "deferred")).count())
}
