//! When a post was written, as far as it can be believed.

use std::time::Duration;

use posthaste_mime::{Field, Head, parse_rfc5322_date};
use posthaste_model::Timestamp;

/// A date may lie so far ahead of the time the post came.
const AHEAD: Duration = Duration::from_hours(24);
/// No mail is older than mail (1971).
const FIRST: Timestamp = Timestamp::from_micros(31_536_000_000_000);

/// The moment, and true if the Date field did not say it.
pub(crate) fn written(head: &Head, received: Timestamp) -> (Timestamp, bool) {
    let believed = |at: &Timestamp| *at >= FIRST && *at <= received.plus(AHEAD);
    let date = head.get("Date").and_then(|field| read(&field.unfolded())).filter(believed);
    if let Some(date) = date {
        return (date, false);
    }
    // What the mail servers on the way wrote, the latest of them first (RFC 5321 §4.4).
    let stamps = head.all("Received").filter_map(|field| {
        let value = field.unfolded();
        value.rsplit_once(';').and_then(|(_, date)| read(date))
    });
    let resent = head.get("Resent-Date").map(Field::unfolded).and_then(|value| read(&value));
    (resent.into_iter().chain(stamps).find(believed).unwrap_or(received), true)
}

/// A date as mail programs of forty years wrote it.
pub(crate) fn read(value: &str) -> Option<Timestamp> {
    let value = value.trim();
    parse_rfc5322_date(value).or_else(|| {
        let words: Vec<&str> = value.split([' ', '\t', ',']).filter(|word| !word.is_empty()).collect();
        loose(&words)
    })
}

/// Day, month, year and time in any order, as `Tue Mar  7 14:35:31 2023` (asctime) has them; the zone is taken as UTC
/// unless it is a number.
fn loose(words: &[&str]) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let (mut day, mut month, mut year, mut time, mut zone) = (None, None, None, None, "+0000");
    for word in words.iter().take(12) {
        let lower = word.to_ascii_lowercase();
        let named = lower.get(..3).and_then(|begin| MONTHS.iter().position(|m| *m == begin));
        if word.contains(':') {
            time = time.or(Some(*word));
        } else if let Some(found) = named {
            month = month.or(MONTHS.get(found).map(|_| found));
        } else if let Ok(number) = word.parse::<u32>() {
            match (word.len(), number) {
                (1 | 2, 1..=31) if day.is_none() && !word.starts_with('+') => day = Some(number),
                (4, 1970..=9999) if !word.starts_with('+') => year = Some(number),
                (2, _) if !word.starts_with('+') => {
                    year = year.or(Some(if number < 70 { 2000 + number } else { 1900 + number }));
                }
                (5, _) if word.starts_with('+') => zone = word,
                _ => {}
            }
        } else if word.len() == 5 && word.starts_with('-') && word.get(1..)?.parse::<u32>().is_ok() {
            zone = word;
        }
    }
    let name = MONTHS.get(month?)?;
    let mut clock = time?.split(':').map(|piece| piece.split('.').next().unwrap_or_default());
    let (hour, minute, second) = (clock.next()?, clock.next()?, clock.next().unwrap_or("00"));
    parse_rfc5322_date(&format!("{} {name} {} {hour:0>2}:{minute:0>2}:{second:0>2} {zone}", day?, year?))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use posthaste_mime::Message;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn dates_of_all_kinds() {
        for (text, wanted) in [
            ("Tue, 07 Mar 2023 15:35:31 +0100", Some("2023-03-07T14:35:31Z")),
            ("Tue Mar  7 14:35:31 2023", Some("2023-03-07T14:35:31Z")),
            ("Tue Mar  7 14:35:31 MET 2023", Some("2023-03-07T14:35:31Z")),
            ("Tuesday, March 7, 2023 9:05:1 -0500", Some("2023-03-07T14:05:01Z")),
            ("7 Mar 99 14:35", Some("1999-03-07T14:35:00Z")),
            ("yesterday", None),
            ("", None),
            ("Mar 7 2023", None),
            ("99:99 Mar 7 2023", None),
        ] {
            assert_eq!(read(text), wanted.map(at), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_true_is_not_believed() {
        let received = at("2023-03-07T12:00:00Z");
        for (head, wanted, repaired) in [
            ("Date: Tue, 07 Mar 2023 11:00:00 +0000", "2023-03-07T11:00:00Z", false),
            ("Date: Wed, 08 Mar 2023 11:00:00 +0000", "2023-03-08T11:00:00Z", false),
            ("Date: Sat, 07 Mar 2043 11:00:00 +0000", "2023-03-07T12:00:00Z", true),
            ("Date: Thu, 01 Jan 1970 00:00:00 +0000", "2023-03-07T12:00:00Z", true),
            ("Subject: none", "2023-03-07T12:00:00Z", true),
            (
                "Received: by a; nonsense\r\nReceived: by b; Mon, 6 Mar 2023 01:00:00 +0000",
                "2023-03-06T01:00:00Z",
                true,
            ),
            ("Date: x\r\nResent-Date: Mon, 6 Mar 2023 02:00:00 +0000", "2023-03-06T02:00:00Z", true),
        ] {
            let message = Message::parse(Bytes::from(format!("{head}\r\n\r\n")));
            assert_eq!(written(&message.head, received), (at(wanted), repaired), "{head}");
        }
    }
}
