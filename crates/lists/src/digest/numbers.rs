use jiff::tz::TimeZone;
use posthaste_model::{DigestFrequency, Timestamp};

/// The volume and number of a digest closed at `now`: the first one of a new period begins a new volume.
///
/// `volume` and `number` are what the list would use next, `last` is when its last digest was closed. Periods are those of
/// the calendar in UTC: quarters have three months, weeks are those of ISO 8601.
pub fn next(
    volume: i64,
    number: i64,
    last: Option<Timestamp>,
    now: Timestamp,
    frequency: DigestFrequency,
) -> (i64, i64) {
    match last {
        Some(last) if period(last, frequency) < period(now, frequency) => (volume + 1, 1),
        _ => (volume, number),
    }
}

/// Which period a moment lies in: a year and what divides it.
fn period(at: Timestamp, frequency: DigestFrequency) -> (i16, i16) {
    let date = at.to_jiff().to_zoned(TimeZone::UTC).date();
    let month = i16::from(date.month());
    match frequency {
        DigestFrequency::Yearly => (date.year(), 0),
        DigestFrequency::Monthly => (date.year(), month),
        DigestFrequency::Quarterly => (date.year(), (month - 1) / 3),
        DigestFrequency::Weekly => {
            let week = date.iso_week_date();
            (week.year(), i16::from(week.week()))
        }
        DigestFrequency::Daily => (date.year(), date.day_of_year()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_period_begins_a_new_volume() {
        use DigestFrequency::{Daily, Monthly, Quarterly, Weekly, Yearly};
        let at = |date: &str| Timestamp::parse_rfc3339(&format!("{date}T12:00:00Z")).unwrap();
        for (frequency, last, now, new) in [
            (Yearly, "2025-12-31", "2026-01-01", true),
            (Yearly, "2026-01-01", "2026-12-31", false),
            (Monthly, "2026-01-31", "2026-02-01", true),
            (Monthly, "2026-02-01", "2026-02-28", false),
            (Monthly, "2025-02-28", "2026-02-28", true),
            // Four quarters a year, not three.
            (Quarterly, "2026-03-31", "2026-04-01", true),
            (Quarterly, "2026-04-01", "2026-06-30", false),
            (Quarterly, "2026-09-30", "2026-10-01", true),
            // 2026-12-31 is a Thursday: its week goes on into the new year.
            (Weekly, "2026-12-31", "2027-01-01", false),
            (Weekly, "2027-01-03", "2027-01-04", true),
            (Weekly, "2026-12-27", "2026-12-28", true),
            (Daily, "2026-05-01", "2026-05-02", true),
            (Daily, "2026-05-02", "2026-05-02", false),
            // A clock that was wrong once.
            (Monthly, "2030-01-01", "2026-01-01", false),
        ] {
            let wanted = if new { (4, 1) } else { (3, 7) };
            assert_eq!(next(3, 7, Some(at(last)), at(now), frequency), wanted, "{frequency} {last} {now}");
        }
        assert_eq!(next(1, 1, None, at("2026-01-01"), Monthly), (1, 1));
    }
}
