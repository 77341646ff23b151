//! What was, for as long as it is asked for: each second of the last ten minutes, each minute of the last three days.

use std::collections::VecDeque;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use posthaste_model::{Stage, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Vitals;

/// Seconds that are kept.
pub const SECONDS: usize = 600;
/// Minutes that are kept.
pub const MINUTES: usize = 3 * 24 * 60;

/// The few figures of [`Vitals`] that are kept.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Sample {
    /// When, wall time.
    pub at: Timestamp,
    /// Since the start of the process; counters begin anew when it is less than before.
    pub uptime_seconds: u64,
    /// Entries, one number for each stage in the order of [`Stage::ALL`].
    pub depth: Vec<u32>,
    /// Age of the oldest due entry, likewise; 0 if there is none.
    pub oldest: Vec<u32>,
    /// Recipients who wait.
    pub recipients: u64,
    /// In quarantine.
    pub quarantined: u32,
    /// Accepted since the start.
    pub accepted: u64,
    /// Posts done since the start.
    pub posts_done: u64,
    /// Of these, in time.
    pub posts_done_in_time: u64,
    /// Recipients delivered since the start.
    pub delivered: u64,
    /// Recipients deferred since the start.
    pub deferred: u64,
    /// Recipients failed since the start.
    pub failed: u64,
    /// The canary's last latency, if it is on.
    pub canary_ms: Option<u64>,
    /// Canaries that are away too long.
    pub canary_missing: u32,
    /// Free octets on the spool's disk.
    pub disk_free: u64,
    /// Names of dependencies that are down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub down: Vec<String>,
    /// Restarts of tasks since the start.
    pub restarts: u64,
}

impl Sample {
    /// What is kept of these vitals.
    pub fn of(vitals: &Vitals) -> Self {
        let stages = |figure: fn(&crate::StageVitals) -> u64| -> Vec<u32> {
            Stage::ALL
                .iter()
                .map(|stage| vitals.stage(*stage).map_or(0, figure))
                .map(|n| u32::try_from(n).unwrap_or(u32::MAX))
                .collect()
        };
        Self {
            at: vitals.at,
            uptime_seconds: vitals.uptime_seconds,
            depth: stages(|s| s.depth as u64),
            oldest: stages(|s| s.oldest_due_seconds.unwrap_or(0)),
            recipients: vitals.waiting.recipients as u64,
            quarantined: u32::try_from(vitals.quarantine.count).unwrap_or(u32::MAX),
            accepted: vitals.counters.accepted,
            posts_done: vitals.counters.posts_done,
            posts_done_in_time: vitals.counters.posts_done_in_time,
            delivered: vitals.counters.delivered,
            deferred: vitals.counters.deferred,
            failed: vitals.counters.failed,
            canary_ms: vitals.canary.latency_ms.filter(|_| vitals.canary.enabled),
            canary_missing: vitals.canary.missing,
            disk_free: vitals.disk.free_bytes,
            down: vitals.dependencies.iter().filter(|d| !d.up).map(|d| d.name.clone()).collect(),
            restarts: vitals.tasks.iter().map(|task| task.restarts).sum(),
        }
    }
}

/// Both rings.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// One for each second, oldest first.
    pub seconds: VecDeque<Arc<Sample>>,
    /// One for each minute, oldest first; those of earlier runs included.
    pub minutes: VecDeque<Arc<Sample>>,
}

impl Samples {
    /// Takes one of a second in.
    pub(crate) fn second(&mut self, sample: Arc<Sample>) {
        push(&mut self.seconds, sample, SECONDS);
    }

    /// Takes one of a minute in.
    pub(crate) fn minute(&mut self, sample: Arc<Sample>) {
        push(&mut self.minutes, sample, MINUTES);
    }
}

fn push(ring: &mut VecDeque<Arc<Sample>>, sample: Arc<Sample>, most: usize) {
    if ring.len() >= most {
        ring.pop_front();
    }
    ring.push_back(sample);
}

