//! What a reply of a mail server says about who is to blame.

use super::reading::Failure;

/// The most of a diagnostic that is kept, in characters.
const SHORT: usize = 300;

/// Who or what is to blame for a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blame {
    /// The recipient: there is no such mailbox, it is closed, it is full.
    Recipient,
    /// The post, or we: refused for what it holds or where it comes from.
    Post,
    /// The recipient's mail server: not reached, in trouble.
    Host,
}

impl Blame {
    /// Its name in the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::Post => "post",
            Self::Host => "host",
        }
    }

    /// The one of this name; the recipient's if there is none.
    pub fn named(name: &str) -> Self {
        [Self::Post, Self::Host].into_iter().find(|b| b.name() == name).unwrap_or(Self::Recipient)
    }
}

/// These words mean that there is no such mailbox, whatever number stands before them: many servers say 5.7.1 or 5.4.1 then.
const NO_MAILBOX: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "no such address",
    "does not exist",
    "doesn't exist",
    "user not found",
    "recipient not found",
    "mailbox not found",
    "address not found",
    "unknown recipient",
    "recipient unknown",
    "unknown address",
    "mailbox unavailable",
    "mailbox is disabled",
    "mailbox disabled",
    "account is disabled",
    "account disabled",
    "account that you tried to reach",
    "recipient address rejected: access denied",
    "invalid recipient",
    "invalid mailbox",
    "not a valid mailbox",
    "no mailbox here",
    "user doesn't have",
    "over quota",
    "mailbox full",
    "mailbox is full",
    "inactive user",
];

/// These mean that the post or its sender was refused.
const REFUSED: &[&str] = &[
    "spam",
    "unsolicited",
    "junk mail",
    "blocked",
    "blacklist",
    "block list",
    "blocklist",
    "black list",
    "denylist",
    "spamhaus",
    "spamcop",
    "barracudacentral",
    "dnsbl",
    "rbl",
    "reputation",
    "policy",
    "dmarc",
    "dkim",
    "spf ",
    "virus",
    "malware",
    "phish",
    "content reject",
    "message content",
    "message rejected",
    "message refused",
    "not authorized",
    "not authorised",
    "not permitted",
    "unauthenticated",
    "too large",
    "size limit",
    "message size",
    "banned",
];

/// Judges a failure by its status and the words beside it.
pub fn blame(failure: &Failure) -> Blame {
    let words = failure.diagnostic.to_lowercase();
    let says = |table: &[&str]| table.iter().any(|w| words.contains(w));
    if says(NO_MAILBOX) {
        return Blame::Recipient;
    }
    let mut numbers = failure.status.split('.').map(|n| n.parse::<u32>().unwrap_or_default());
    let (class, subject, detail) = (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    );
    match (class, subject, detail) {
        // RFC 3463 §3.2: the sender's address is at fault; §3.3: too large for this mailbox; §3.4: for the system.
        (_, 1, 7 | 8) | (_, 2, 3 | 4) | (5, 3, 2 | 4) | (_, 6 | 7, _) => Blame::Post,
        (_, 1, _) | (5, 2, _) | (4, 2, 2) => Blame::Recipient,
        (_, 3..=5, _) | (4, ..) => Blame::Host,
        _ if says(REFUSED) => Blame::Post,
        _ if words.trim_start().starts_with('4') => Blame::Host,
        _ => Blame::Recipient,
    }
}

/// The first enhanced status (RFC 3463 §2) in a text.
pub(crate) fn enhanced(text: &str) -> Option<String> {
    let around = |c: char| !c.is_ascii_digit();
    text.split([' ', '\t', '(', ')', '#', '[', ']', ';', ',', '-', '\u{a0}'])
        .map(|w| w.trim_matches(around))
        .find(|w| is_status(w))
        .map(str::to_owned)
}

fn is_status(word: &str) -> bool {
    let mut numbers = word.split('.');
    let number = |n: Option<&str>| {
        n.is_some_and(|n| (1..=3).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
    };
    numbers.next().is_some_and(|c| matches!(c, "2" | "4" | "5"))
        && number(numbers.next())
        && number(numbers.next())
        && numbers.next().is_none()
}

/// On one line, and no longer than people read.
pub(super) fn short(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(SHORT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_to_blame() {
        use Blame::{Host, Post, Recipient};
        for (status, diagnostic, wanted) in [
            ("5.1.1", "550 5.1.1 no such user", Recipient),
            ("5.0.0", "550 whatever", Recipient),
            ("", "", Recipient),
            ("5.2.2", "552 mailbox full", Recipient),
            ("4.2.2", "452 4.2.2 over quota for five days", Recipient),
            ("5.7.1", "550 5.7.1 User unknown", Recipient),
            ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", Recipient),
            ("5.7.1", "554 5.7.1 looks like spam", Post),
            ("5.7.26", "550 5.7.26 not accepted due to the domain's DMARC policy", Post),
            ("5.6.0", "554 bad MIME", Post),
            ("5.3.4", "552 message too big", Post),
            ("5.2.3", "552 too big for you", Post),
            ("5.1.8", "553 sender domain unknown", Post),
            ("", "554 Message rejected because of its content", Post),
            ("5.0.0", "550 blocked using bl.spamcop.net", Post),
            ("5.4.4", "no route to host", Host),
            ("5.4.7", "delivery time expired", Host),
            ("4.4.1", "connection timed out", Host),
            ("", "421 try later", Host),
        ] {
            let failure =
                Failure { address: String::new(), status: status.into(), diagnostic: diagnostic.into() };
            assert_eq!(blame(&failure), wanted, "{status} {diagnostic}");
        }
    }

    #[test]
    fn statuses_are_found() {
        for (text, wanted) in [
            ("5.1.1", Some("5.1.1")),
            ("550 5.7.26 no", Some("5.7.26")),
            ("550-5.1.1 no", Some("5.1.1")),
            ("(#5.1.1)", Some("5.1.1")),
            ("host 10.5.1.1 said no", None),
            ("at 5.1.1.7", None),
            ("550", None),
        ] {
            assert_eq!(enhanced(text).as_deref(), wanted, "{text}");
        }
    }
}
