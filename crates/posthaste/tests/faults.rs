//! Faults planted into the server's own tasks: what dies is back, what hangs is replaced, poison is found, and mail
//! moves again alone (P9, P11, P13, P14).

mod support;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use posthaste_testkit::source::Job;
use posthaste_testkit::{Server, ServerOptions, Sink, wait};
use serde_json::Value;
use support::{AUTHOR, LIST, PATIENCE, extra_copies, id, options, post};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// A server that lets itself be broken.
async fn drilled(options: ServerOptions) -> Result<Server> {
    let mut server = Server::prepare(options.argument("--drill"))?;
    std::fs::write(server.state().join("this-is-a-drill"), "")?;
    server.start().await?;
    Ok(server)
}

async fn ask(server: &Server, request: &Value) -> Result<Value> {
    let mut stream = BufReader::new(UnixStream::connect(server.state().join("control.sock")).await?);
    stream.get_mut().write_all(format!("{request}\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_line(&mut answer).await?;
    let answer: Value = serde_json::from_str(&answer)?;
    answer.get("done").cloned().with_context(|| format!("{request}: {answer}"))
}

async fn plant(server: &Server, task: &str, fault: &str) -> Result<()> {
    let fault = serde_json::json!({ "what": "task", "name": task, "how": fault });
    ask(server, &serde_json::json!({ "do": "fault", "fault": fault })).await.map(|_| ())
}

/// One figure of the tasks of this name.
async fn task(server: &Server, name: &str, figure: &str) -> Result<u64> {
    let vitals = ask(server, &serde_json::json!({ "do": "vitals" })).await?;
    let tasks = vitals.get("tasks").and_then(Value::as_array).context("tasks")?;
    let found = tasks.iter().find(|task| task.get("name").and_then(Value::as_str) == Some(name));
    // Nothing is told before the first look.
    Ok(found.and_then(|task| task.get(figure)).and_then(Value::as_u64).unwrap_or(0))
}

async fn wait_for_task(server: &Server, name: &str, figure: &str, least: u64) -> Result<()> {
    let what = format!("{figure} of {name} to be {least}");
    wait::until(&what, PATIENCE, async || Ok(task(server, name, figure).await? >= least)).await
}

async fn quarantined(server: &Server) -> Result<u64> {
    let status = server.status().await?;
    status.pointer("/spool/quarantined").and_then(Value::as_u64).context("the quarantine")
}

/// The n-th post of `series`, poisoned.
fn poisoned(series: &str, number: usize, poison: &str) -> Job {
    let id = id(series, number);
    let text = format!(
        "From: {AUTHOR}\r\nTo: {LIST}\r\nSubject: poison\r\nMessage-ID: {id}\r\nX-Posthaste-Poison: {poison}\r\n\r\nHi\r\n"
    );
    Job::new(&id, AUTHOR, vec![LIST.to_owned()], text.as_bytes())
}

#[tokio::test]
async fn p11_p9_where_every_task_dies_at_its_work_mail_waits_and_moves_again_alone() -> Result<()> {
    for name in ["incoming", "out"] {
        let sink = Sink::start().await?;
        let server = drilled(options(&sink)).await?;
        let members = server.list_with_members(LIST, 3).await?;
        plant(&server, name, "panic_at_work").await?;
        let ids: Vec<_> = (0..10).map(|number| id(name, number)).collect();
        for id in &ids {
            server.source().send(post(id)).await?;
        }
        wait_for_task(&server, name, "recent_restarts", 10).await?;
        assert_eq!(sink.tally().accepted(), 0);
        plant(&server, name, "none").await?;
        let began = Instant::now();
        sink.wait_for(30, PATIENCE).await?;
        ensure!(began.elapsed() < Duration::from_secs(35), "{:?}", began.elapsed());
        server.wait_for_depth("out", 0, PATIENCE).await?;
        assert_eq!(quarantined(&server).await?, 0, "nobody is to blame for our own trouble");
        assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    }
    Ok(())
}

#[tokio::test]
async fn p13_a_task_that_hangs_is_replaced_and_what_it_had_taken_goes_out_once() -> Result<()> {
    let sink = Sink::start().await?;
    let server = drilled(options(&sink)).await?;
    let members = server.list_with_members(LIST, 3).await?;
    let ids: Vec<_> = ["incoming", "out", "others"].iter().map(|series| id(series, 0)).collect();
    let [first, second, third] = ids.as_slice() else { unreachable!() };
    for (name, post_id) in [("incoming", first), ("out", second)] {
        plant(&server, name, "wedge").await?;
        server.source().send(post(post_id)).await?;
        wait_for_task(&server, name, "stuck_seconds", 1).await?;
        plant(&server, name, "none").await?;
    }
    let began = Instant::now();
    server.source().send(post(third)).await?;
    sink.wait_for(3, Duration::from_secs(10)).await.context("others go on")?;
    sink.wait_for(9, PATIENCE).await?;
    ensure!(began.elapsed() < Duration::from_secs(35), "{:?}", began.elapsed());
    for name in ["incoming", "out"] {
        wait_for_task(&server, name, "replaced", 1).await?;
    }
    server.wait_for_depth("out", 0, PATIENCE).await?;
    assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    Ok(())
}

#[tokio::test]
async fn p14_a_post_that_kills_its_runner_is_set_aside_and_nobody_else_waits() -> Result<()> {
    for stage in ["incoming", "out"] {
        let sink = Sink::start().await?;
        let mut server = drilled(options(&sink)).await?;
        let members = server.list_with_members(LIST, 3).await?;
        let began = Instant::now();
        server.source().send(poisoned("poison", 0, &format!("{stage} panic"))).await?;
        let ids: Vec<_> = (0..20).map(|number| id("others", number)).collect();
        for id in &ids {
            server.source().send(post(id)).await?;
        }
        sink.wait_for(60, Duration::from_secs(10)).await.context("others are delayed by at most 10 s")?;
        wait::until("the quarantine", PATIENCE, async || Ok(quarantined(&server).await? == 1)).await?;
        ensure!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        assert_eq!(server.log().matches("work on an entry failed").count(), 3, "three attempts");
        let (entry, why) = set_aside(&server)?;
        let command = format!("posthaste queue retry {entry}");
        for words in [&*format!("stage {stage}"), "panicked", &command] {
            ensure!(why.contains(words), "{words:?} is missing from {why:?}");
        }
        // The one command, once the cause is gone.
        server.configure(options(&sink))?;
        server.restart().await?;
        server.run(&["queue", "retry", &entry]).await?;
        sink.wait_for(63, PATIENCE).await?;
        assert_eq!(extra_copies(&sink.tally(), &[id("poison", 0)], &members)?, 0);
        assert_eq!(extra_copies(&sink.tally(), &ids, &members)?, 0);
    }
    Ok(())
}

#[tokio::test]
async fn p14_a_post_that_kills_the_whole_process_is_set_aside_after_three_deaths() -> Result<()> {
    for stage in ["incoming", "out"] {
        let sink = Sink::start().await?;
        let mut server = drilled(options(&sink)).await?;
        let members = server.list_with_members(LIST, 3).await?;
        server.source().send(poisoned("killer", 0, &format!("{stage} abort"))).await?;
        let mut runs = true;
        for death in 1..=3 {
            if runs {
                server.wait_for_end(PATIENCE).await.with_context(|| format!("death {death}"))?;
            }
            // It may die again before it greets.
            runs = server.start().await.is_ok();
        }
        ensure!(runs, "it dies a fourth time");
        wait::until("the quarantine", PATIENCE, async || Ok(quarantined(&server).await? == 1)).await?;
        let (entry, why) = set_aside(&server)?;
        let command = format!("posthaste queue retry {entry}");
        for words in [&*format!("stage {stage}"), "died 3 times", &command] {
            ensure!(why.contains(words), "{words:?} is missing from {why:?}");
        }
        server.source().send(post(&id("after", 0))).await?;
        sink.wait_until("the others", PATIENCE, |tally| {
            members.iter().all(|member| tally.times(&id("after", 0), member) == 1)
        })
        .await?;
        server.configure(options(&sink))?;
        server.restart().await?;
        server.run(&["queue", "retry", &entry]).await?;
        sink.wait_until("the post", PATIENCE, |tally| {
            members.iter().all(|member| tally.times(&id("killer", 0), member) == 1)
        })
        .await?;
    }
    Ok(())
}

/// The one entry in quarantine, and why it is there.
fn set_aside(server: &Server) -> Result<(String, String)> {
    let folder = server.state().join("spool/quarantine");
    for file in std::fs::read_dir(&folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "why") {
            let entry = path.file_stem().context("a name")?.to_string_lossy().into_owned();
            return Ok((entry, std::fs::read_to_string(path)?));
        }
    }
    anyhow::bail!("nothing is in {}", folder.display())
}
