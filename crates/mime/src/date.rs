use posthaste_model::Timestamp;

/// A moment as the Date field writes it (RFC 5322 §3.3), in UTC: `Tue, 07 Mar 2023 14:35:31 +0000`.
pub fn rfc5322_date(at: Timestamp) -> String {
    at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let at = Timestamp::from_micros(1_678_199_731_000_000);
        assert_eq!(rfc5322_date(at), "Tue, 07 Mar 2023 14:35:31 +0000");
        assert!(!rfc5322_date(Timestamp::from_micros(i64::MIN)).is_empty());
    }
}