/// The sum of what a counter grew by from sample to sample; where the process began anew, from zero.
pub fn increase<'a>(samples: impl Iterator<Item = &'a Sample>, counter: fn(&Sample) -> u64) -> u64 {
    let mut last: Option<&Sample> = None;
    let mut sum = 0;
    for sample in samples {
        if let Some(last) = last {
            let began_anew = sample.uptime_seconds < last.uptime_seconds || counter(sample) < counter(last);
            sum += if began_anew { counter(sample) } else { counter(sample) - counter(last) };
        }
        last = Some(sample);
    }
    sum
}

/// The minutes that the server with this state folder has kept, the oldest first.
pub fn kept_minutes(state: &Path) -> Vec<Sample> {
    let text = std::fs::read_to_string(state.join("minutes.jsonl")).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The file of the minutes: a line of JSON each, without fsync. It answers questions, it holds no mail.
pub(crate) struct MinuteFile(PathBuf);

impl MinuteFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The minutes of earlier runs that are not too old, oldest first. A damaged line costs itself.
    pub(crate) fn read(&self) -> VecDeque<Arc<Sample>> {
        let Ok(file) = std::fs::File::open(&self.0) else { return VecDeque::new() };
        let mut ring = VecDeque::new();
        let (mut lines, mut bad) = (0, 0);
        for line in std::io::BufReader::new(file).lines().map_while(Result::ok) {
            lines += 1;
            match serde_json::from_str::<Sample>(&line) {
                Ok(sample) => push(&mut ring, Arc::new(sample), MINUTES),
                Err(_) => bad += 1,
            }
        }
        if bad > 0 || lines > 2 * MINUTES {
            let _ = rewrite(&self.0, &ring);
        }
        ring
    }

    /// Adds one.
    pub(crate) fn add(&self, sample: &Sample) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(sample)?;
        line.push(b'\n');
        std::fs::OpenOptions::new().create(true).append(true).open(&self.0)?.write_all(&line)
    }
}

fn rewrite(path: &Path, ring: &VecDeque<Arc<Sample>>) -> std::io::Result<()> {
    let mut text = Vec::new();
    for sample in ring {
        serde_json::to_writer(&mut text, &**sample)?;
        text.push(b'\n');
    }
    let beside = path.with_extension("new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(uptime_seconds: u64, accepted: u64) -> Sample {
        Sample { uptime_seconds, accepted, ..Sample::default() }
    }

    #[test]
    fn rings_forget_the_oldest() {
        let mut samples = Samples::default();
        for n in 0..SECONDS as u64 + 3 {
            samples.second(Arc::new(sample(n, n)));
        }
        assert_eq!(samples.seconds.len(), SECONDS);
        assert_eq!(samples.seconds.front().unwrap().accepted, 3);
    }

    #[test]
    fn counters_that_begin_anew_lose_nothing() {
        let samples = [sample(10, 5), sample(70, 9), sample(3, 2), sample(63, 4)];
        assert_eq!(increase(samples.iter(), |s| s.accepted), 4 + 2 + 2);
        assert_eq!(increase(samples[..1].iter(), |s| s.accepted), 0);
    }

    #[test]
    fn the_file_is_read_again_and_a_damaged_line_costs_itself() {
        let folder = tempfile::tempdir().unwrap();
        let file = MinuteFile::new(folder.path().join("minutes"));
        assert!(file.read().is_empty());
        file.add(&sample(1, 1)).unwrap();
        std::fs::OpenOptions::new().append(true).open(&file.0).unwrap().write_all(b"{torn\n").unwrap();
        file.add(&sample(2, 2)).unwrap();
        for _ in 0..2 {
            let read: Vec<_> = file.read().iter().map(|s| s.accepted).collect();
            assert_eq!(read, [1, 2]);
        }
    }
}
