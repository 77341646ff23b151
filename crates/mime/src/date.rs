use posthaste_model::Timestamp;

/// A moment as the Date field writes it (RFC 5322 §3.3), in UTC: `Tue, 07 Mar 2023 14:35:31 +0000`.
pub fn rfc5322_date(at: Timestamp) -> String {
    at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// The moment a Date field names; `None` if it is none.
pub fn parse_rfc5322_date(value: &str) -> Option<Timestamp> {
    let zoned =
        jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_zoned(value.trim()).ok()?;
    Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let at = Timestamp::from_micros(1_678_199_731_000_000);
        assert_eq!(rfc5322_date(at), "Tue, 07 Mar 2023 14:35:31 +0000");
        assert!(!rfc5322_date(Timestamp::from_micros(i64::MIN)).is_empty());
        for (given, wanted) in [
            ("Tue, 07 Mar 2023 15:35:31 +0100", Some(at)),
            ("7 Mar 2023 09:35:31 EST (somewhere)", Some(at)),
            ("Fri, 07 Mar 2023 14:35:31 GMT", Some(at)),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(parse_rfc5322_date(given), wanted, "{given}");
        }
    }
}
