//! What other monitors and people on call are told: `posthaste check` by the contract of Nagios plugins, the doctor, the
//! list of what we need. Doubt is UNKNOWN (P28).

use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use posthaste_testkit::{Server, ServerOptions, Sink, wait};
use rustix::process::Signal;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_mins(1);
/// A monitor waits no longer than this for a plugin that was told to take 2 s.
const MONITOR: Duration = Duration::from_secs(20);

/// What a monitor understands of a plugin's answer.
#[derive(Debug)]
struct Answer {
    code: i32,
    text: String,
    figures: Vec<(String, Option<f64>)>,
}

/// Runs a plugin as monitors do: kills it when it takes too long, and takes nothing but the contract for an answer.
async fn monitor(server: &Server, words: &[&str]) -> Result<Answer> {
    let child = tokio::process::Command::new(env!("CARGO_BIN_EXE_posthaste"))
        .arg("--config")
        .arg(server.config())
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output =
        tokio::time::timeout(MONITOR, child.wait_with_output()).await.context("the plugin hung")??;
    let text = String::from_utf8(output.stdout)?;
    let (line, rest) = text.split_once('\n').context("no line")?;
    ensure!(rest.is_empty(), "more than one line: {text:?}");
    let code = output.status.code().context("killed")?;
    let (told, figures) = line.split_once(" | ").unwrap_or((line, ""));
    let state = match code {
        0 => "OK",
        1 => "WARNING",
        2 => "CRITICAL",
        3 => "UNKNOWN",
        other => bail!("exit code {other}"),
    };
    ensure!(told.starts_with("POSTHASTE ") && told.contains(&format!(" {state} - ")), "{code}: {line}");
    Ok(Answer { code, text: told.to_owned(), figures: figures_of(figures)? })
}

/// Reads `'label'=value[UOM];warn;crit;min;max` strictly.
fn figures_of(mut text: &str) -> Result<Vec<(String, Option<f64>)>> {
    let mut figures = Vec::new();
    while !text.is_empty() {
        let rest = text.strip_prefix('\'').with_context(|| format!("no quote at {text:?}"))?;
        let (label, rest) = rest.split_once("'=").context("no end of the label")?;
        let (figure, more) = rest.split_once(' ').unwrap_or((rest, ""));
        let mut fields = figure.split(';');
        let value = fields.next().context("no value")?;
        let number = value.trim_end_matches(['s', '%', 'B', 'c']);
        let value =
            if number == "U" { None } else { Some(number.parse().context("the value is no number")?) };
        let limits: Vec<_> = fields.collect();
        ensure!(limits.len() == 4, "{figure}");
        for limit in limits.iter().filter(|limit| !limit.is_empty()) {
            limit.parse::<f64>().with_context(|| format!("{limit:?} in {figure}"))?;
        }
        figures.push((label.to_owned(), value));
        text = more;
    }
    Ok(figures)
}

async fn started(extra: &str) -> Result<(Server, Sink)> {
    let sink = Sink::start().await?;
    let options = ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).relay(sink.addr()).extra(extra);
    Ok((Server::started(options).await?, sink))
}

async fn until_code(server: &Server, words: &[&str], code: i32) -> Result<Answer> {
    let last = Mutex::new(String::new());
    wait::until(&format!("{words:?} to say {code}"), PATIENCE, async || {
        let answer = monitor(server, words).await?;
        *last.lock().map_err(|_| anyhow::anyhow!("poisoned"))? = format!("{answer:?}");
        Ok(answer.code == code)
    })
    .await
    .with_context(|| format!("{last:?}"))?;
    monitor(server, words).await
}

#[tokio::test]
async fn p28_checks_keep_the_contract_of_plugins() -> Result<()> {
    let (server, sink) = started("").await?;
    for what in ["runners", "queues", "oldest", "drain", "database", "relay", "disk", "ledger", "all"] {
        let answer = until_code(&server, &["check", what], 0).await?;
        ensure!(what == "ledger" || !answer.figures.is_empty(), "{answer:?}");
    }
    let canary = monitor(&server, &["check", "canary"]).await?;
    ensure!(canary.code == 3 || canary.code == 0, "{canary:?}");
    // The administrator's lines count.
    let strict = until_code(&server, &["check", "disk", "--warning", "101", "--critical", "0"], 1).await?;
    ensure!(strict.figures.iter().any(|(label, free)| label == "free" && free.is_some()), "{strict:?}");
    server.run(&["queue", "pause", "out"]).await?;
    let paused = until_code(&server, &["check", "queues"], 1).await?;
    ensure!(paused.text.contains("out rests"), "{paused:?}");
    sink.stop();
    server.run(&["queue", "resume", "out"]).await?;
    server.list_with_members("test@example.org", 1).await?;
    let text = posthaste_testkit::message::message("<a@b>", "m0@rcpt.example", "test@example.org", "x", 200);
    let to = vec!["test@example.org".to_owned()];
    let job = posthaste_testkit::source::Job::new("<a@b>", "m0@rcpt.example", to, &text);
    ensure!(server.source().send(job).await?.accepted == 1);
    let down = until_code(&server, &["check", "relay"], 1).await?;
    ensure!(down.text.contains("has been away"), "{down:?}");
    let all = monitor(&server, &["check", "all"]).await?;
    ensure!(all.code == 1 && all.text.contains("relay WARNING"), "{all:?}");
    let json: Value = serde_json::from_slice(&server.cli(&["--json", "check", "relay"]).await?.stdout)?;
    assert_eq!(json.get("state"), Some(&Value::from("WARNING")));
    Ok(())
}

