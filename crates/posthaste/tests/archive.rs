//! Our own archive, from the post to the page.

#[expect(dead_code, reason = "not every test needs every helper")]
mod support;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::source::Job;
use posthaste_testkit::{Port, Server, Sink};
use support::{LIST, PATIENCE, options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn post(server: &Server, from: &str, id: &str, more: &str) -> Result<()> {
    let message = format!(
        "From: Anne Person <{from}>\r\nTo: {LIST}\r\nSubject: About {id}\r\nMessage-ID: <{id}@x.example>\r\n{more}\r\nThe \
         text of {id}.\r\n"
    );
    let sent = server.source().send(Job::new(id, from, vec![LIST.to_owned()], message.as_bytes())).await?;
    ensure!(sent.accepted == 1, "{sent:?}");
    Ok(())
}

async fn stats(server: &Server) -> Result<serde_json::Value> {
    let all: serde_json::Value = serde_json::from_str(&server.run(&["--json", "archive", "stats"]).await?)?;
    Ok(all.get(0).cloned().unwrap_or_default())
}

fn files(folder: &Path) -> usize {
    let inner = std::fs::read_dir(folder).into_iter().flatten().flatten();
    inner.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

/// Kept once, whatever dies meanwhile; what comes out is what members got, and comes in again.
#[tokio::test]
async fn posts_are_kept_once_and_come_out_as_they_went_in() -> Result<()> {
    let sink = Sink::keeping().await?;
    let folder = tempfile::tempdir()?;
    let kept = folder.path().join("kept");
    let config = format!("[archive]\nkeep = true\nfolder = \"{}\"\n", kept.display());
    let mut server = Server::started(options(&sink).extra(&config)).await?;
    let members = server.list_with_members(LIST, 2).await?;
    post(&server, &members[0], "one", "Date: Mon, 1 Jan 2001 00:00:00 +0000\r\n").await?;
    post(&server, &members[0], "two", "In-Reply-To: <one@x.example>\r\n").await?;
    post(&server, &members[0], "secret", "X-No-Archive: yes\r\n").await?;
    // Who has a copy has one of a post that was planned for the archive, too.
    sink.wait_for(6, PATIENCE).await?;
    server.wait_for_depth("archive", 0, PATIENCE).await?;
    let held = stats(&server).await?;
    ensure!(held["messages"] == 2 && held["threads"] == 1, "{held}");
    ensure!(held["first"].as_str().is_some_and(|first| first.starts_with("2001-01-01")), "{held}");

    // The disk of the archive is away: mail goes on, the archive catches up.
    std::fs::rename(&kept, folder.path().join("aside"))?;
    std::fs::write(&kept, "a file where the folder was")?;
    post(&server, &members[0], "three", "").await?;
    sink.wait_for(8, PATIENCE).await?;
    server.wait_for_depth("archive", 1, PATIENCE).await?;
    server.crash().await?;
    std::fs::remove_file(&kept)?;
    std::fs::rename(folder.path().join("aside"), &kept)?;
    server.wait_for_depth("archive", 0, PATIENCE).await?;
    ensure!(stats(&server).await?["messages"] == 3, "{}", stats(&server).await?);
    server.run(&["archive", "check"]).await?;
    ensure!(files(&kept) == 3, "{} files", files(&kept));

    let mbox = folder.path().join("out.mbox.gz");
    let mbox = mbox.display().to_string();
    server.run(&["archive", "export", LIST, &mbox]).await?;
    let again: serde_json::Value =
        serde_json::from_str(&server.run(&["--json", "archive", "import", LIST, &mbox]).await?)?;
    ensure!(again["imported"] == 0 && again["there"] == 3, "{again}");
    let other = "other@example.org";
    server.run(&["list", "create", other]).await?;
    let new: serde_json::Value =
        serde_json::from_str(&server.run(&["--json", "archive", "import", other, &mbox]).await?)?;
    ensure!(new["imported"] == 3, "{new}");
    let back = folder.path().join("back.mbox");
    let back = back.display().to_string();
    server.run(&["archive", "export", other, &back]).await?;
    let plain = std::fs::read_to_string(&back)?;
    ensure!(plain.contains("Date: Mon, 1 Jan 2001 00:00:00 +0000\n"), "the author's date stays:\n{plain}");
    ensure!(plain.contains("The text of two.\n") && !plain.contains("secret"), "{plain}");
    let first = folder.path().join("first.mbox").display().to_string();
    server.run(&["archive", "export", LIST, &first]).await?;
    ensure!(std::fs::read_to_string(&first)? == plain, "what was brought in comes out the same");
    server.ledger_adds_up().await
}

/// Asks as a proxy would; the answer with its head.
async fn ask(web: SocketAddr, method: &str, path: &str, cookie: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(web).await?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: lists.example.org\r\nConnection: close\r\nCookie: {cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = vec![];
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The first piece of a copy between `before` and `end`.
fn between<'a>(text: &'a str, before: &str, end: char) -> Result<&'a str> {
    let found = text.split_once(before).and_then(|(_, rest)| rest.split_once(end));
    found.map(|(piece, _)| piece.trim()).with_context(|| format!("no {before:?} in\n{text}"))
}

/// A post is read where its copies say; members of a private list read it with the link that came by mail, nobody else does.
#[tokio::test]
async fn p39_a_post_is_read_at_its_address_by_whom_it_is_for() -> Result<()> {
    let sink = Sink::keeping().await?;
    let web = Port::reserve()?;
    let config = format!("[web]\nlisten = \"{}\"\nbase_url = \"https://lists.example.org/\"", web.addr());
    let server = Server::started(options(&sink).extra(&config)).await?;
    let members = server.list_with_members(LIST, 2).await?;
    post(&server, &members[0], "one", "").await?;
    sink.wait_for(2, PATIENCE).await?;
    server.wait_for_depth("archive", 0, PATIENCE).await?;
    let copy = sink.read(|tally| tally.caught().first().map(|c| c.text())).context("a copy")?;
    let copy = copy.replace("\r\n ", " ").replace("\n ", " ");
    let home = between(&copy, "List-Archive: <https://lists.example.org", '>')?;
    ensure!(home == format!("/archives/list/{LIST}/"), "{home}");
    let place = between(&copy, "Archived-At: <https://lists.example.org", '>')?;
    let page = ask(web.addr(), "GET", place, "", "").await?;
    ensure!(page.starts_with("HTTP/1.1 200") && page.contains("The text of one."), "{page}");
    ensure!(page.contains("Anne Person") && !page.contains(&members[0]), "an address for strangers: {page}");
    let overview = ask(web.addr(), "GET", home, "", "").await?;
    ensure!(overview.contains("About one") && overview.contains("1 post"), "{overview}");

    server.run(&["list", "set", LIST, "archive_policy", "private"]).await?;
    let hidden = ask(web.addr(), "GET", place, "", "").await?;
    ensure!(hidden.starts_with("HTTP/1.1 404") && !hidden.contains("About one"), "{hidden}");
    let form = |address: &str| format!("list={LIST}&address={address}").replace('@', "%40");
    for address in ["stranger@far.example", &members[1]] {
        let said = ask(web.addr(), "POST", "/archives/sign-in", "", &form(address)).await?;
        ensure!(said.starts_with("HTTP/1.1 200") && said.contains("is on its way"), "{said}");
    }
    sink.wait_for(3, PATIENCE).await?;
    let mail = sink.read(|tally| {
        tally.caught().iter().map(|c| c.text()).find(|t| t.contains("Subject: Read the archive"))
    });
    let mail = mail.context("the mail with the link")?;
    ensure!(mail.contains(&format!("To: {}", members[1])), "{mail}");
    let link = between(&mail, "https://lists.example.org", '\n')?;
    let entered = ask(web.addr(), "POST", link, "", "").await?;
    let cookie = between(&entered.replace("Set-Cookie", "set-cookie"), "set-cookie: ", ';')?.to_owned();
    let page = ask(web.addr(), "GET", place, &cookie, "").await?;
    ensure!(page.starts_with("HTTP/1.1 200") && page.contains("The text of one."), "{page}");
    let sent = sink.read(|tally| tally.caught().iter().map(|c| c.recipients.len()).sum::<usize>());
    ensure!(sent == 3, "a stranger got mail");
    Ok(())
}
