//! Bad input: each mistake gets a message that names the thing and the fix, and loses nothing.

use std::time::Duration;

use anyhow::{Context, Result};
use posthaste_testkit::{ReadOnly, Server, ServerOptions, Sink};

const LIST: &str = "test@example.org";

async fn server() -> Result<(Server, Sink)> {
    let sink = Sink::start().await?;
    let server =
        Server::started(ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).relay(sink.addr()).quiet())
            .await?;
    server.list_with_members(LIST, 2).await?;
    Ok((server, sink))
}

/// Runs a command that must fail with this code and say all of these.
async fn refused(server: &Server, words: &[&str], input: &str, code: i32, says: &[&str]) -> Result<()> {
    let output = server.cli_with(words, input.as_bytes()).await?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{words:?}: {told}");
    for part in says {
        assert!(told.contains(part), "{words:?} does not say {part:?}:\n{told}");
    }
    Ok(())
}

#[tokio::test]
async fn commands_name_the_thing_the_rule_and_the_fix() -> Result<()> {
    let (server, _sink) = server().await?;
    let cases: &[(&[&str], &str, &[&str])] = &[
        (
            &["list", "set", LIST, "max_mesage_size", "1"],
            "",
            &["max_mesage_size", "did you mean \"max_message_size\""],
        ),
        (&["list", "set", LIST, "emergency", "perhaps"], "", &["emergency", "perhaps", "yes or no"]),
        (
            &["list", "set", "nobody@example.org", "emergency", "yes"],
            "",
            &["nobody@example.org", "posthaste list ls"],
        ),
        (&["list", "create", "no at sign"], "", &["no at sign", "LIST@DOMAIN"]),
        (&["list", "create", "a b@example.org"], "", &["a b@example.org", "' '"]),
        (&["list", "create", "x@example.org", "--owner", "me"], "", &["--owner", "me", "no @"]),
        (&["list", "create", "x@example.org", "--style", "fancy"], "", &["fancy", "legacy-default"]),
        (&["domain", "add", "localhost"], "", &["localhost", "two labels"]),
        (&["member", "add", LIST, "-"], "good@example.com\nbad\n", &["-:2", "bad", "nobody was added"]),
        (&["member", "add", LIST, "/no/such/file"], "", &["/no/such/file"]),
        (&["queue", "pause", "sideways"], "", &["sideways", "incoming"]),
        (&["queue", "retry", "seven"], "", &["seven", "posthaste queue ls"]),
        (&["config", "explain", "relay.hots"], "", &["relay.hots", "relay.host"]),
        (&["inject", LIST], "Subject: x\n\nno author\n", &["From", "--from"]),
    ];
    for (words, input, says) in cases {
        refused(&server, words, input, 2, says).await.with_context(|| format!("{words:?}"))?;
    }
    refused(&server, &["list", "create", LIST], "", 1, &[LIST, "exists"]).await?;
    refused(
        &server,
        &["list", "create", "x@nowhere.example"],
        "",
        1,
        &["nowhere.example", "posthaste domain add"],
    )
    .await?;
    refused(&server, &["domain", "rm", "example.org"], "", 1, &["example.org", "1"]).await?;
    let members = server.run(&["--json", "member", "ls", LIST, "--role", "member"]).await?;
    assert!(!members.contains("good@example.com"), "a file with a mistake adds nobody: {members}");
    Ok(())
}

#[tokio::test]
async fn a_bad_file_at_reload_leaves_the_old_one_in_force() -> Result<()> {
    let (server, _sink) = server().await?;
    let good = std::fs::read_to_string(server.config())?;
    std::fs::write(server.config(), good.replace("[relay]", "[rellay]"))?;
    server.signal(rustix::process::Signal::HUP)?;
    server.wait_for_log("rellay", Duration::from_secs(20)).await?;
    // The command reads the file, too; ask the way a monitor with its own copy would.
    std::fs::write(server.config(), &good)?;
    let status = server.status().await?;
    assert!(status["config"]["error"].as_str().is_some_and(|e| e.contains("rellay")), "{status}");
    server.signal(rustix::process::Signal::HUP)?;
    posthaste_testkit::wait::until("the good file is taken", Duration::from_secs(20), async || {
        Ok(server.status().await?["config"]["error"].is_null())
    })
    .await?;
    Ok(())
}

/// A second start with this state and configuration must end at once, with these words.
async fn start_fails(server: &Server, says: &[&str]) -> Result<()> {
    let output = server.cli(&["serve"]).await?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    for part in says {
        assert!(told.contains(part), "does not say {part:?}:\n{told}");
    }
    Ok(())
}

