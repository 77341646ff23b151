//! Figures in words.

use posthaste_model::Timestamp;

/// `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`.
pub(crate) fn duration(seconds: u64) -> String {
    let pair = |big: u64, unit: &str, small: u64, of: &str| match small {
        0 => format!("{big} {unit}"),
        small => format!("{big} {unit} {small} {of}"),
    };
    match seconds {
        0..120 => format!("{seconds} s"),
        120..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => pair(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// `1,234,567`.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 post`, `2 posts`.
pub(crate) fn count(many: u64, one: &str) -> String {
    match many {
        1 => format!("1 {one}"),
        _ => format!("{} {one}s", number(many)),
    }
}

/// `12.3 GiB`.
pub(crate) fn octets(bytes: u64) -> String {
    let mut size = bytes as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    if unit == "B" || size >= 100.0 { format!("{size:.0} {unit}") } else { format!("{size:.1} {unit}") }
}

/// The time of day, in UTC, with the day before it unless that is today: `14:20:00`, `7 March 14:20:00`.
pub(crate) fn moment(at: Timestamp, now: Timestamp) -> String {
    let (day, today) = (at.to_jiff().strftime("%F").to_string(), now.to_jiff().strftime("%F").to_string());
    let year = at.to_jiff().strftime("%Y").to_string();
    if day == today {
        at.to_jiff().strftime("%H:%M:%S").to_string()
    } else if today.starts_with(&year) {
        at.to_jiff().strftime("%-d %B %H:%M").to_string()
    } else {
        at.to_jiff().strftime("%-d %B %Y %H:%M").to_string()
    }
}

/// RFC 3339 (§5.6) in whole seconds, as the `datetime` of HTML and the dates of Atom want it.
pub(crate) fn machine(at: Timestamp) -> String {
    at.to_jiff().strftime("%FT%TZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (seconds, words) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (11_100, "3 h 5 min"),
            (176_400, "2 d 1 h"),
            (31_536_000, "365 d"),
        ] {
            assert_eq!(duration(seconds), words);
        }
    }

    #[test]
    fn numbers_and_sizes() {
        for (value, words) in [(0, "0"), (999, "999"), (1_000, "1,000"), (8_112_000, "8,112,000")] {
            assert_eq!(number(value), words);
        }
        assert_eq!(count(1, "post"), "1 post");
        assert_eq!(count(1_200, "post"), "1,200 posts");
        for (value, words) in [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (53_687_091_200, "50.0 GiB")]
        {
            assert_eq!(octets(value), words);
        }
        assert_eq!(octets(u64::MAX), "16777216 TiB");
    }

    #[test]
    fn moments() {
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        let now = at("2023-03-07T15:00:00Z");
        assert_eq!(moment(at("2023-03-07T14:20:00Z"), now), "14:20:00");
        assert_eq!(moment(at("2023-03-06T14:20:00Z"), now), "6 March 14:20");
        assert_eq!(moment(at("2022-12-31T14:20:00Z"), now), "31 December 2022 14:20");
        assert_eq!(machine(at("2022-12-31T14:20:00.5Z")), "2022-12-31T14:20:00Z");
    }
}
