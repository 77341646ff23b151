//! The pages as members and crawlers meet them, over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::source::{Job, Outcome};
use posthaste_testkit::{Port, Server, ServerOptions, Sink};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LIST: &str = "test@example.org";
const PATIENCE: Duration = Duration::from_mins(1);

/// A server with pages for `https://lists.example.org/`, a list of five members, and a sink that keeps what it gets.
async fn server() -> Result<(Server, Sink, SocketAddr, Vec<String>)> {
    let sink = Sink::keeping().await?;
    let web = Port::reserve()?;
    let pages = format!("[web]\nlisten = \"{}\"\nbase_url = \"https://lists.example.org/\"", web.addr());
    let options = ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).relay(sink.addr()).extra(&pages);
    let server = Server::started(options).await?;
    let members = server.list_with_members(LIST, 5).await?;
    Ok((server, sink, web.addr(), members))
}

async fn post(server: &Server, from: &str, id: &str) -> Result<Outcome> {
    let message = format!(
        "From: {from}\r\nTo: {LIST}\r\nSubject: Hi\r\nMessage-ID: <{id}@x.example>\r\n\r\nThe text.\r\n"
    );
    server.source().send(Job::new(id, from, vec![LIST.to_owned()], message.as_bytes())).await
}

/// Asks as a proxy would; the answer with its head.
async fn ask(web: SocketAddr, method: &str, path: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(web).await?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: lists.example.org\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = vec![];
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// RFC 8058: the address in a member's own copy ends that membership by one POST, and no other, and not by being looked at.
#[tokio::test]
async fn a_member_leaves_by_the_address_in_their_own_copy() -> Result<()> {
    let (server, sink, web, members) = server().await?;
    server.run(&["list", "set", LIST, "personalize", "individual"]).await?;
    post(&server, &members[0], "a").await?;
    sink.wait_for(5, PATIENCE).await?;
    let leaver = &members[3];
    let copy = sink
        .read(|tally| tally.caught().iter().find(|c| c.recipients.contains(leaver)).map(|c| c.text()))
        .context("their copy")?;
    let fields = copy.split("\n\n").next().unwrap_or_default().replace('\r', "");
    ensure!(fields.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"), "{fields}");
    let path = fields
        .split_once("List-Unsubscribe: <https://lists.example.org")
        .and_then(|(_, rest)| rest.split_once('>'))
        .map(|(path, _)| path.to_owned())
        .with_context(|| format!("no address in {fields}"))?;

    let looked = ask(web, "GET", &path, "").await?;
    ensure!(looked.starts_with("HTTP/1.1 200") && looked.contains("Leave the list"), "{looked}");
    ensure!(server.run(&["member", "ls", LIST]).await?.contains(leaver.as_str()), "looking ended it");
    let forged = ask(web, "POST", &format!("{path}x"), "List-Unsubscribe=One-Click").await?;
    ensure!(forged.starts_with("HTTP/1.1 403"), "{forged}");

    // Once, and once more as impatient programs do.
    for _ in 0..2 {
        let left = ask(web, "POST", &path, "List-Unsubscribe=One-Click").await?;
        ensure!(left.starts_with("HTTP/1.1 200"), "{left}");
    }
    let left = server.run(&["member", "ls", LIST]).await?;
    for member in &members {
        assert_eq!(left.contains(member.as_str()), member != leaver, "{member}: {left}");
    }
    Ok(())
}

/// P20: what befalls the pages befalls the pages. Hundreds of clients that never finish their request, and crawlers that
/// never stop, while posts go all the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p20_mail_goes_all_the_way_while_the_pages_are_overrun() -> Result<()> {
    const POSTS: usize = 40;
    let (server, sink, web, members) = server().await?;
    let mut stuck = vec![];
    for _ in 0..400 {
        // The backlog of a full door may refuse some; those that are in are what counts.
        if let Ok(Ok(mut stream)) =
            tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(web)).await
        {
            let _ = stream.write_all(b"GET /status HTTP/1.1\r\nHost: lists.example.org\r\nX-Slow: ").await;
            stuck.push(stream);
        }
    }
    ensure!(stuck.len() >= 50, "only {} clients came through the door", stuck.len());
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let crawlers: Vec<_> = (0..8)
        .map(|_| {
            let (stop, asked) = (stop.clone(), asked.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    asked.fetch_add(1, Ordering::Relaxed);
                    let _ =
                        tokio::time::timeout(Duration::from_secs(1), ask(web, "GET", "/status", "")).await;
                }
            })
        })
        .collect();
    for i in 0..POSTS {
        let sent = post(&server, &members[0], &format!("p{i}")).await?;
        ensure!(sent.accepted == 1, "{sent:?}");
    }
    sink.wait_for((POSTS * members.len()) as u64, PATIENCE).await?;
    assert_eq!(sink.tally().duplicates(), 0);
    ensure!(asked.load(Ordering::Relaxed) > 0, "nobody crawled");
    stop.store(true, Ordering::Relaxed);
    for crawler in crawlers {
        crawler.await?;
    }
    // Those who never finish are shown out, and the pages are there again.
    drop(stuck);
    let status = ask(web, "GET", "/status", "").await?;
    ensure!(status.starts_with("HTTP/1.1 200"), "{status}");
    Ok(())
}