#[tokio::test]
async fn p28_a_frozen_server_is_unknown_within_the_plugins_own_time() -> Result<()> {
    let (mut server, _sink) = started("").await?;
    until_code(&server, &["check", "all"], 0).await?;
    server.signal(Signal::STOP)?;
    for what in ["all", "oldest"] {
        let began = Instant::now();
        let answer = monitor(&server, &["check", what, "--timeout", "2"]).await?;
        let took = began.elapsed();
        server.signal(Signal::STOP)?;
        ensure!(answer.code == 3 && answer.text.contains("does not answer"), "{answer:?}");
        ensure!(took < Duration::from_secs(10), "{took:?}");
    }
    let doctor = server.cli(&["doctor"]).await?;
    let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
    ensure!(doctor.status.code() == Some(1) && told.contains("systemctl restart posthaste"), "{told}");
    server.signal(Signal::CONT)?;
    until_code(&server, &["check", "all"], 0).await?;
    server.sigterm().await?;
    let gone = monitor(&server, &["check", "all"]).await?;
    ensure!(gone.code == 3 && gone.text.contains("no server is running"), "{gone:?}");
    // A word we do not know, and a file that is not there, are doubts as well.
    for words in [&["check", "weather"][..], &["check"], &["check", "disk", "--warning", "much"]] {
        assert_eq!(monitor(&server, words).await?.code, 3, "{words:?}");
    }
    std::fs::remove_file(server.config())?;
    assert_eq!(monitor(&server, &["check", "all"]).await?.code, 3);
    Ok(())
}

#[tokio::test]
async fn the_doctor_names_the_cause_and_one_command() -> Result<()> {
    let (mut server, sink) = started("[depends]\nrelay_owner = \"the postmasters\"\n").await?;
    wait::until("a healthy server", PATIENCE, async || Ok(server.cli(&["doctor"]).await?.status.success()))
        .await?;
    server.list_with_members("test@example.org", 1).await?;
    server.run(&["queue", "pause", "incoming"]).await?;
    let text = posthaste_testkit::message::message("<a@b>", "m0@rcpt.example", "test@example.org", "x", 200);
    let to = vec!["test@example.org".to_owned()];
    let job = posthaste_testkit::source::Job::new("<a@b>", "m0@rcpt.example", to, &text);
    ensure!(server.source().send(job).await?.accepted == 1);
    cause(&server, "paused", "posthaste queue resume incoming").await?;
    sink.stop();
    server.run(&["queue", "resume", "incoming"]).await?;
    let relay = cause(&server, "relay", "posthaste depends").await?;
    ensure!(relay.contains("the postmasters"), "{relay}");
    let depends = server.cli(&["--json", "depends"]).await?;
    assert_eq!(depends.status.code(), Some(4));
    let told: Value = serde_json::from_slice(&depends.stdout)?;
    let needs = told.get("needs").and_then(Value::as_array).context("needs")?;
    let relay = needs.iter().find(|need| need["name"] == "relay").context("the relay")?;
    assert_eq!(relay["owner"], "the postmasters");
    assert_eq!(
        (relay["reachable"].as_bool(), relay["port"].as_u64()),
        (Some(false), Some(sink.addr().port().into()))
    );
    let database = needs.iter().find(|need| need["name"] == "database").context("the database")?;
    assert_eq!(database["reachable"], true);
    server.sigterm().await?;
    cause(&server, "stopped", "systemctl start posthaste").await?;
    Ok(())
}

/// Waits until the doctor finds this cause first and gives this command; gives the cause in words.
async fn cause(server: &Server, kind: &str, command: &str) -> Result<String> {
    let last = Mutex::new(Value::Null);
    wait::until(&format!("the doctor to find {kind}"), PATIENCE, async || {
        let output = server.cli(&["--json", "doctor"]).await?;
        let told: Value = serde_json::from_slice(&output.stdout)?;
        last.lock().map_err(|_| anyhow::anyhow!("poisoned"))?.clone_from(&told);
        let first = told.pointer("/findings/0").cloned().unwrap_or_default();
        Ok(output.status.code() == Some(1)
            && first.get("kind") == Some(&kind.into())
            && first.get("command") == Some(&command.into()))
    })
    .await
    .with_context(|| format!("{last:?}"))?;
    let told = last.into_inner()?;
    Ok(told.pointer("/findings/0/cause").and_then(Value::as_str).unwrap_or_default().to_owned())
}
