//! What people read: overrides of list, domain and site, from the command line, from files and from the web.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use posthaste_testkit::sink::{Caught, Tally};
use posthaste_testkit::source::Job;
use posthaste_testkit::{Server, ServerOptions, Sink};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const LIST: &str = "test@example.org";
const PATIENCE: Duration = Duration::from_mins(1);
const HOLD: &str = "list:user:notice:hold";
const FOOTER: &str = "list:member:regular:footer";

async fn server() -> Result<(Server, Sink, Vec<String>)> {
    let sink = Sink::keeping().await?;
    let server =
        Server::started(ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).relay(sink.addr())).await?;
    let members = server.list_with_members(LIST, 2).await?;
    Ok((server, sink, members))
}

async fn post(server: &Server, from: &str, id: &str) -> Result<()> {
    let message = format!(
        "From: {from}\r\nTo: {LIST}\r\nSubject: Hi $listname\r\nMessage-ID: <{id}@x.example>\r\n\r\nThe text.\r\n"
    );
    server.source().send(Job::new(id, from, vec![LIST.to_owned()], message.as_bytes())).await?;
    Ok(())
}

/// The first mail for `recipient`, decoded as far as plain text goes.
async fn mail_for(sink: &Sink, recipient: &str) -> Result<String> {
    let theirs = |c: &&Arc<Caught>| c.recipients.iter().any(|r| r == recipient);
    let got = |tally: &Tally| tally.caught().iter().any(|c| theirs(&c));
    sink.wait_until(&format!("mail for {recipient}"), PATIENCE, got).await?;
    sink.read(|tally| tally.caught().iter().find(theirs).map(|c| c.text())).context("a copy")
}

/// The nearest override wins, each falls back to the next, and the last is ours; names in a subject are not expanded.
#[tokio::test]
async fn the_nearest_text_is_used() -> Result<()> {
    let (server, sink, _) = server().await?;
    let told = server.run_with(&["template", "set", HOLD, "-"], b"Site: $subject $sujet\n").await?;
    assert!(told.contains("$sujet means nothing"), "{told}");
    server.run_with(&["template", "set", HOLD, "-", "--domain", "example.org"], b"Domain\n").await?;
    let own = b"Subject: Ours about $subject\n\nList: ${sender}\n$reasons\n";
    server.run_with(&["template", "set", HOLD, "-", "--list", LIST], own).await?;
    post(&server, "a@far.example", "a").await?;
    let mail = mail_for(&sink, "a@far.example").await?;
    assert!(mail.contains("Subject: Ours about Hi $listname\r\n"), "{mail}");
    assert!(mail.contains("List: a@far.example\r\n    The"), "{mail}");
    server.run(&["template", "rm", HOLD, "--list", LIST]).await?;
    post(&server, "b@far.example", "b").await?;
    assert!(mail_for(&sink, "b@far.example").await?.contains("\r\n\r\nDomain\r\n"));
    server.run(&["template", "rm", HOLD, "--domain", "example.org"]).await?;
    post(&server, "c@far.example", "c").await?;
    assert!(mail_for(&sink, "c@far.example").await?.contains("\r\n\r\nSite: Hi $listname $sujet\r\n"));
    let checked = server.cli(&["template", "check"]).await?;
    assert_eq!(checked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&checked.stdout).contains("$sujet means nothing"), "{checked:?}");
    server.run(&["template", "rm", HOLD]).await?;
    post(&server, "d@far.example", "d").await?;
    assert!(mail_for(&sink, "d@far.example").await?.contains("waits until a moderator"));
    let unknown = server.cli(&["template", "show", "list:user:notice:holt"]).await?;
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean list:user:notice:hold?"));
    Ok(())
}

