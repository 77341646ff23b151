//! The newsgroup behind a list, on a real INN: posts become articles, articles become posts, each once.

#[expect(dead_code, reason = "not every test needs every helper")]
mod support;

use std::sync::Arc;

use anyhow::{Result, ensure};
use posthaste_testkit::sink::Caught;
use posthaste_testkit::source::Job;
use posthaste_testkit::{Inn, Server, Sink, wait};
use support::{LIST, PATIENCE, options};

async fn gateway(inn: &Inn, group: &str) -> Result<(Server, Sink, Vec<String>)> {
    let sink = Sink::keeping().await?;
    let news = format!("[news]\nhost = \"127.0.0.1\"\nport = {}\nevery = \"1s\"\n", inn.addr().port());
    let server = Server::started(options(&sink).extra(&news)).await?;
    let members = server.list_with_members(LIST, 2).await?;
    for (key, value) in [("linked_newsgroup", group), ("gateway_to_news", "yes"), ("gateway_to_mail", "yes")]
    {
        server.run(&["list", "set", LIST, key, value]).await?;
    }
    Ok((server, sink, members))
}

async fn post(server: &Server, from: &str, id: &str) -> Result<()> {
    let message = format!(
        "From: {from}\r\nTo: {LIST}\r\nSubject: About {id}\r\nMessage-ID: <{id}@x.example>\r\nControl: cancel <x@y>\r\n\
         Date: Sat, 02 May 2026 12:00:00 +0000\r\n\r\n.dot\r\n"
    );
    let sent = server.source().send(Job::new(id, from, vec![LIST.to_owned()], message.as_bytes())).await?;
    ensure!(sent.accepted == 1, "{sent:?}");
    Ok(())
}

async fn articles(inn: &Inn, group: &str, wanted: usize) -> Result<Vec<String>> {
    wait::until(&format!("{wanted} articles"), PATIENCE, async || {
        // INN starts a process for each reader, and turns away who comes too often.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        Ok(inn.articles(group).await?.len() >= wanted)
    })
    .await?;
    let articles = inn.articles(group).await?;
    ensure!(articles.len() == wanted, "{articles:#?}");
    Ok(articles)
}

fn copies(sink: &Sink, subject: &str) -> usize {
    sink.read(|tally| tally.caught().iter().filter(|c: &&Arc<Caught>| c.text().contains(subject)).count())
}

#[tokio::test]
async fn posts_become_articles_and_articles_become_posts() -> Result<()> {
    let inn = Inn::start(&["local.dev"]).await?;
    let (server, sink, members) = gateway(&inn, "local.dev").await?;
    post(&server, &members[0], "one").await?;
    let article = articles(&inn, "local.dev", 1).await?.remove(0);
    for has in [
        "Newsgroups: local.dev\r\n",
        "Subject: [Test] About one\r\n",
        "Message-ID: <one@x.example>\r\n",
        "\r\n.dot\r\n",
    ] {
        ensure!(article.contains(has), "no {has:?} in\n{article}");
    }
    ensure!(!article.contains("Control:") && !article.contains("X-MailFrom"), "{article}");
    server.wait_for_depth("news", 0, PATIENCE).await?;
    // The first look only notes where the group is: wait until it did, then something new comes.
    inn.post(
        "From: reader@far.example\nNewsgroups: local.dev\nSubject: probe\nMessage-ID: <p@far.example>\n\nx\n",
    )
    .await?;
    let number = std::sync::atomic::AtomicUsize::new(0);
    wait::until("an article becomes a post", PATIENCE, || async {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        // Another one as long as the first look has not been.
        if number.is_multiple_of(500) {
            inn.post(&format!(
                "From: {}\nNewsgroups: local.dev\nSubject: from the news\nMessage-ID: <n{number}@far.example>\n\nread me\n",
                members[0]
            ))
            .await?;
        }
        Ok(copies(&sink, "read me") > 0)
    })
    .await?;
    let copy = sink
        .read(|t| t.caught().iter().map(|c| c.text()).find(|c| c.contains("read me")))
        .unwrap_or_default();
    for has in
        ["To: test@example.org\r\n", "List-Id: <test.example.org>\r\n", "Subject: [Test] from the news\r\n"]
    {
        ensure!(copy.contains(has), "no {has:?} in\n{copy}");
    }
    // Neither our own article came back as a post, nor a post from the news as an article.
    let own = inn.articles("local.dev").await?.iter().filter(|a| a.contains("List-Id:")).count();
    ensure!(own == 1, "{own} articles of the list");
    ensure!(copies(&sink, "About one") == 2 || copies(&sink, "About one") == 1, "our own article came back");
    server.ledger_adds_up().await
}

#[tokio::test]
async fn a_news_server_that_is_away_gets_its_posts_later_and_once() -> Result<()> {
    let mut inn = Inn::start(&["local.dev", "local.mod=m"]).await?;
    let (mut server, _sink, members) = gateway(&inn, "local.mod").await?;
    server.run(&["list", "set", LIST, "newsgroup_moderation", "open_moderated"]).await?;
    server.run(&["list", "set", LIST, "nntp_prefix_subject_too", "no"]).await?;
    inn.stop();
    post(&server, &members[0], "waits").await?;
    server.wait_for_depth("out", 0, PATIENCE).await?;
    server.wait_for_depth("news", 1, PATIENCE).await?;
    inn.resume().await?;
    // It is asked again after a start at the latest.
    server.restart().await?;
    let article = articles(&inn, "local.mod", 1).await?.remove(0);
    ensure!(article.contains("Approved: test@example.org\r\n"), "{article}");
    ensure!(article.contains("Subject: About waits\r\n"), "{article}");
    server.wait_for_depth("news", 0, PATIENCE).await
}
