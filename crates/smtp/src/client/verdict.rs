use crate::Reply;

/// What a reply to RCPT means for the recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Accepted,
    /// The transaction is full; the recipient goes into the next one (RFC 5321 §4.5.3.1.10).
    TooMany,
    Deferred,
    Failed,
    /// Not a code that RCPT may be answered with.
    Nonsense,
}

/// Judges the reply to RCPT; `company` says that the transaction has a recipient already.
///
/// A refusal that speaks of our commands or credentials and not of the recipient is held against nobody: the
/// recipient waits until the relay is put right.
pub(crate) fn judge(reply: &Reply, company: bool) -> Verdict {
    // X.5.3 is "too many recipients" (RFC 3463 §3.6); without an enhanced code 452 and 552 may mean just that.
    let too_many = matches!(reply.code, 452 | 552)
        && reply.enhanced.is_none_or(|(_, subject, detail)| (subject, detail) == (5, 3));
    match reply.code {
        200..300 => Verdict::Accepted,
        _ if too_many && company => Verdict::TooMany,
        _ if too_many => Verdict::Deferred,
        // The last ones: RFC 5321 §4.2.2 and RFC 4954 §6.
        400..500 | 500 | 502..=504 | 530 | 534 | 535 | 538 => Verdict::Deferred,
        500..600 => Verdict::Failed,
        _ => Verdict::Nonsense,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_replies_to_rcpt() {
        for (code, enhanced, company, expected) in [
            (250, None, false, Verdict::Accepted),
            (251, None, false, Verdict::Accepted),
            (450, None, true, Verdict::Deferred),
            (452, None, true, Verdict::TooMany),
            (452, None, false, Verdict::Deferred),
            (452, Some((4, 5, 3)), true, Verdict::TooMany),
            (452, Some((4, 2, 2)), true, Verdict::Deferred),
            (552, Some((5, 5, 3)), true, Verdict::TooMany),
            (552, None, false, Verdict::Deferred),
            (552, Some((5, 2, 2)), true, Verdict::Failed),
            (550, Some((5, 1, 1)), true, Verdict::Failed),
            (501, None, true, Verdict::Failed),
            (503, None, true, Verdict::Deferred),
            (530, None, true, Verdict::Deferred),
            (354, None, true, Verdict::Nonsense),
        ] {
            let reply = Reply { code, enhanced, text: "".into() };
            assert_eq!(judge(&reply, company), expected, "{reply} {company}");
        }
    }
}
