//! `posthaste dev`, as a newcomer meets it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use posthaste_testkit::Port;

/// A running `posthaste dev`, killed when dropped.
struct Dev {
    child: Child,
    said: String,
    web: u16,
}

impl Dev {
    fn command(state: &std::path::Path, ports: &[Port; 4]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posthaste"));
        command.arg("dev").arg("--state").arg(state);
        for (flag, port) in ["--web-port", "--lmtp-port", "--smtp-port", "--catcher-port"].iter().zip(ports) {
            command.arg(flag).arg(port.number().to_string());
        }
        command
    }

    /// Starts it and reads its welcome.
    fn start(state: &std::path::Path, ports: &[Port; 4]) -> Result<Self> {
        let mut child =
            Self::command(state, ports).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("its output")?);
        let mut said = String::new();
        while !said.contains("Stop with Ctrl-C") {
            ensure!(lines.read_line(&mut said)? > 0, "it ended after saying:\n{said}");
        }
        Ok(Self { child, said, web: ports[0].number() })
    }

    /// The page's list of caught mail, once it has `count` messages.
    fn caught(&self, count: usize) -> Result<String> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let page = get(self.web, "/messages.json")?;
            if page.matches("\"subject\"").count() >= count {
                return Ok(page);
            }
            ensure!(Instant::now() < deadline, "not {count} messages:\n{page}");
            std::thread::yield_now();
        }
    }

    /// Asks it to stop, as Ctrl-C does, and waits.
    fn interrupt(mut self) -> Result<()> {
        let pid = i32::try_from(self.child.id())?;
        Command::new("kill").args(["-INT", &pid.to_string()]).status()?;
        ensure!(self.child.wait()?.success(), "it did not end well");
        Ok(())
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(port: u16, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn ports() -> Result<[Port; 4]> {
    Ok([Port::reserve()?, Port::reserve()?, Port::reserve()?, Port::reserve()?])
}

#[test]
fn a_newcomer_posts_with_the_printed_line_and_sees_every_copy_also_after_a_restart() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state");
    let ports = ports()?;
    let dev = Dev::start(&state, &ports)?;
    assert!(
        dev.said.contains("hello@lists.example") && dev.said.contains("anne@people.example"),
        "{}",
        dev.said
    );
    let line =
        dev.said.lines().map(str::trim).find(|l| l.starts_with("printf ")).context("a line to paste")?;
    let pasted = Command::new("sh").args(["-c", line]).output()?;
    ensure!(pasted.status.success(), "{}", String::from_utf8_lossy(&pasted.stderr));
    let page = dev.caught(1)?;
    for member in ["anne@people.example", "bart@people.example", "cris@people.example"] {
        assert!(page.contains(member), "{page}");
    }
    assert!(page.contains("[Hello] Hello"), "{page}");
    dev.interrupt()?;

    let dev = Dev::start(&state, &ports)?;
    let again = dev.caught(1)?;
    assert!(again.contains("[Hello] Hello"), "{again}");
    let pasted = Command::new("sh").args(["-c", &line_of(&dev.said)?]).output()?;
    ensure!(pasted.status.success(), "{}", String::from_utf8_lossy(&pasted.stderr));
    dev.caught(2)?;
    dev.interrupt()
}

fn line_of(said: &str) -> Result<String> {
    said.lines()
        .map(str::trim)
        .find(|l| l.starts_with("printf "))
        .map(ToOwned::to_owned)
        .context("a line to paste")
}

#[test]
fn a_busy_port_is_named_with_its_flag() -> Result<()> {
    for (place, flag) in ["--web-port", "--lmtp-port", "--smtp-port", "--catcher-port"].iter().enumerate() {
        let folder = tempfile::tempdir()?;
        let ports = ports()?;
        let _busy = std::net::TcpListener::bind(ports[place].addr())?;
        let output = Dev::command(&folder.path().join("state"), &ports).output()?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success());
        assert!(told.contains(flag) && told.contains(&ports[place].number().to_string()), "{told}");
    }
    Ok(())
}
