//! CPU time, which does not grow when others use the machine too.

use anyhow::{Context, Result};

/// What the kernel counts in, `CLK_TCK`: 100 a second on every Linux of ours.
const TICKS: f64 = 100.0;

/// Seconds that a process has spent on a CPU, its kernel work and its threads included, to 10 ms.
pub(super) fn seconds(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    read(&stat).with_context(|| format!("{path} is not as proc(5) says"))
}

/// The same for this process, which holds source and sink.
pub(super) fn own() -> Result<f64> {
    seconds(std::process::id())
}

/// proc(5): behind the name in brackets, the 12th and 13th word are the ticks in user and kernel mode.
fn read(stat: &str) -> Option<f64> {
    let (_, after) = stat.rsplit_once(')')?;
    let mut words = after.split_whitespace().skip(11);
    let (user, kernel): (f64, f64) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((user + kernel) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_read_behind_a_name_with_brackets() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 1 0 0 0 250 50 0 0 20 0 1 0 5";
        assert_eq!(read(stat), Some(3.0));
        assert_eq!(read("7 (a) S 1"), None);
        assert!(own().unwrap() >= 0.0);
    }
}