#[tokio::test]
async fn a_second_server_on_the_same_spool_is_refused() -> Result<()> {
    let (server, _sink) = server().await?;
    let spool = server.state().join("spool");
    start_fails(&server, &[&spool.display().to_string(), "in use by another server"]).await?;
    assert_eq!(server.status().await?["running"], true);
    Ok(())
}

#[tokio::test]
async fn a_configuration_that_is_none_is_refused_before_anything_starts() -> Result<()> {
    let sink = Sink::start().await?;
    let server =
        Server::prepare(ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).relay(sink.addr()).quiet())?;
    let good = std::fs::read_to_string(server.config())?;
    for (bad, says) in [
        (good.replace("owner =", "ownr ="), vec!["ownr", "owner", "posthaste.toml:"]),
        (format!("{good}\n[limits]\nmessage_size = \"huge\"\n"), vec!["message_size", "huge"]),
        (good.replace("[site]", "[site"), vec!["posthaste.toml"]),
    ] {
        std::fs::write(server.config(), bad)?;
        start_fails(&server, &says).await?;
    }
    let without_owner: String =
        good.lines().filter(|l| !l.starts_with("owner")).map(|l| format!("{l}\n")).collect();
    std::fs::write(server.config(), without_owner)?;
    start_fails(&server, &["site.owner", "owner = "]).await?;
    Ok(())
}

#[tokio::test]
async fn a_state_folder_that_cannot_be_written_is_named() -> Result<()> {
    let sink = Sink::start().await?;
    let server =
        Server::prepare(ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).relay(sink.addr()).quiet())?;
    // Root may write anywhere; a file in the place of the folder stops root, too.
    let _ = std::fs::remove_dir_all(server.state());
    std::fs::write(server.state(), b"not a folder")?;
    start_fails(&server, &[&server.state().display().to_string(), "paths.state"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_read_only_state_folder_is_named_and_accepted_mail_stays() -> Result<()> {
    let (mut server, sink) = server().await?;
    server.run(&["queue", "pause", "out"]).await?;
    server.run_with(&["inject", LIST, "--from", "m0@rcpt.example"], b"Subject: x\n\nx\n").await?;
    server.sigterm().await?;
    // A mount stops root, too.
    let mount = ReadOnly::mount(&server.state())?;
    start_fails(&server, &[&server.state().display().to_string(), "paths.state", "remount,rw"]).await?;
    drop(mount);
    server.start().await?;
    server.run(&["queue", "resume", "out"]).await?;
    sink.wait_for(2, Duration::from_secs(30)).await?;
    Ok(())
}

#[tokio::test]
async fn errors_are_json_for_programs() -> Result<()> {
    let (server, _sink) = server().await?;
    let output = server.cli(&["--json", "list", "show", "nobody@example.org"]).await?;
    let told: serde_json::Value = serde_json::from_slice(&output.stderr)?;
    assert_eq!(told["exit"], 2);
    assert!(told["error"].as_str().is_some_and(|e| e.contains("nobody@example.org")), "{told}");
    assert_eq!(output.status.code(), Some(2));
    Ok(())
}

#[tokio::test]
async fn a_busy_port_is_named_with_its_key() -> Result<()> {
    let (first, sink) = server().await?;
    let second =
        Server::prepare(ServerOptions::new(env!("CARGO_BIN_EXE_posthaste")).relay(sink.addr()).quiet())?;
    let text = std::fs::read_to_string(second.config())?;
    let text = text.replace(&second.lmtp().to_string(), &first.lmtp().to_string());
    std::fs::write(second.config(), text)?;
    start_fails(&second, &["lmtp.listen", &first.lmtp().port().to_string(), "in use"]).await?;
    Ok(())
}

#[tokio::test]
async fn without_a_server_commands_say_so() -> Result<()> {
    let (mut server, _sink) = server().await?;
    server.sigterm().await?;
    let status = server.cli(&["status"]).await?;
    assert_eq!(status.status.code(), Some(3));
    refused(
        &server,
        &["inject", LIST, "--from", "m0@rcpt.example"],
        "Subject: x\n\nx\n",
        3,
        &["posthaste serve"],
    )
    .await?;
    // The queue can be worked on without one.
    server.run(&["queue", "pause", "out"]).await?;
    server.start().await?;
    assert!(server.status().await?["stages"]["out"]["paused"].as_bool().unwrap_or_default());
    Ok(())
}
