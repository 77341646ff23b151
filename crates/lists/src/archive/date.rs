use std::time::Duration;

use jiff::fmt::rfc2822;
use posthaste_mime::{Field, Message, rfc5322_date};
use posthaste_model::Timestamp;

/// When the Date of a post is replaced by the time we received it, so that archives sort it well.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Clobber {
    /// If there is none.
    Never,
    /// If there is none, or it cannot be true.
    #[default]
    Maybe,
    /// Always.
    Always,
}

/// What is done about dates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clobbering {
    /// When.
    pub when: Clobber,
    /// How far from the time we received it a date may lie to be believed.
    pub skew: Duration,
}

impl Default for Clobbering {
    fn default() -> Self {
        Self { when: Clobber::Maybe, skew: Duration::from_hours(24) }
    }
}

impl Clobbering {
    /// Puts the date of a message in order; what it was is kept as X-Original-Date.
    pub fn apply(self, message: &mut Message, received: Timestamp) {
        let said = message.head.get("Date").map(Field::unfolded);
        let believed = match (self.when, &said) {
            (_, None) | (Clobber::Always, _) => false,
            (Clobber::Never, Some(_)) => true,
            (Clobber::Maybe, Some(said)) => parse(said)
                .is_some_and(|date| date.since(received) <= self.skew && received.since(date) <= self.skew),
        };
        if believed {
            return;
        }
        message.head.remove("X-Original-Date");
        if let Some(said) = said {
            message.head.append(Field::structured("X-Original-Date", said.trim()));
        }
        message.head.replace(Field::structured("Date", &rfc5322_date(received)));
        // Further ones would be as false.
        let mut seen = false;
        message.head.retain(|field| !field.is("Date") || !std::mem::replace(&mut seen, true));
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let parsed = rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text.trim()).ok()?;
    Some(Timestamp::from_micros(parsed.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn dates() {
        let received = Timestamp::parse_rfc3339("2026-05-02T12:00:00Z").unwrap();
        let ours = "Sat, 02 May 2026 12:00:00 +0000";
        let (good, old) = ("Sat, 2 May 2026 23:59:59 +1200", "Mon, 1 Jan 2001 00:00:00 +0000");
        for (when, date, kept) in [
            (Clobber::Maybe, good, true),
            (Clobber::Maybe, "Fri, 2 May 2026 12:00:00 GMT (wrong day)", true),
            (Clobber::Maybe, old, false),
            (Clobber::Maybe, "yesterday", false),
            (Clobber::Never, old, true),
            (Clobber::Never, "yesterday", true),
            (Clobber::Always, good, false),
        ] {
            let raw = format!("X-Original-Date: forged\r\nDate: {date}\r\nA: 1\r\n\r\nx");
            let mut message = Message::parse(Bytes::from(raw.clone()));
            Clobbering { when, ..Clobbering::default() }.apply(&mut message, received);
            let wanted =
                if kept { raw } else { format!("Date: {ours}\r\nA: 1\r\nX-Original-Date: {date}\r\n\r\nx") };
            assert_eq!(message.to_bytes(), wanted, "{when:?} {date}");
        }
        let mut none = Message::parse(Bytes::from_static(b"A: 1\r\n\r\nx"));
        Clobbering { when: Clobber::Never, ..Clobbering::default() }.apply(&mut none, received);
        assert_eq!(none.to_bytes(), format!("A: 1\r\nDate: {ours}\r\n\r\nx"));
    }
}
