//! The operations pages of a running server, over HTTP: how operators come in, and what strangers do not see.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::{Port, Server, ServerOptions, wait};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_mins(1);

/// An answer: the whole text, head first.
async fn ask(at: SocketAddr, method: &str, path: &str, head: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(at).await?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n{head}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = vec![];
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

async fn get(at: SocketAddr, path: &str, head: &str) -> Result<String> {
    ask(at, "GET", path, head, "").await
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or_default()
}

/// The path of a fresh link.
async fn invitation(server: &Server, at: SocketAddr) -> Result<String> {
    let link = server.run(&["ops", "login", "--name", "Olive"]).await?;
    let path = link.trim().strip_prefix(&format!("http://{at}")).map(str::to_owned);
    path.with_context(|| format!("not a link of ours: {link}"))
}

/// `Cookie: …` of a session opened by the link.
async fn log_in(at: SocketAddr, path: &str) -> Result<String> {
    let answer = ask(at, "POST", path, &format!("Origin: http://{at}\r\n"), "").await?;
    let cookie = answer.split_once("set-cookie: ").and_then(|(_, rest)| rest.split(';').next());
    Ok(format!("Cookie: {}\r\n", cookie.with_context(|| format!("no cookie: {answer}"))?))
}

#[tokio::test]
async fn an_operator_comes_in_by_a_link_and_stays_over_a_restart() -> Result<()> {
    let (web, figures) = (Port::reserve()?, Port::reserve()?);
    let folder = tempfile::tempdir()?;
    let token = folder.path().join("token");
    std::fs::write(&token, "a long random word\n")?;
    let pages = format!(
        "[web]\nlisten = \"{}\"\n[metrics]\nlisten = \"{}\"\ntoken_file = {:?}",
        web.addr(),
        figures.addr(),
        token.display().to_string()
    );
    let options =
        ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).extra(&pages).environment("RUST_LOG", "trace");
    let mut server = Server::started(options).await?;
    let at = web.addr();

    let stranger = get(at, "/ops", "").await?;
    ensure!(status(&stranger) == "303" && stranger.contains("location: /ops/login"), "{stranger}");
    for (path, wanted) in
        [("/status", "200"), ("/livez", "200"), ("/metrics", "401"), ("/health", "401"), ("/x", "404")]
    {
        assert_eq!(status(&get(at, path, "").await?), wanted, "{path}");
    }
    let bearer = "Authorization: Bearer a long random word\r\n";
    ensure!(get(at, "/metrics", bearer).await?.contains("posthaste_build_info"));
    for (path, wanted) in
        [("/metrics", "200"), ("/health", "200"), ("/readyz", "200"), ("/ops", "404"), ("/status", "404")]
    {
        assert_eq!(status(&get(figures.addr(), path, "").await?), wanted, "{path} of the figures' own door");
    }

    let link = invitation(&server, at).await?;
    let cookie = log_in(at, &link).await?;
    ensure!(status(&ask(at, "POST", &link, "", "").await?) == "403", "a link works once");
    let page = get(at, "/ops", &cookie).await?;
    for told in ["<h1>", "incoming", "What it needs of others", "Canary", "Olive"] {
        ensure!(page.contains(told), "{told} is not on the page");
    }

    server.sigterm().await?;
    server.start().await?;
    wait::until("the pages are back", PATIENCE, async || Ok(get(at, "/livez", "").await.is_ok())).await?;
    ensure!(status(&get(at, "/ops", &cookie).await?) == "200", "a restart throws nobody out");
    ensure!(status(&ask(at, "POST", &link, "", "").await?) == "403", "and no link works again");

    // Secrets stand in no log, however much is logged, and in no file.
    let log = server.log();
    let secret = cookie.trim().rsplit('=').next().context("the cookie")?;
    let tail = link.rsplit('/').next().context("the link")?;
    for (what, word) in [("the session", secret), ("the link", tail), ("the token", "a long random word")] {
        ensure!(!log.contains(word), "{what} stands in the log");
    }
    let kept = std::fs::read_to_string(server.state().join("ops-sessions.json"))?;
    ensure!(kept.contains("Olive") && !kept.contains(secret), "{kept}");
    Ok(())
}

#[tokio::test]
async fn without_pages_there_is_no_link_and_the_fix_is_said() -> Result<()> {
    let server = Server::started(ServerOptions::new(env!("CARGO_BIN_EXE_posthaste"))).await?;
    let said = server.cli(&["ops", "login"]).await?;
    let told = String::from_utf8_lossy(&said.stderr).into_owned();
    ensure!(!said.status.success() && told.contains("set [web] listen"), "{told}");
    Ok(())
}
