use std::time::Duration;

use posthaste_model::{ListSettings, Timestamp};

const DAY: Duration = Duration::from_hours(24);

/// The time of day, UTC, at which periodic digests go out: so long after midnight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Daily(pub Duration);

impl Daily {
    /// The last such moment that is not after `now`.
    fn last(self, now: Timestamp) -> Timestamp {
        let day = i64::try_from(DAY.as_micros()).unwrap_or(i64::MAX);
        let midnight = Timestamp::from_micros(now.as_micros().div_euclid(day).saturating_mul(day));
        let today = midnight.plus(self.0);
        if today > now { today.minus(DAY) } else { today }
    }
}

/// True if a digest of the posts that wait is to go out now: they are large enough, or the daily moment has come since the
/// first of them. `size` are their octets, `oldest` is when the first was collected.
pub fn due(settings: &ListSettings, size: u64, oldest: Timestamp, now: Timestamp, daily: Daily) -> bool {
    let threshold = settings.digest_size_threshold * 1024.0;
    let full = threshold > 0.0 && size as f64 >= threshold;
    let periodic = settings.digest_send_periodic && oldest < daily.last(now);
    full || periodic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_size_or_by_day() {
        let at = |time: &str| Timestamp::parse_rfc3339(&format!("2026-05-{time}:00Z")).unwrap();
        let noon = Daily(Duration::from_hours(12));
        for (threshold, periodic, size, oldest, now, wanted) in [
            (30.0, true, 100, "02T11:59", "02T12:01", true),
            (30.0, true, 100, "02T12:01", "02T23:00", false),
            (30.0, true, 100, "02T12:01", "03T11:59", false),
            (30.0, true, 100, "02T12:01", "03T12:00", true),
            // The server was away at noon: later is better than never, and once is enough.
            (30.0, true, 100, "02T10:00", "04T03:00", true),
            (30.0, false, 100, "02T10:00", "04T12:30", false),
            (30.0, false, 30_720, "02T10:00", "02T10:00", true),
            (30.0, false, 30_719, "02T10:00", "02T10:00", false),
            (0.5, false, 512, "02T10:00", "02T10:00", true),
            (0.0, false, 1 << 40, "02T10:00", "02T10:00", false),
        ] {
            let settings = ListSettings {
                digest_size_threshold: threshold,
                digest_send_periodic: periodic,
                ..ListSettings::default()
            };
            assert_eq!(due(&settings, size, at(oldest), at(now), noon), wanted, "{size} {oldest} {now}");
        }
    }
}
