//! A server program under the control of a test.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A running program with everything it has started. All of it is killed when this is dropped, and also when the test
/// itself is killed.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    /// Waits for the end of our pipe, which comes however we die.
    watchdog: Child,
}

impl Process {
    /// Starts a program in a process group of its own; what it prints goes to `log`.
    pub fn spawn(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let log = File::options().create(true).append(true).open(log).context("cannot open the log")?;
        let mut child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {name} ({})", command.get_program().display()))?;
        let script = format!("read line; kill -KILL {0} -{0}", child.id());
        let watchdog = Command::new("sh")
            .args(["-c", &script])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match watchdog {
            Ok(watchdog) => Ok(Self { name: name.to_owned(), child, watchdog }),
            Err(e) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(e).context("cannot start the watchdog of a server")
            }
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its exit status, if it has ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Asks it to end with a signal, and waits until it has.
    pub fn stop(mut self, signal: Signal, within: Duration) -> Result<()> {
        send(&[self.id()], signal);
        let name = self.name.clone();
        wait_until(within, &format!("{name} to end"), || Ok(self.ended()?.is_some()))
    }

    /// Ends it and all it has started at once, as a power cut would.
    pub fn kill(self) {
        drop(self);
    }

    /// Stops it and all it has started from running, without ending anything: connections stay open and silent.
    pub fn freeze(&self) {
        // The parent first, so that it starts nobody behind our back.
        send(&[self.id()], Signal::STOP);
        send(&descendants(self.id()), Signal::STOP);
    }

    /// Lets it run again.
    pub fn thaw(&self) {
        send(&descendants(self.id()), Signal::CONT);
        send(&[self.id()], Signal::CONT);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            // PostgreSQL's backends leave the process group, so the family tree is asked.
            send(&[self.id()], Signal::STOP);
            let family = descendants(self.id());
            send(&[self.id()], Signal::KILL);
            send(&family, Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

fn send(processes: &[u32], signal: Signal) {
    for id in processes {
        // One that has ended meanwhile needs no signal.
        if let Some(pid) = i32::try_from(*id).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }
}

/// Waits until `condition` holds, or tells what it waited for.
pub fn wait_until(within: Duration, what: &str, mut condition: impl FnMut() -> Result<bool>) -> Result<()> {
    let begin = Instant::now();
    while !condition()? {
        if begin.elapsed() > within {
            bail!("waited {} s in vain for {what}", within.as_secs());
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

/// Runs a helper program to its end; an error holds what it printed.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!(
            "{} failed ({}):\n{}{}",
            command.get_program().display(),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The last lines of a log, for error messages.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}

/// All processes started by this one, and by those.
fn descendants(id: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|process| Some((process, parent_of(process)?)))
        .collect();
    let mut found = vec![id];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(parents.iter().filter(|(_, p)| *p == parent).map(|(child, _)| *child));
        next += 1;
    }
    found.split_off(1)
}

/// The fourth field of `/proc/N/stat`; the second one, the name, may hold spaces and brackets.
fn parent_of(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(id: u32) -> bool {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
    }

    fn state(id: u32) -> char {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        stat.rsplit_once(')').unwrap().1.trim_start().chars().next().unwrap()
    }

    fn family() -> (tempfile::TempDir, Process, Vec<u32>) {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        // The second child leaves the process group, as PostgreSQL's backends do.
        command.args(["-c", "sleep 1000 & setsid sleep 1000 & wait"]);
        let process = Process::spawn("a shell", command, &folder.path().join("log")).unwrap();
        let mut children = Vec::new();
        wait_until(Duration::from_secs(5), "two children", || {
            children = descendants(process.id());
            let named =
                |id: &u32| fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|c| c == "sleep\n");
            Ok(children.len() == 2 && children.iter().all(named))
        })
        .unwrap();
        (folder, process, children)
    }

    #[test]
    fn the_whole_family_freezes_thaws_and_dies() {
        let (_folder, process, children) = family();
        process.freeze();
        wait_until(Duration::from_secs(5), "all to freeze", || Ok(children.iter().all(|c| state(*c) == 'T')))
            .unwrap();
        process.thaw();
        wait_until(Duration::from_secs(5), "all to thaw", || Ok(children.iter().all(|c| state(*c) != 'T')))
            .unwrap();
        process.freeze();
        process.kill();
        wait_until(Duration::from_secs(5), "all to die", || Ok(!children.iter().any(|c| running(*c))))
            .unwrap();
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let command = Command::new("/no/such/server");
        let error = Process::spawn("a server", command, &folder.path().join("log")).unwrap_err();
        assert!(error.to_string().contains("/no/such/server"), "{error}");
    }
}
