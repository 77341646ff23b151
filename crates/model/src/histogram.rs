use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The upper bounds of the buckets, in milliseconds: from a fast disk to a bad day.
pub const BOUNDS_MS: [u64; 16] =
    [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000];

/// How long things took: counted in buckets, from any number of threads.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One for each of [`BOUNDS_MS`], and one for what took longer.
    buckets: [AtomicU64; BOUNDS_MS.len() + 1],
    sum_us: AtomicU64,
}

/// What a [`Histogram`] has counted.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct HistogramValue {
    /// How many fell into each bucket of [`BOUNDS_MS`] (and none before it); the last took longer than all of them.
    pub buckets: Vec<u64>,
    /// The sum of all, microseconds.
    pub sum_us: u64,
}

impl Histogram {
    /// Counts one.
    pub fn observe(&self, took: Duration) {
        let ms = took.as_micros().div_ceil(1_000);
        let at = BOUNDS_MS.iter().position(|bound| ms <= u128::from(*bound)).unwrap_or(BOUNDS_MS.len());
        if let Some(bucket) = self.buckets.get(at) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub fn value(&self) -> HistogramValue {
        HistogramValue {
            buckets: self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect(),
            sum_us: self.sum_us.load(Ordering::Relaxed),
        }
    }
}

impl HistogramValue {
    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The bound below which this share (0 to 1) of all lies, milliseconds; `None` if nothing was counted or it lies
    /// above the last bound.
    pub fn quantile_ms(&self, share: f64) -> Option<u64> {
        let wanted = (self.count() as f64 * share).ceil().max(1.0);
        let mut below = 0;
        for (bound, count) in BOUNDS_MS.iter().zip(&self.buckets) {
            below += count;
            if below as f64 >= wanted {
                return Some(*bound);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_falls_into_the_first_bucket_that_holds_it() {
        let histogram = Histogram::default();
        for ms in [0, 1, 2, 60_000, 60_001, 4_000_000] {
            histogram.observe(Duration::from_millis(ms));
        }
        let value = histogram.value();
        let filled: Vec<_> = value.buckets.iter().enumerate().filter(|(_, n)| **n > 0).collect();
        assert_eq!(filled, [(0, &2), (1, &1), (13, &1), (14, &1), (16, &1)]);
        assert_eq!((value.count(), value.sum_us), (6, 4_120_004_000));
    }

    #[test]
    fn quantiles_are_bounds() {
        let histogram = Histogram::default();
        assert_eq!(histogram.value().quantile_ms(0.5), None);
        for _ in 0..99 {
            histogram.observe(Duration::from_millis(3));
        }
        histogram.observe(Duration::from_hours(9));
        assert_eq!(histogram.value().quantile_ms(0.95), Some(5));
        assert_eq!(histogram.value().quantile_ms(1.0), None);
    }
}
