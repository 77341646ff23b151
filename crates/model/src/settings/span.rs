use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// Numbers with the units `w d h m s`, each at most once and in descending order.
pub(super) fn parse_span(text: &str) -> Option<Duration> {
    const UNITS: [(char, f64); 5] =
        [('w', 604_800.0), ('d', 86_400.0), ('h', 3_600.0), ('m', 60.0), ('s', 1.0)];
    let mut rest = text.trim();
    let mut allowed = UNITS.as_slice();
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..end)?.parse().ok()?;
        let unit = rest.get(end..)?.chars().next()?;
        let place = allowed.iter().position(|(u, _)| *u == unit)?;
        seconds += number * allowed.get(place)?.1;
        allowed = allowed.get(place + 1..)?;
        rest = rest.get(end + unit.len_utf8()..)?;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

/// `Nd`, or `NdS.Ss` if there is a remainder: what Mailman's clients expect.
pub(super) fn print_span(span: Duration) -> String {
    let (days, rest) = (span.as_secs() / 86_400, span.as_secs() % 86_400);
    let micros = span.subsec_micros();
    if rest == 0 && micros == 0 {
        format!("{days}d")
    } else {
        let fraction = format!("{micros:06}");
        let fraction = fraction.trim_end_matches('0');
        format!("{days}d{rest}.{}s", if fraction.is_empty() { "0" } else { fraction })
    }
}

/// For `serde(with)`.
pub(super) fn serialize<S: Serializer>(span: &Duration, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&print_span(*span))
}

/// For `serde(with)`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(d)?;
    parse_span(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not a span of time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (given, shown) in
            [("90d", "90d"), ("2h", "0d7200.0s"), ("1.5d", "1d43200.0s"), ("1d45005.0s", "1d45005.0s")]
        {
            assert_eq!(print_span(parse_span(given).unwrap()), shown);
        }
        for bad in ["", "7", "d", "1d1w", "1d1d", "-1d", "1 d"] {
            assert_eq!(parse_span(bad), None, "{bad}");
        }
    }
}