/// The list speaks its language; a text for that language beats one for all, and files beat what is built in.
#[tokio::test]
async fn people_are_written_to_in_their_language() -> Result<()> {
    let (server, sink, members) = server().await?;
    server.run(&["list", "set", LIST, "preferred_language", "de"]).await?;
    post(&server, "a@far.example", "a").await?;
    let mail = mail_for(&sink, "a@far.example").await?;
    assert!(mail.contains("Moderation") && !mail.contains("waits"), "{mail}");
    server.run_with(&["template", "set", HOLD, "-", "--list", LIST], b"For all\n").await?;
    server
        .run_with(&["template", "set", HOLD, "-", "--list", LIST, "--language", "de"], b"Deutsch\n")
        .await?;
    post(&server, "b@far.example", "b").await?;
    assert!(mail_for(&sink, "b@far.example").await?.contains("\r\n\r\nDeutsch\r\n"));
    let folder = server.state().join("templates/site/de");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{FOOTER}.txt")), "-- \nAus der Datei: $list_id\n")?;
    post(&server, &members[0], "c").await?;
    let copy = mail_for(&sink, &members[1]).await?;
    assert!(copy.ends_with("-- \r\nAus der Datei: test.example.org\r\n"), "{copy}");
    // What the owner set stands above what the site has, and what was set as a text above both.
    server.run(&["list", "set", LIST, "footer", "Owner's"]).await?;
    assert!(server.run(&["template", "show", FOOTER, "--list", LIST]).await?.contains("Owner's"));
    server.run_with(&["template", "set", FOOTER, "-", "--list", LIST], b"Text\n").await?;
    assert!(server.run(&["template", "show", FOOTER, "--list", LIST]).await?.contains("Text"));
    Ok(())
}

/// A text behind an address: asked for once, with the list's id in it; one that is away leaves the post unharmed.
#[tokio::test]
async fn texts_come_from_the_web_and_never_hold_up_a_post() -> Result<()> {
    let (server, sink, members) = server().await?;
    let web = TcpListener::bind("127.0.0.1:0").await?;
    let (addr, asked) = (web.local_addr()?, Arc::new(AtomicUsize::new(0)));
    let counted = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = web.accept().await {
            let mut head = vec![0; 4096];
            let read = stream.read(&mut head).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            counted.fetch_add(1, Ordering::SeqCst);
            let good = head.starts_with("GET /test.example.org/en ")
                && head.to_lowercase().contains("basic dTpw".to_lowercase().as_str());
            let (status, body) =
                if good { ("200 OK", "From the web for $listname\n") } else { ("500 No", "") };
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let password = server.folder().join("password");
    std::fs::write(&password, "p\n")?;
    let uri = format!("http://{addr}/$list_id/$language");
    let file = password.to_string_lossy().into_owned();
    let words =
        ["template", "set", FOOTER, "--uri", &uri, "--user", "u", "--password-file", &file, "--list", LIST];
    server.run(&words).await?;
    for id in ["a", "b"] {
        post(&server, &members[0], id).await?;
    }
    sink.wait_for(4, PATIENCE).await?;
    for caught in sink.read(|tally| tally.caught().iter().map(|c| c.text()).collect::<Vec<_>>()) {
        assert!(caught.ends_with("From the web for test@example.org\r\n"), "{caught}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "the second post uses the copy");
    // Refused, broken, missing: the next place is asked, and the post goes out.
    let domain = ["template", "set", FOOTER, "-", "--domain", "example.org"];
    server.run_with(&domain, b"The domain's\n").await?;
    for (n, bad) in
        ["http://127.0.0.1:9/x", &format!("http://{addr}/500"), "file:///no/such/file"].iter().enumerate()
    {
        server.run(&["template", "set", FOOTER, "--uri", bad, "--list", LIST]).await?;
        post(&server, &members[0], &format!("bad{n}")).await?;
        let id = format!("<bad{n}@x.example>");
        sink.wait_until("the post", PATIENCE, |tally| tally.reached(&id) == 2).await?;
    }
    let texts = sink.read(|tally| tally.caught().iter().map(|c| c.text()).collect::<Vec<_>>());
    assert_eq!(texts.iter().filter(|t| t.ends_with("The domain's\r\n")).count(), 3, "a copy for both");
    let checked = server.cli(&["template", "check"]).await?;
    assert!(String::from_utf8_lossy(&checked.stdout).contains("/no/such/file"), "{checked:?}");
    server.ledger_adds_up().await
}
