//! Archives that others keep: every post once, also while they are away.

#[expect(dead_code, reason = "not every test needs every helper")]
mod support;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::source::Job;
use posthaste_testkit::{Hook, Server, Sink, wait};
use support::{LIST, PATIENCE, options};

const PATH: &str = "/hk/api/mailman/archive";

async fn post(server: &Server, from: &str, id: &str, more: &str) -> Result<()> {
    let message = format!(
        "From: {from}\r\nTo: {LIST}\r\nSubject: About {id}\r\nMessage-ID: <{id}@x.example>\r\n{more}\r\nThe text.\r\n"
    );
    let sent = server.source().send(Job::new(id, from, vec![LIST.to_owned()], message.as_bytes())).await?;
    ensure!(sent.accepted == 1, "{sent:?}");
    Ok(())
}

#[tokio::test]
async fn hyperkitty_and_files_get_each_post_once_and_wait_for_nobody() -> Result<()> {
    let (sink, hook) = (Sink::keeping().await?, Hook::start().await?);
    hook.say("{\"url\": \"https://a.example/list/test@example.org/message/X/\"}");
    let folder = tempfile::tempdir()?;
    let at = folder.path().display();
    std::fs::write(folder.path().join("key"), "SecretKey\n")?;
    let config = format!(
        "[archivers]\nhyperkitty_url = \"{}\"\nhyperkitty_public_url = \"https://a.example/\"\n\
         hyperkitty_key_file = \"{at}/key\"\nmaildir = \"{at}/maildir\"\nmbox = \"{at}/mbox\"\n",
        hook.url("/hk/")
    );
    let mut server = Server::started(options(&sink).extra(&config)).await?;
    let members = server.list_with_members(LIST, 2).await?;
    post(&server, &members[0], "one", "").await?;
    let called = hook.wait_for(PATH, "Message-ID: <one@x.example>", PATIENCE).await?;
    for has in [
        "name=\"mlist\"\r\n\r\ntest@example.org\r\n",
        "filename=\"message.txt\"",
        "The text.",
        "Subject: [Test] About one",
    ] {
        ensure!(called.body.contains(has), "no {has:?} in\n{}", called.body);
    }
    ensure!(!called.body.contains("mailing list -- "), "decorated:\n{}", called.body);
    sink.wait_for(2, PATIENCE).await?;
    let copy = sink.read(|tally| tally.caught().first().map(|c| c.text())).context("a copy")?;
    ensure!(copy.contains("List-Archive: <https://a.example/list/test@example.org/>"), "{copy}");
    ensure!(copy.contains("Archived-At: <https://a.example/list/test@example.org/message/"), "{copy}");
    server.wait_for_depth("archive", 0, PATIENCE).await?;

    // Away: posts go to members, the archive's copies wait, a crash loses none, and none is brought twice.
    hook.answer(503);
    post(&server, &members[0], "two", "").await?;
    post(&server, &members[0], "secret", "X-No-Archive: yes\r\n").await?;
    sink.wait_for(6, PATIENCE).await?;
    server.wait_for_depth("archive", 1, PATIENCE).await?;
    server.crash().await?;
    hook.answer(200);
    server.wait_for_depth("archive", 0, PATIENCE).await?;
    let brought = |id: &str| hook.called(PATH).iter().filter(|c| c.body.contains(id)).count();
    ensure!(brought("<one@x.example>") == 1, "one was brought {} times", brought("<one@x.example>"));
    ensure!(
        brought("<two@x.example>") >= 1 && brought("<secret@x.example>") == 0,
        "wrong posts in the archive"
    );
    let mbox = std::fs::read_to_string(folder.path().join("mbox/test@example.org.mbox"))?;
    let new = folder.path().join("maildir/test@example.org/new");
    ensure!(mbox.matches("\nMessage-ID: <").count() == 2, "{mbox}");
    ensure!(std::fs::read_dir(new)?.count() == 2, "the maildir");

    // Switched off for this list, and for its posts no link is promised.
    server.run(&["list", "set", LIST, "disabled_archivers", "hyperkitty\nmbox"]).await?;
    post(&server, &members[0], "three", "").await?;
    wait::until("the third in the maildir", PATIENCE, async || {
        Ok(std::fs::read_dir(folder.path().join("maildir/test@example.org/new"))?.count() == 3)
    })
    .await?;
    ensure!(brought("<three@x.example>") == 0, "it was switched off");
    server.ledger_adds_up().await
}
