//! Whether a task hangs.

use std::time::Duration;

use posthaste_model::{Beat, Pulse};

use super::LOOK;

/// Looks at a task's pulse once a second. Counts looks and not time: a machine that slept for an hour, or a clock that
/// a test turns, makes nobody hang.
#[derive(Debug, Default)]
pub(super) struct Hang {
    beats: u64,
    looks: u32,
}

impl Hang {
    /// True if the task hangs.
    pub(super) fn look(&mut self, pulse: Pulse) -> bool {
        if pulse.busy && pulse.beats == self.beats {
            self.looks += 1;
        } else {
            self.looks = 0;
            self.beats = pulse.beats;
        }
        self.stuck() >= Beat::LONGEST
    }

    /// How long it has been busy without progress.
    pub(super) fn stuck(&self) -> Duration {
        LOOK * self.looks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse(busy: bool, beats: u64) -> Pulse {
        Pulse { busy, what: "test", beats }
    }

    #[test]
    fn p13_a_hang_is_known_within_thirty_seconds() {
        let mut hang = Hang::default();
        let looks = (0..1_000).find(|_| hang.look(pulse(true, 1))).unwrap_or(u32::MAX);
        assert!((25..30).contains(&looks), "{looks}");
    }

    #[test]
    fn p13_who_waits_or_moves_does_not_hang() {
        let mut hang = Hang::default();
        for _ in 0..10_000 {
            assert!(!hang.look(pulse(false, 1)));
        }
        for beats in 0..10_000 {
            assert!(!hang.look(pulse(true, beats / 20)));
        }
    }
}
