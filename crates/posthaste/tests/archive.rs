//! Our own archive, from the post to the page.

#[expect(dead_code, reason = "not every test needs every helper")]
mod support;

use std::path::Path;

use anyhow::{Result, ensure};
use posthaste_testkit::source::Job;
use posthaste_testkit::{Server, Sink};
use support::{LIST, PATIENCE, options};

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
