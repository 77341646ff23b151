use std::path::Path;
use std::time::Duration;

use toml::de::DeValue;

use super::key::section;
use super::value::{Value, quoted, wrong};

section! {
    /// Digests: many posts in one mail.
    Digests in "digests" {
        /// The time of day, UTC, at which lists with `digest_send_periodic` send what has come since.
        restart at: TimeOfDay = TimeOfDay(Duration::from_hours(12));
    }
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeOfDay(pub(crate) Duration);

impl Value for TimeOfDay {
    fn kind() -> String {
        "a time of day in quotes, \"00:00\" to \"23:59\"".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        value.as_str().and_then(parse).ok_or_else(|| wrong::<Self>(value))
    }

    fn show(&self) -> Option<String> {
        let minutes = self.0.as_secs() / 60;
        Some(quoted(&format!("{:02}:{:02}", minutes / 60, minutes % 60)))
    }
}

fn parse(text: &str) -> Option<TimeOfDay> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.len() == 2);
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then(|| TimeOfDay(Duration::from_secs(hours * 3600 + minutes * 60)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, good) in [
            ("00:00", true),
            ("23:59", true),
            ("24:00", false),
            ("12:60", false),
            ("7:00", false),
            ("noon", false),
        ] {
            let read = TimeOfDay::read(&DeValue::String(text.into()), Path::new(""));
            assert_eq!(read.as_ref().ok().and_then(TimeOfDay::show), good.then(|| quoted(text)), "{text}");
        }
    }
}
