//! The command line of Mailman: what each sub-command prints, and the code it ends with, with and without a server.

#[expect(dead_code, reason = "not every test needs every helper")]
mod support;

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use posthaste_testkit::{Server, ServerOptions, Sink, wait};
use serde_json::Value;
use support::{LIST, PATIENCE, options};

/// What a command told.
#[derive(Debug)]
struct Told {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Told {
    /// It ended well, and told exactly this; nothing on standard error.
    #[track_caller]
    fn says(&self, out: &str) {
        assert_eq!((self.code, self.out.as_str(), self.err.as_str()), (Some(0), out, ""));
    }

    /// It ended well, told `out`, and this on standard error.
    #[track_caller]
    fn says_both(&self, out: &str, err: &str) {
        assert_eq!((self.code, self.out.as_str(), self.err.as_str()), (Some(0), out, err));
    }

    /// A usage error with this reason, in the shape scripts know.
    #[track_caller]
    fn refuses(&self, why: &str) {
        assert_eq!((self.code, self.out.as_str()), (Some(2), ""), "{}", self.err);
        assert!(self.err.starts_with("Usage: mailman"), "{}", self.err);
        assert!(self.err.contains("--help' for help.\n\nError: "), "{}", self.err);
        let (_, reason) = self.err.split_once("\n\nError: ").unwrap_or_default();
        assert!(reason.starts_with(why), "{why:?} is not why: {}", self.err);
    }
}

/// Runs `mailman` with the configuration of this server.
async fn mailman(server: &Server, words: &[&str]) -> Result<Told> {
    with_input(server, words, "").await
}

async fn with_input(server: &Server, words: &[&str], input: &str) -> Result<Told> {
    let words: Vec<_> = ["mailman", "--run-as-root"].iter().chain(words).copied().collect();
    let output = server.cli_with(&words, input.as_bytes()).await?;
    Ok(Told {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// An installation whose server does not run.
fn house() -> Result<Server> {
    Server::prepare(ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).quiet())
}

/// One that does, with a sink that keeps what it gets, and an owner of the list.
async fn running() -> Result<(Server, Sink)> {
    let sink = Sink::keeping().await?;
    let server = Server::started(options(&sink).quiet()).await?;
    mailman(&server, &["create", "-q", "-o", "owner@example.org", LIST]).await?.says("");
    Ok((server, sink))
}

/// Waits for a mail to `who` that has all these words; gives it.
async fn mail(sink: &Sink, who: &str, words: &[&str]) -> Result<String> {
    let find = |tally: &posthaste_testkit::sink::Tally| {
        let theirs = tally.caught().iter().filter(|c| c.recipients.iter().any(|r| r == who));
        theirs.map(|c| c.text()).find(|text| words.iter().all(|word| text.contains(word)))
    };
    sink.wait_until(&format!("mail for {who} with {words:?}"), PATIENCE, |tally| find(tally).is_some())
        .await?;
    sink.read(find).context("a mail")
}

async fn listing(server: &Server, words: &[&str]) -> Result<Vec<String>> {
    let told = mailman(server, words).await?;
    ensure!(told.code == Some(0) && told.err.is_empty(), "{told:?}");
    Ok(told.out.lines().map(str::to_owned).collect())
}

#[tokio::test]
async fn lists_are_made_shown_and_removed() -> Result<()> {
    let server = house()?;
    mailman(&server, &["lists"]).await?.says("No matching mailing lists found\n");
    mailman(&server, &["lists", "-q"]).await?.says("");
    mailman(&server, &["create", "Ant@Example.com"]).await?.says("Created mailing list: ant@example.com\n");
    mailman(
        &server,
        &["create", "-q", "--language", "de", "--style-name", "private-default", "bee@example.org"],
    )
    .await?
    .says("");
    server.run(&["list", "set", "ant@example.com", "description", "About ants"]).await?;
    mailman(&server, &["lists"])
        .await?
        .says("2 matching mailing lists found:\nant@example.com\nbee@example.org\n");
    mailman(&server, &["lists", "-q", "-n"]).await?.says("ant@example.com [Ant]\nbee@example.org [Bee]\n");
    mailman(&server, &["lists", "-q", "-n", "-d", "-N"])
        .await?
        .says("ant@example.com - About ants\nbee@example.org -\n");
    mailman(&server, &["lists", "--advertised"])
        .await?
        .says("1 matching mailing lists found:\nant@example.com\n");
    mailman(&server, &["lists", "-q", "--domain", "example.org"]).await?.says("bee@example.org\n");
    mailman(&server, &["lists", "-q", "--domain", "x.org", "--domain", "EXAMPLE.com"])
        .await?
        .says("ant@example.com\n");
    let language = server.run(&["list", "show", "bee@example.org", "preferred_language"]).await?;
    assert_eq!(language, "de\n");
    for (words, why) in [
        (&["create", "--language", "xx", "c@example.com"][..], "Invalid language code: xx"),
        (&["create", "-o", "nobody", "-o", "a b", "c@example.com"], "Illegal owner addresses: nobody, a b"),
        (&["create", "--style-name", "fancy", "c@example.com"], "Unknown list style name: fancy"),
        (&["create", "c/d@example.com"], "Illegal list name: c/d@example.com"),
        (&["create", "ant@example.com"], "List already exists: ant@example.com"),
        (&["create", "-D", "c@nowhere.example"], "Undefined domain: nowhere.example"),
        (&["create"], "Missing argument 'LISTNAME'."),
    ] {
        mailman(&server, words).await?.refuses(why);
    }
    mailman(&server, &["remove", "ant.example.com"]).await?.says("Removed list: ant.example.com\n");
    mailman(&server, &["remove", "ant.example.com"])
        .await?
        .says("No such list matching spec: ant.example.com\n");
    mailman(&server, &["remove", "-q", "bee@example.org"]).await?.says("");
    mailman(&server, &["remove", "-q", "bee@example.org"]).await?.says("");
    mailman(&server, &["lists", "-q"]).await?.says("");
    let audited = server.run(&["audit", "ls"]).await?;
    assert!(audited.contains("bee.example.org") && audited.contains("create"), "{audited}");
    Ok(())
}

#[tokio::test]
async fn members_are_shown_as_asked() -> Result<()> {
    let server = house()?;
    mailman(&server, &["create", "-q", "-o", "Owner@example.org", LIST]).await?.says("");
    mailman(&server, &["members", LIST]).await?.says("test.example.org has no members\n");
    mailman(&server, &["members", "-c", LIST]).await?.says("0\n");
    let people = "# all of them\nZoe <zoe@x.example>\n\n\"Doe, Jane\" <Jane@x.example>\nanne@x.example\n";
    with_input(&server, &["addmembers", "-W", "-", LIST], people).await?.says("");
    with_input(&server, &["addmembers", "-W", "-d", "mime", "-", LIST], "mime@x.example\n").await?.says("");
    with_input(&server, &["addmembers", "-W", "-d", "plain", "-", LIST], "plain@x.example\n").await?.says("");
    with_input(&server, &["addmembers", "-W", "-d", "disabled", "-", LIST], "off@x.example\n")
        .await?
        .says("");
    let all = [
        "anne@x.example",
        "\"Doe, Jane\" <Jane@x.example>",
        "mime@x.example",
        "off@x.example",
        "plain@x.example",
        "Zoe <zoe@x.example>",
    ];
    assert_eq!(listing(&server, &["members", "test.example.org"]).await?, all);
    for (words, wanted) in [
        (&["-r"][..], &["anne@x.example", "Jane@x.example", "off@x.example", "zoe@x.example"][..]),
        (&["-d", "any"], &["mime@x.example", "plain@x.example"]),
        (&["-d", "plaintext"], &["plain@x.example"]),
        (&["-d", "mime"], &["mime@x.example"]),
        (&["-n", "byadmin"], &["off@x.example"]),
        (&["-n", "any"], &["off@x.example"]),
        (&["-n", "bybounces"], &[]),
        (&["-n", "enabled", "-d", "any"], &["mime@x.example", "plain@x.example"]),
        (&["-R", "owner"], &["Owner@example.org"]),
        (&["-R", "administrator"], &["Owner@example.org"]),
        (&["-R", "moderator"], &["test.example.org has no members"]),
    ] {
        let words: Vec<_> = ["members", "-e"].iter().chain(words).chain(&[LIST]).copied().collect();
        assert_eq!(listing(&server, &words).await?, wanted, "{words:?}");
    }
    assert_eq!(listing(&server, &["members", "-c", "-R", "any", LIST]).await?, ["7"]);
    let file = server.folder().join("members.txt");
    let name = file.to_str().context("a name")?;
    mailman(&server, &["members", "-e", "-N", "-o", name, LIST]).await?.says("");
    assert_eq!(std::fs::read_to_string(&file)?.lines().count(), 6);
    for (words, why) in [
        (&["members", "nobody.example.org"][..], "No such list: nobody.example.org"),
        (&["members", "-R", "any", "-r", LIST], "--regular, --digest and --nomail do not go with --role any"),
        (&["members", "-e", "-c", LIST], "--email-only does not go with --count-only"),
        (&["members", "-a", "x", LIST], "This option is gone; use: mailman addmembers"),
        (&["members", "-x", "x", LIST], "This option is gone; use: mailman delmembers"),
        (&["members", "-s", "x", LIST], "This option is gone; use: mailman syncmembers"),
        (&["members", "-R", "king", LIST], "Invalid value for '--role': 'king' is not one of 'any', 'owner'"),
    ] {
        mailman(&server, words).await?.refuses(why);
    }
    Ok(())
}

#[tokio::test]
async fn people_are_added_deleted_and_synchronised() -> Result<()> {
    let server = house()?;
    for list in [LIST, "other@example.org"] {
        mailman(&server, &["create", "-q", list]).await?.says("");
    }
    server.run(&["ban", "add", "--list", LIST, "bad@x.example"]).await?;
    let people = "anne@x.example\nnonsense\nBad <bad@x.example>\nBart <bart@x.example>\n";
    with_input(&server, &["addmembers", "-W", "-", LIST], people).await?.says_both(
        "",
        "Cannot parse as valid email address (skipping): nonsense\n\
         Membership is banned (skipping): Bad <bad@x.example>\n",
    );
    with_input(&server, &["addmembers", "-", LIST], "Bart S. <BART@x.example>\n")
        .await?
        .says_both("", "Already subscribed (skipping): \"Bart S.\" <BART@x.example>\n");
    with_input(&server, &["addmembers", "-W", "-", "other.example.org"], "anne@x.example\nbart@x.example\n")
        .await?
        .says("");
    mailman(&server, &["addmembers", "/no/such/file", LIST])
        .await?
        .refuses("Could not open file: /no/such/file");
    mailman(&server, &["addmembers", "-", "no.such.list"]).await?.refuses("No such list: no.such.list");
    // Only one list is asked for, so whoever is not there is told.
    mailman(&server, &["delmembers", "-l", LIST, "-m", "cris@x.example", "-G"])
        .await?
        .says_both("", "Member not subscribed (skipping): cris@x.example\n");
    with_input(&server, &["delmembers", "-l", LIST, "-f", "-", "-m", "Bart <bart@x.example>", "-G"], "# x\n")
        .await?
        .says("");
    assert_eq!(listing(&server, &["members", LIST]).await?, ["anne@x.example"]);
    mailman(&server, &["delmembers", "--fromall", "-m", "anne@x.example", "-m", "cris@x.example", "-G"])
        .await?
        .says("");
    assert_eq!(listing(&server, &["members", LIST]).await?, ["test.example.org has no members"]);
    assert_eq!(listing(&server, &["members", "other.example.org"]).await?, ["Bart <bart@x.example>"]);
    mailman(&server, &["delmembers", "-l", "other.example.org", "-a", "-G"]).await?.says("");
    assert_eq!(listing(&server, &["members", "-c", "other.example.org"]).await?, ["0"]);
    for (words, why) in [
        (&["delmembers", "-m", "a@b.example"][..], "Name a list"),
        (&["delmembers", "--fromall", "-l", LIST, "-m", "a@b.example"], "--fromall does not go with"),
        (&["delmembers", "--fromall", "-a"], "--fromall does not go with"),
        (&["delmembers", "-l", LIST, "-a", "-m", "a@b.example"], "--all does not go with"),
        (&["delmembers", "-l", LIST], "Name whom to delete"),
        (&["delmembers", "-l", "no.such.list", "-a"], "No such list: no.such.list"),
    ] {
        mailman(&server, words).await?.refuses(why);
    }
    let file = "Dora <dora@x.example>\nbart@x.example\n";
    let wanted = "[ADD] bart@x.example\n[ADD] Dora <dora@x.example>\n";
    with_input(&server, &["syncmembers", "-n", "-", LIST], file).await?.says(wanted);
    assert_eq!(listing(&server, &["members", "-c", LIST]).await?, ["0"], "nothing was changed");
    with_input(&server, &["syncmembers", "-W", "-", LIST], file).await?.says(wanted);
    with_input(&server, &["syncmembers", "-", LIST], "BART@x.example\nDora@x.example\n")
        .await?
        .says("Nothing to do\n");
    with_input(
        &server,
        &["syncmembers", "-W", "-G", "-A", "-", LIST],
        "eve@x.example\nbart@x.example\nbad@x.example\n",
    )
    .await?
    .says_both(
        "[ADD] bad@x.example\n[ADD] eve@x.example\n[DEL] Dora <dora@x.example>\n",
        "Membership is banned (skipping): bad@x.example\n",
    );
    assert_eq!(listing(&server, &["members", "-e", LIST]).await?, ["bart@x.example", "eve@x.example"]);
    with_input(&server, &["syncmembers", "-", "no.such.list"], "")
        .await?
        .refuses("No such list: no.such.list");
    Ok(())
}

#[tokio::test]
async fn administrators_addresses_and_memberships() -> Result<()> {
    let server = house()?;
    for list in [LIST, "other@example.org"] {
        mailman(&server, &["create", "-q", list]).await?.says("");
    }
    mailman(&server, &["admins", "-a", "Anne <anne@x.example>", "-a", "bart@x.example", LIST])
        .await?
        .says("");
    mailman(&server, &["admins", "-a", "anne@x.example", "-d", "cris@x.example", LIST]).await?.says_both(
        "",
        "anne@x.example is already a owner of test@example.org\ncris@x.example is not a owner of test@example.org\n",
    );
    mailman(&server, &["admins", "-r", "MODERATOR", "-a", "anne@x.example", LIST]).await?.says("");
    mailman(&server, &["admins", "-d", "bart@x.example", "test.example.org"]).await?.says("");
    assert_eq!(listing(&server, &["members", "-R", "administrator", LIST]).await?, ["Anne <anne@x.example>"]);
    mailman(&server, &["admins", LIST]).await?.refuses("Nothing to do");
    mailman(&server, &["admins", "-a", "nobody", LIST]).await?.refuses("Invalid email address: nobody");
    mailman(&server, &["admins", "-a", "a@b.example", "x.y.z"]).await?.refuses("No such list: x.y.z");
    with_input(&server, &["addmembers", "-W", "-", "other.example.org"], "anne@x.example\ndan@y.example\n")
        .await?
        .says("");
    mailman(&server, &["findmember", "^ANNE"]).await?.says(
        "Email: anne@x.example\n    List: other.example.org\n        MemberRole.member\n    List: test.example.org\n        \
         MemberRole.owner\n        MemberRole.moderator\n",
    );
    mailman(&server, &["findmember", "-r", "member", "@"]).await?.says(
        "Email: anne@x.example\n    List: other.example.org\n        MemberRole.member\nEmail: dan@y.example\n    List: \
         other.example.org\n        MemberRole.member\n",
    );
    mailman(&server, &["findmember", "nobody"]).await?.says("");
    mailman(&server, &["findmember", "["]).await?.refuses("Invalid pattern: [");
    mailman(&server, &["changeaddress", "anne@x.example", "Anne@new.example"])
        .await?
        .says("Address changed from anne@x.example to Anne@new.example.\n");
    assert_eq!(
        listing(&server, &["members", "-e", "other.example.org"]).await?,
        ["Anne@new.example", "dan@y.example"]
    );
    for (old, new, why) in [
        ("nobody@x.example", "new@x.example", "Address nobody@x.example not found."),
        ("dan@y.example", "nonsense", "Address nonsense is not a valid email address."),
        ("dan@y.example", "dan@y.example", "Addresses are not different.  Nothing to change."),
        ("dan@y.example", "anne@new.example", "Address anne@new.example already exists; can't change."),
    ] {
        mailman(&server, &["changeaddress", old, new]).await?.refuses(why);
    }
    Ok(())
}

#[tokio::test]
async fn the_running_server_writes_to_people() -> Result<()> {
    let (server, sink) = running().await?;
    mailman(&server, &["create", "-q", "--notify", "-o", "boss@example.org", "new@example.org"])
        .await?
        .says("");
    mail(&sink, "boss@example.org", &["new@example.org", "Auto-Submitted: auto-generated"]).await?;
    with_input(&server, &["addmembers", "-", LIST], "Anne <anne@x.example>\n").await?.says("");
    mail(&sink, "anne@x.example", &["To: Anne <anne@x.example>", "test@example.org"]).await?;
    with_input(&server, &["addmembers", "-W", "-", LIST], "quiet@x.example\n").await?.says("");
    with_input(&server, &["addmembers", "-i", "-", LIST], "maybe@x.example\n").await?.says("");
    mail(&sink, "maybe@x.example", &["test-confirm+"]).await?;
    assert_eq!(listing(&server, &["members", "-e", LIST]).await?, ["anne@x.example", "quiet@x.example"]);
    mailman(&server, &["delmembers", "-l", LIST, "-m", "quiet@x.example", "-G", "-n"]).await?.says("");
    mail(&sink, "owner@example.org", &["quiet@x.example"]).await?;
    mailman(&server, &["delmembers", "-l", LIST, "-m", "anne@x.example", "-g"]).await?.says("");
    wait::until("goodbye", PATIENCE, async || {
        let to = |who: &str| {
            sink.read(|tally| tally.caught().iter().filter(|c| c.recipients.iter().any(|r| r == who)).count())
        };
        Ok(to("anne@x.example") == 2)
    })
    .await?;
    let quiet =
        sink.read(|tally| tally.caught().iter().any(|c| c.recipients.iter().any(|r| r == "quiet@x.example")));
    assert!(!quiet, "neither welcome nor goodbye");
    // A post that waits, and the reminder of it.
    let post = "From: far@far.example\nTo: test@example.org\nSubject: Hello\nMessage-ID: <w@x>\n\nHi.\n";
    with_input(&server, &["inject", LIST], post).await?.says("");
    wait::until("a post is held", PATIENCE, async || {
        Ok(server.run(&["moderate", "ls"]).await?.contains("far@far.example"))
    })
    .await?;
    mailman(&server, &["notify", "-n", "-v"]).await?.says(
        "The new@example.org list has 0 moderation requests waiting.\nThe test@example.org list has 1 moderation \
         requests waiting.\n",
    );
    mailman(&server, &["notify", "-l", "no.such.list", "-l", LIST])
        .await?
        .says_both("", "No such list found: no.such.list\n");
    mail(&sink, "owner@example.org", &["test@example.org", "far@far.example", "1 "]).await?;
    mailman(&server, &["notify", "-v", "-l", LIST])
        .await?
        .says("The test@example.org list has 1 moderation requests waiting.\n");
    server.ledger_adds_up().await
}

#[tokio::test]
async fn digests_are_sent_and_volumes_begun() -> Result<()> {
    let (server, sink) = running().await?;
    with_input(&server, &["addmembers", "-W", "-d", "mime", "-", LIST], "dig@x.example\n").await?.says("");
    with_input(&server, &["addmembers", "-W", "-", LIST], "anne@x.example\n").await?.says("");
    let all = ["digests", "-l", LIST];
    let with = |more: &[&'static str]| all.iter().chain(more).copied().collect::<Vec<_>>();
    mailman(&server, &with(&["-v"])).await?.says("test.example.org is at volume 1, number 1\n");
    mailman(&server, &with(&["-v", "-n", "-b"]))
        .await?
        .says("test.example.org is at volume 1, number 1\ntest.example.org bumped to volume 2, number 1\n");
    mailman(&server, &with(&["-v", "-b"]))
        .await?
        .says("test.example.org is at volume 1, number 1\ntest.example.org bumped to volume 2, number 1\n");
    let post =
        "From: anne@x.example\nTo: test@example.org\nSubject: Hello\nMessage-ID: <d@x.example>\n\nHi.\n";
    with_input(&server, &["inject", LIST], post).await?.says("");
    wait::until("a post is collected", PATIENCE, async || {
        let told: Value = serde_json::from_str(&server.run(&["--json", "digest", "ls"]).await?)?;
        Ok(told.pointer("/0/posts").and_then(Value::as_u64) == Some(1))
    })
    .await?;
    mailman(&server, &with(&["-n", "-s", "-v"]))
        .await?
        .says("test.example.org is at volume 2, number 1\ntest.example.org sent volume 2, number 1\n");
    mailman(&server, &with(&["-p"])).await?.says("");
    mail(&sink, "dig@x.example", &["Vol 2"]).await?;
    mailman(&server, &with(&["-v"])).await?.says("test.example.org is at volume 2, number 2\n");
    let told = mailman(&server, &with(&["-s", "-p"])).await?;
    assert_eq!((told.code, told.out.as_str()), (Some(1), ""), "{told:?}");
    mailman(&server, &["digests", "-l", "no.such.list", "-s"])
        .await?
        .says_both("", "No such list found: no.such.list\n");
    Ok(())
}

#[tokio::test]
async fn what_is_written_without_a_server_goes_out_when_it_runs() -> Result<()> {
    let sink = Sink::keeping().await?;
    let mut server = Server::prepare(options(&sink).quiet())?;
    mailman(&server, &["create", "-q", "-n", "-o", "boss@example.org", LIST]).await?.says("");
    with_input(&server, &["addmembers", "-", LIST], "anne@x.example\n").await?.says("");
    let post = "From: anne@x.example\nTo: test@example.org\nSubject: Early\n\nHi.\n";
    let file = server.folder().join("post.eml");
    std::fs::write(&file, post)?;
    mailman(&server, &["inject", "-f", file.to_str().context("a name")?, LIST]).await?.says("");
    mailman(&server, &["inject", "-f", "/no/such/file", LIST])
        .await?
        .refuses("Invalid value for '--filename'");
    assert!(server.run(&["queue", "ls"]).await?.contains("incoming"));
    server.start().await?;
    mail(&sink, "boss@example.org", &["test@example.org"]).await?;
    mail(&sink, "anne@x.example", &["Subject: [Test] Early"]).await?;
    mail(&sink, "anne@x.example", &["test-request@example.org"]).await?;
    server.ledger_adds_up().await
}

#[tokio::test]
async fn queue_entries_are_shown_and_taken_back() -> Result<()> {
    let server = house()?;
    mailman(&server, &["create", "-q", LIST]).await?.says("");
    mailman(&server, &["inject", "-s"]).await?.says(
        "Available queues:\n    archive\n    bad\n    bounces\n    command\n    digest\n    in\n    nntp\n    out\n    \
         pipeline\n    retry\n    shunt\n    virgin\n",
    );
    mailman(&server, &["inject", "-q", "zz", LIST]).await?.refuses("No such queue: zz");
    mailman(&server, &["inject", "-q", "out", LIST]).await?.refuses("Nothing can be put into the queue out");
    mailman(&server, &["inject", "x.y.z"]).await?.refuses("No such list: x.y.z");
    mailman(&server, &["inject"]).await?.refuses("Missing argument 'LISTSPEC'.");
    mailman(&server, &["inject", "-m", "oddity", LIST]).await?.refuses("Invalid value for '--metadata'");
    let mail = "From: anne@x.example\nSubject: help\n\nhelp\n";
    with_input(&server, &["inject", "-q", "command", LIST], mail).await?.says("");
    let told = server.run(&["--json", "queue", "ls"]).await?;
    let told: Value = serde_json::from_str(&told)?;
    let id = told.pointer("/0/id").and_then(Value::as_str).context("an entry")?.to_owned();
    assert!(told.to_string().contains("command"), "{told}");
    let shown = mailman(&server, &["qfile", &id]).await?;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let lines: Vec<_> = shown.out.lines().collect();
    assert_eq!(lines.first(), Some(&"[----- start pickle -----]"));
    assert_eq!(lines.last(), Some(&"[----- end pickle -----]"));
    for line in ["<----- start object 1 ----->", "<----- start object 2 ----->", "Subject: help"] {
        assert!(lines.contains(&line), "{line} is missing in {}", shown.out);
    }
    mailman(&server, &["qfile", "-n", &id]).await?.says("");
    mailman(&server, &["qfile", "-i", &id]).await?.refuses("Posthaste runs no Python");
    mailman(&server, &["qfile", "/no/such/file"])
        .await?
        .refuses("Invalid value for 'QFILE': '/no/such/file'");
    let quarantined =
        async || -> Result<bool> { Ok(server.run(&["queue", "ls"]).await?.contains("quarantine")) };
    server.run(&["queue", "move", &id, "--to", "quarantine"]).await?;
    assert!(quarantined().await?);
    mailman(&server, &["unshunt"]).await?.says("");
    assert!(!quarantined().await? && server.run(&["queue", "ls"]).await?.contains(&id));
    server.run(&["queue", "move", &id, "--to", "quarantine"]).await?;
    mailman(&server, &["unshunt", "--discard"]).await?.says("");
    assert!(!server.run(&["queue", "ls"]).await?.contains(&id));
    mailman(&server, &["unshunt"]).await?.says("");
    Ok(())
}

/// Kills what a test left running.
struct Left<'a>(&'a Server);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        let pid = std::fs::read_to_string(self.0.state().join("posthaste.pid")).unwrap_or_default();
        if let Some(pid) = pid.trim().parse().ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

#[tokio::test]
async fn the_server_is_started_asked_and_stopped() -> Result<()> {
    let server = house()?;
    let left = Left(&server);
    let status = async |code, begins: &str| -> Result<String> {
        let told = mailman(&server, &["status"]).await?;
        ensure!(told.code == Some(code) && told.out.starts_with(begins), "{told:?}");
        Ok(told.out)
    };
    let lsb =
        async || -> Result<Option<i32>> { Ok(mailman(&server, &["status", "--exit-code=lsb"]).await?.code) };
    status(0, "GNU Mailman is not running\n").await?;
    assert_eq!(lsb().await?, Some(3));
    let nobody = format!("No server is running on {}\n", server.state().display());
    mailman(&server, &["stop"]).await?.says_both("Shutting down Mailman's master runner\n", &nobody);
    mailman(&server, &["reopen", "-q"]).await?.says_both("", &nobody);
    mailman(&server, &["start"]).await?.says("Starting Mailman's master runner\nGenerating MTA alias maps\n");
    let told = status(1, "GNU Mailman is running (master pid: ").await?;
    let pid = std::fs::read_to_string(server.state().join("posthaste.pid"))?;
    assert_eq!(told, format!("GNU Mailman is running (master pid: {})\n", pid.trim()));
    assert_eq!(lsb().await?, Some(0));
    mailman(&server, &["start"]).await?.refuses("GNU Mailman is already running");
    mailman(&server, &["restart"]).await?.says("Restarting the Mailman runners\n");
    mailman(&server, &["reopen"]).await?.says("Reopening the Mailman runners\n");
    mailman(&server, &["stop", "-q"]).await?.says("");
    status(0, "GNU Mailman is not running\n").await?;
    // One that is killed leaves its traces, and stands in nobody's way.
    mailman(&server, &["start", "-q", "-f", "-g", "-u"]).await?.says("");
    let pid = std::fs::read_to_string(server.state().join("posthaste.pid"))?.trim().to_owned();
    drop(left);
    wait::until("it is gone", PATIENCE, async || {
        Ok(mailman(&server, &["status"]).await?.out == format!("GNU Mailman is stopped (stale pid: {pid})\n"))
    })
    .await?;
    status(2, "GNU Mailman is stopped").await?;
    assert_eq!(lsb().await?, Some(1));
    let left = Left(&server);
    mailman(&server, &["start", "-q"]).await?.says("");
    status(1, "GNU Mailman is running").await?;
    mailman(&server, &["stop"]).await?.says("Shutting down Mailman's master runner\n");
    drop(left);
    // Something else holds its port, so the server cannot start: its own words say so.
    let held = std::net::TcpListener::bind(server.lmtp())?;
    mailman(&server, &["start", "-q"]).await?.refuses("The server ended at once");
    drop(held);
    Ok(())
}

#[tokio::test]
async fn configuration_version_and_help() -> Result<()> {
    let server = house()?;
    let version = format!("GNU Mailman 3.3.10 (Posthaste {})\n", env!("CARGO_PKG_VERSION"));
    mailman(&server, &["version"]).await?.says(&version);
    mailman(&server, &["--version"]).await?.says(&version);
    for words in [&["help"][..], &[], &["--help"], &["-h"]] {
        let told = mailman(&server, words).await?;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(
            told.out.contains("Usage: mailman") && told.out.contains("syncmembers"),
            "{words:?}: {}",
            told.out
        );
    }
    let told = mailman(&server, &["members", "--help"]).await?;
    assert!(told.code == Some(0) && told.out.contains("Usage: mailman members"), "{told:?}");
    let info = listing(&server, &["info"]).await?;
    assert_eq!(info.len(), 7, "{info:?}");
    assert_eq!(info[0], version.trim_end());
    assert_eq!(info[2], format!("config file: {}", server.config().display()));
    assert_eq!(info[3], format!("db url: sqlite:{}/posthaste.db", server.state().display()));
    assert_eq!(info[4], "devmode: DISABLED");
    assert!(
        info[5].starts_with("REST root url: ") && info[6].starts_with("REST credentials: restadmin:"),
        "{info:?}"
    );
    let more = listing(&server, &["info", "-v"]).await?;
    assert_eq!(more[7], "File system paths:");
    let paths = &more[8..];
    assert!(paths.contains(&format!("    VAR_DIR = {}", server.state().display())), "{more:?}");
    assert!(paths.is_sorted() && paths.iter().all(|line| line.starts_with("    ")), "{paths:?}");
    mailman(&server, &["conf", "-s", "mailman", "-k", "site_owner"]).await?.says("postmaster@example.org\n");
    mailman(&server, &["conf", "-k", "site_owner"])
        .await?
        .says("[mailman] site_owner: postmaster@example.org\n");
    let section = listing(&server, &["conf", "-s", "mta"]).await?;
    assert!(section.is_sorted() && section.iter().all(|line| line.starts_with("[mta] ")), "{section:?}");
    assert!(listing(&server, &["conf"]).await?.is_sorted());
    let file = server.folder().join("conf.txt");
    mailman(&server, &["conf", "-o", file.to_str().context("a name")?]).await?.says("");
    assert!(std::fs::read_to_string(&file)?.contains("[paths.here] var_dir: "));
    mailman(&server, &["conf", "-s", "nope"]).await?.refuses("No such section: nope");
    mailman(&server, &["conf", "-s", "mta", "-k", "nope"]).await?.refuses("Section mta: No such key: nope");
    mailman(&server, &["frobnicate"]).await?.refuses("No such command 'frobnicate'.");
    mailman(&server, &["lists", "--frob"]).await?.refuses("No such option: --frob");
    let told = mailman(&server, &["-C", "/no/such/file", "lists"]).await?;
    assert!(told.code == Some(2) && told.err.contains("/no/such/file"), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn tables_and_what_is_different_here() -> Result<()> {
    let server = house()?;
    mailman(&server, &["create", "-q", LIST]).await?.says("");
    mailman(&server, &["aliases"]).await?.says("");
    let folder = server.folder().join("maps");
    let name = folder.to_str().context("a name")?;
    mailman(&server, &["aliases", "-d", name]).await?.refuses("Invalid value for '--directory'");
    std::fs::create_dir(&folder)?;
    mailman(&server, &["aliases", "-d", name]).await?.says("");
    assert!(std::fs::read_to_string(folder.join("postfix_lmtp"))?.contains("test-request@example.org"));
    assert!(folder.join("postfix_domains").exists());
    for words in [&["shell", "-l", LIST][..], &["withlist", "-r", "x.y", "-i", "--details", "z"]] {
        mailman(&server, words).await?.refuses("Posthaste runs no Python");
    }
    mailman(&server, &["gatenews"]).await?.refuses("This is not meant to be run by hand");
    let pickle = server.folder().join("config.pck");
    let pickle = pickle.to_str().context("a name")?;
    mailman(&server, &["import21", "x.y.z", pickle]).await?.refuses("No such list: x.y.z");
    mailman(&server, &["import21", LIST, pickle]).await?.refuses("Invalid value for 'PICKLE_FILE'");
    std::fs::write(pickle, "no pickle")?;
    mailman(&server, &["import21", LIST, pickle]).await?.refuses("Not a Mailman 2.1 configuration file");
    std::fs::write(pickle, b"(dp0\n.")?;
    let told = mailman(&server, &["import21", "-c", "utf-8", LIST, pickle]).await?;
    assert_eq!(told.code, Some(1), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn the_program_answers_to_mailmans_names() -> Result<()> {
    let server = house()?;
    for name in ["mailman", "master"] {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_posthaste"), server.folder().join(name))?;
    }
    let run = async |name: &str, words: &[&str], variable: Option<&Path>| -> Result<Told> {
        let mut command = tokio::process::Command::new(server.folder().join(name));
        command
            .args(words)
            .env_remove("MAILMAN_CONFIG_FILE")
            .stdin(Stdio::null())
            .current_dir(server.folder());
        if let Some(file) = variable {
            command.env("MAILMAN_CONFIG_FILE", file);
        }
        let output = command.output().await?;
        Ok(Told {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    };
    let file = server.config();
    let named = file.to_str().context("a name")?;
    run("mailman", &["-C", named, "--run-as-root", "lists"], None)
        .await?
        .says("No matching mailing lists found\n");
    run("mailman", &["--run-as-root", "lists"], Some(&file)).await?.says("No matching mailing lists found\n");
    let told = run("mailman", &["--run-as-root", "lists"], Some(Path::new("/no/such/file"))).await?;
    assert_eq!(told.code, Some(2), "{told:?}");
    // The server's folder belongs to its user; root is not it.
    let told = run("mailman", &["-C", named, "lists"], None).await?;
    if rustix::process::getuid().is_root() {
        told.refuses("root should not run this");
    } else {
        told.says("No matching mailing lists found\n");
    }
    let told = run("master", &["--version"], None).await?;
    assert!(told.code == Some(0) && told.out.starts_with("GNU Mailman 3.3.10 ("), "{told:?}");
    let mut master = tokio::process::Command::new(server.folder().join("master"))
        .args(["-C", named, "-n", "-v", "-r", "in"])
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    wait::until(
        "master answers",
        PATIENCE,
        async || Ok(mailman(&server, &["status"]).await?.code == Some(1)),
    )
    .await?;
    let id = "<m@x.example>";
    mailman(&server, &["create", "-q", LIST]).await?.says("");
    let post = support::post(id);
    let sent = server.source().send(post).await?;
    ensure!(sent.accepted == 1, "{sent:?}");
    mailman(&server, &["stop"]).await?.says("Shutting down Mailman's master runner\n");
    let ended = tokio::time::timeout(PATIENCE, master.wait()).await??;
    assert!(ended.success() && ended.signal().is_none(), "{ended:?}");
    Ok(())
}
