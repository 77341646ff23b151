//! The real `mailmanclient`, unpatched, making every call it has, on every database.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::mariadb::Mariadb;
use posthaste_testkit::postgres::Postgres;
use posthaste_testkit::{Port, Server, ServerOptions, Sink};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_mins(5);

/// Python with the client in it: `cargo xtask test` makes it.
fn python() -> Result<PathBuf> {
    let python = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/python/bin/python3");
    ensure!(python.exists(), "{} is not there: run `cargo xtask test` once", python.display());
    Ok(python)
}

async fn every_call(database: Option<&str>) -> Result<()> {
    let (sink, rest) = (Sink::start().await?, Port::reserve()?);
    let toml = format!("[rest]\nlisten = \"{}\"\npassword = \"restpass\"", rest.addr());
    let mut options = ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).relay(sink.addr()).extra(&toml);
    if let Some(url) = database {
        options = options.database(url);
    }
    let server = Server::started(options).await?;
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mailmanclient/every_call.py");
    let running = tokio::process::Command::new(python()?)
        .arg(script)
        .args([&format!("http://{}", rest.addr()), "restadmin", "restpass"])
        .kill_on_drop(true)
        .output();
    let done = tokio::time::timeout(PATIENCE, running).await.context("the script takes too long")??;
    ensure!(
        done.status.success(),
        "{}{}\n{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
        server.log()
    );
    Ok(())
}

#[tokio::test]
async fn every_call_on_sqlite() -> Result<()> {
    every_call(None).await
}

#[tokio::test]
async fn every_call_on_postgresql() -> Result<()> {
    let server = Postgres::new()?;
    every_call(Some(&server.create_database("rest")?)).await
}

#[tokio::test]
async fn every_call_on_mariadb() -> Result<()> {
    let server = Mariadb::new()?;
    every_call(Some(&server.create_database("rest")?)).await
}

/// The first line of the answer, and its body.
async fn ask(rest: SocketAddr, login: &str, method: &str, path: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(rest).await?;
    let request = format!(
        "{method} /3.1/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\
         Authorization: {login}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await??;
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).context("a status")?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    Ok((status, body.unwrap_or_default()))
}

/// Without a password only tokens let anybody in, as far as they reach, until they are revoked; the audit log names them.
#[tokio::test]
async fn tokens_are_made_used_and_revoked() -> Result<()> {
    let (sink, rest) = (Sink::start().await?, Port::reserve()?);
    let toml = format!("[rest]\nlisten = \"{}\"", rest.addr());
    let options = ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).relay(sink.addr()).extra(&toml);
    let server = Server::started(options).await?;
    server.list_with_members("test@example.org", 2).await?;
    server.list_with_members("other@example.org", 2).await?;
    let words =
        ["token", "create", "backup", "--can", "read,settings", "--list", "test@example.org", "--days", "3"];
    let made = server.cli(&words).await?;
    let token = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    ensure!(made.status.success() && token.starts_with("pht_"), "{made:?}");
    let again = server.cli(&words).await?;
    ensure!(again.status.code() == Some(2), "a name is there once: {again:?}");
    let bearer = format!("Bearer {token}");
    for (login, method, path, wanted) in [
        (&*bearer, "GET", "lists/test.example.org", 200),
        (&*bearer, "GET", "lists/other.example.org", 403),
        (&*bearer, "DELETE", "domains/example.org", 403),
        ("Basic cmVzdGFkbWluOnJlc3RwYXNz", "GET", "lists/test.example.org", 401),
        ("Basic cmVzdGFkbWluOg==", "GET", "lists/test.example.org", 401),
    ] {
        let (status, body) = ask(rest.addr(), login, method, path).await?;
        ensure!(status == wanted, "{method} {path}: {status} {body}");
    }
    let (status, body) = ask(rest.addr(), &bearer, "DELETE", "lists/test.example.org").await?;
    ensure!(status == 204, "{status} {body}");
    let told = server.cli(&["audit", "ls", "--who", "token backup"]).await?;
    ensure!(String::from_utf8_lossy(&told.stdout).contains("test.example.org"), "{told:?}");
    let listed = server.cli(&["token", "ls", "--json"]).await?;
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout)?;
    ensure!(listed[0]["last_used_at"].is_string() && listed[0]["expires_at"].is_string(), "{listed}");
    ensure!(!listed.to_string().contains(&token), "what it is is not known any more");
    server.run(&["token", "revoke", "backup"]).await?;
    ensure!(ask(rest.addr(), &bearer, "GET", "lists").await?.0 == 401, "it was revoked");
    ensure!(
        server.cli(&["token", "revoke", "backup"]).await?.status.code() == Some(1),
        "there is none any more"
    );
    Ok(())
}

/// Passwords do not travel readable by accident.
#[tokio::test]
async fn other_machines_are_not_served_without_being_told_to() -> Result<()> {
    let sink = Sink::start().await?;
    let options = |more: &str| {
        let toml = format!("[rest]\nlisten = \"0.0.0.0:8001\"\n{more}");
        ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).relay(sink.addr()).extra(&toml)
    };
    let refused = Server::prepare(options(""))?.cli(&["config", "check"]).await?;
    let told =
        String::from_utf8_lossy(&refused.stdout).into_owned() + &String::from_utf8_lossy(&refused.stderr);
    ensure!(!refused.status.success() && told.contains("rest.without_tls = true"), "{told}");
    let taken = Server::prepare(options("without_tls = true"))?.cli(&["config", "check"]).await?;
    ensure!(taken.status.success(), "{taken:?}");
    Ok(())
}
