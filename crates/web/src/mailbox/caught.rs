use bytes::Bytes;
use posthaste_mime::Message;
use posthaste_model::Timestamp;
use serde::{Deserialize, Serialize};

/// What SMTP said of a message: the `.json` file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Envelope {
    /// When it was caught.
    pub(super) at: Timestamp,
    /// The reverse-path; empty for `<>`.
    pub(super) from: String,
    /// The forward-paths.
    pub(super) recipients: Vec<String>,
}

/// A caught message: one SMTP transaction, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caught {
    /// Its number; a newer message has a greater one.
    pub id: u64,
    /// When it was caught.
    pub at: Timestamp,
    /// The reverse-path of its envelope; empty for `<>`.
    pub envelope_from: String,
    /// The forward-paths of its envelope.
    pub recipients: Vec<String>,
    /// Its From field, decoded.
    pub from: String,
    /// Its Subject, decoded.
    pub subject: String,
    /// Its Message-ID without angle brackets; empty if it has none.
    pub message_id: String,
    /// The bytes of the message.
    pub size: usize,
    /// Why it cannot be shown whole, if it cannot.
    pub damage: Option<String>,
}

impl Caught {
    pub(super) fn new(id: u64, envelope: Envelope, message: &Bytes) -> Self {
        let head = Message::parse(message.clone()).head;
        let text = |name| head.text(name).unwrap_or_default().trim().to_owned();
        Self {
            id,
            at: envelope.at,
            envelope_from: envelope.from,
            recipients: envelope.recipients,
            from: text("From"),
            subject: text("Subject"),
            message_id: text("Message-ID").trim_matches(['<', '>']).to_owned(),
            size: message.len(),
            damage: None,
        }
    }

    /// True if `address` is one of its recipients; case does not count.
    pub fn is_for(&self, address: &str) -> bool {
        self.recipients.iter().any(|recipient| recipient.eq_ignore_ascii_case(address))
    }

    /// The day it was caught, `2026-11-22`, in UTC.
    pub(super) fn day(&self) -> String {
        self.at.to_string().chars().take(10).collect()
    }

    /// The time it was caught, `17:25:03`, in UTC.
    pub(super) fn time(&self) -> String {
        self.at.to_string().chars().skip(11).take(8).collect()
    }

    /// Its size for people.
    pub(super) fn weight(&self) -> String {
        weight(self.size)
    }
}

/// `5.1 kB`.
pub(super) fn weight(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_for_people() {
        let at = Timestamp::parse_rfc3339("2026-11-22T17:25:03.123Z").unwrap_or_default();
        let caught = Caught { at, ..Caught::default() };
        assert_eq!((caught.day().as_str(), caught.time().as_str()), ("2026-11-22", "17:25:03"));
        for (bytes, text) in [(0, "0 B"), (999, "999 B"), (5_120, "5.1 kB"), (26_214_400, "26.2 MB")] {
            assert_eq!(weight(bytes), text);
        }
    }
}
