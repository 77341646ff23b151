//! How long to wait before a task that died is started again.

use std::time::Duration;

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);
/// A task that ran so long begins with a short pause again.
const HEALTHY: Duration = Duration::from_mins(10);

/// 0.5 s, then 1, 2, 4 … 30 s, each a fifth more or less, so that tasks that died together do not come back in step.
#[derive(Default)]
pub(super) struct Pause(u32);

impl Pause {
    /// The pause after a run of this length; `dice` is random, from 0 to 1.
    pub(super) fn after(&mut self, ran: Duration, dice: f64) -> Duration {
        if ran >= HEALTHY {
            self.0 = 0;
        }
        let wait = Duration::from_millis(500) * 2_u32.pow(self.0.min(6));
        self.0 = self.0.saturating_add(1);
        wait.mul_f64(0.8 + 0.4 * dice.clamp(0.0, 1.0)).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_pauses_grow_and_reset_and_never_end() {
        let mut pause = Pause::default();
        let middle: Vec<_> = (0..8).map(|_| pause.after(Duration::ZERO, 0.5).as_millis()).collect();
        assert_eq!(middle, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        for _ in 0..1_000 {
            let wait = pause.after(Duration::ZERO, rand::random());
            assert!((25_600..=30_000).contains(&wait.as_millis()), "{wait:?}");
        }
        for (dice, first) in [(0.0, 400), (1.0, 600)] {
            assert_eq!(pause.after(HEALTHY, dice).as_millis(), first);
        }
    }
}
