//! The harness around the program, tried on a stand-in that greets and logs.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use posthaste_testkit::{Server, ServerOptions};
use rustix::process::Signal;
use tempfile::TempDir;

const STAND_IN: &str = r#"#!/usr/bin/env python3
import signal, socket, sys, time, tomllib
if sys.argv[1] == "--config":
    sys.stdout.write(sys.stdin.read() + " ".join(sys.argv[3:]))
    sys.exit(3 if "fail" in sys.argv else 0)
config = tomllib.load(open(sys.argv[3], "rb"))
if config["site"]["owner"] == "nobody":
    sys.exit("no owner")
signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
signal.signal(signal.SIGUSR1, lambda *_: print("the time is", int(time.time()), flush=True))
host, port = config["lmtp"]["listen"].split(":")
listener = socket.create_server((host, int(port)))
print("listening", flush=True)
while True:
    peer, _ = listener.accept()
    peer.sendall(b"220 stand-in\r\n")
"#;

const SOON: Duration = Duration::from_secs(20);

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn stand_in() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("posthaste");
    std::fs::write(&program, STAND_IN).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    (folder, program)
}

#[tokio::test]
async fn it_starts_stops_crashes_and_keeps_its_port() {
    let (_folder, program) = stand_in();
    let mut server = Server::started(ServerOptions::new(program)).await.unwrap();
    let addr = server.lmtp();
    server.crash().await.unwrap();
    assert_eq!(server.sigterm().await.unwrap().code(), Some(1));
    assert!(server.pid().is_none() && server.start().await.is_ok() && server.lmtp() == addr);
    server.wait_for_log("terminated", SOON).await.unwrap();
    assert_eq!(server.log().matches("listening").count(), 3);
}

#[tokio::test]
async fn a_server_that_ends_at_once_is_an_error_with_its_log() {
    let (_folder, program) = stand_in();
    let mut server = Server::prepare(ServerOptions::new(program)).unwrap();
    let config = std::fs::read_to_string(server.config()).unwrap();
    std::fs::write(server.config(), config.replace("postmaster@example.org", "nobody")).unwrap();
    let error = server.start().await.unwrap_err().to_string();
    assert!(error.contains("no owner"), "{error}");
}

#[tokio::test]
async fn commands_get_their_words_and_input() {
    let (_folder, program) = stand_in();
    let server = Server::prepare(ServerOptions::new(program)).unwrap();
    assert_eq!(server.run_with(&["member", "add", "-"], b"anne ").await.unwrap(), "anne member add -");
    assert_eq!(server.cli(&["fail"]).await.unwrap().status.code(), Some(3));
    assert!(server.run(&["fail"]).await.unwrap_err().to_string().contains("`posthaste fail`"));
}

#[tokio::test]
async fn the_wall_clock_can_be_turned_while_it_runs() {
    let (folder, program) = stand_in();
    let file = folder.path().join("clock");
    std::fs::write(&file, "+0").unwrap();
    let server = Server::started(ServerOptions::new(program).wall_clock(&file).unwrap()).await.unwrap();
    std::fs::write(&file, "+10y").unwrap();
    server.signal(Signal::USR1).unwrap();
    server.wait_for_log("the time is", SOON).await.unwrap();
    let log = server.log();
    let told: u64 = log.lines().find_map(|line| line.strip_prefix("the time is ")?.parse().ok()).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert!(told > now + 9 * 365 * 86_400, "{told}");
}

#[tokio::test]
async fn a_wrapper_and_what_it_wraps_end_together() {
    let (_folder, program) = stand_in();
    let options = ServerOptions::new(program).wrapper(["sh", "-c", "\"$@\" & wait; sleep 60", "sh"]);
    let mut server = Server::started(options).await.unwrap();
    let addr = server.lmtp();
    server.sigkill().await.unwrap();
    let free = async || Ok(std::net::TcpListener::bind(addr).is_ok());
    posthaste_testkit::wait::until("the port of the wrapped program", SOON, free).await.unwrap();
}
