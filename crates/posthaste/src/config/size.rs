use std::path::Path;
use std::time::Duration;

use toml::de::DeValue;

use super::value::{Value, integer, quoted, wrong};

/// A number of bytes, written with a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(u64);

/// The units of a size, largest first, as `show` prefers them.
const SIZES: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl Size {
    /// So many MiB.
    pub(crate) const fn mib(number: u64) -> Self {
        Self(number << 20)
    }

    /// In bytes.
    pub(crate) const fn bytes(self) -> u64 {
        self.0
    }
}

impl Value for Size {
    fn kind() -> String {
        "a size such as \"25MiB\" (units B, kB, MB, GB, KiB, MiB, GiB) or a number of bytes".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        let bytes = match value.as_str() {
            Some(text) => with_unit(text, &SIZES),
            None => integer(value).and_then(|number| u64::try_from(number).ok()),
        };
        bytes.filter(|bytes| *bytes > 0).map(Self).ok_or_else(|| wrong::<Self>(value))
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&show_with_unit(self.0, &SIZES)))
    }
}

/// The units of a time, largest first.
const TIMES: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// A length of time, written with a unit.
impl Value for Duration {
    fn kind() -> String {
        "a time such as \"30s\" (units s, m, h, d)".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        let seconds = value.as_str().and_then(|text| with_unit(text, &TIMES)).filter(|seconds| *seconds > 0);
        seconds.map(Self::from_secs).ok_or_else(|| wrong::<Self>(value))
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&show_with_unit(self.as_secs(), &TIMES)))
    }
}

/// Reads `25MiB` or `25 MiB`; case matters to no unit.
fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn show_with_unit(number: u64, units: &[(&str, u64)]) -> String {
    let unit = units.iter().find(|(_, factor)| number.is_multiple_of(*factor) && number >= *factor);
    unit.map_or_else(|| number.to_string(), |(name, factor)| format!("{}{name}", number / factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_units() {
        for (text, bytes) in [
            ("25MiB", Some(25 << 20)),
            ("25 MiB", Some(25 << 20)),
            ("25mib", Some(25 << 20)),
            ("10kB", Some(10_000)),
            ("512B", Some(512)),
            ("1GB", Some(1_000_000_000)),
            ("25", None),
            ("MiB", None),
            ("25 megabytes", None),
            ("-1MiB", None),
            ("99999999999999999999GiB", None),
            ("18446744073709551615GiB", None),
            ("", None),
        ] {
            assert_eq!(with_unit(text, &SIZES), bytes, "{text}");
        }
    }

    #[test]
    fn shown_as_one_would_write_it() {
        for (bytes, text) in [(25 << 20, "25MiB"), (1 << 30, "1GiB"), (10_000, "10kB"), (7, "7B")] {
            assert_eq!(show_with_unit(bytes, &SIZES), text);
        }
        assert_eq!(show_with_unit(300, &TIMES), "5m");
        assert_eq!(show_with_unit(90, &TIMES), "90s");
    }
}
