//! How mail servers write to people that mail did not arrive. What is more telling stands first.

use super::source::Source;
use super::texts::{Format, Take};

const ALWAYS: fn(&Source) -> bool = |_| true;
const MULTIPART: fn(&Source) -> bool = |source| source.multipart;

const fn format(
    name: &'static str,
    begin: &'static [&'static str],
    end: &'static [&'static str],
    take: Take,
) -> Format {
    Format { name, when: ALWAYS, begin, end, take }
}

/// Not delivered yet.
pub(super) const DELAYED: &[Format] = &[
    format(
        "exim delay",
        &["has not yet been delivered", "have not yet been delivered"],
        &["no action is required"],
        Take::First,
    ),
    format("exim delay", &["not yet been delivered to one or more"], &["no action is required"], Take::First),
    Format {
        name: "warning",
        when: |s| s.says("this is just a warning"),
        begin: &["your message to:"],
        end: &["this is just a warning"],
        take: Take::Any,
    },
    Format {
        name: "retry",
        when: |s| s.says("delivery attempts will continue"),
        begin: &["your message with subject:"],
        end: &["delivery attempts will continue"],
        take: Take::Any,
    },
    format("will be retried", &["has been delayed", "is delayed"], &["message will be retried"], Take::First),
    format("exchange delay", &["this is an advisory-only email"], &["has been postponed"], Take::Any),
    format(
        "sendmail delay",
        &["addresses had transient non-fatal errors"],
        &["transcript of session"],
        Take::First,
    ),
    format(
        "sendmail delay",
        &["could not send message for past"],
        &["transcript of session", "you do not need"],
        Take::First,
    ),
    format(
        "gmail delay",
        &[
            "delivery to the following recipient has been delayed",
            "message that you sent, and has been delayed",
            "gmail will retry",
        ],
        &["message will be retried"],
        Take::First,
    ),
    format(
        "microsoft delay",
        &["delivery to these recipients or groups has been delayed", "has been delayed for"],
        &["original message"],
        Take::Any,
    ),
    format(
        "postfix delay",
        &["your message could not be delivered for more than"],
        &["for further assistance"],
        Take::AngledFirst,
    ),
    format(
        "groupwise delay",
        &["delivery is being retried", "will continue to try", "will keep trying", "we will keep trying"],
        &[],
        Take::First,
    ),
];

/// Not delivered at all.
pub(super) const FAILED: &[Format] = &[
    Format {
        name: "sina",
        when: |s| s.multipart && s.from.contains("mailer-daemon@sina.com"),
        begin: &[],
        end: &["---"],
        take: Take::AngledFirst,
    },
    Format {
        name: "yahoo",
        when: |s| {
            s.from.contains("mailer-daemon@yahoo")
                || s.from.contains("mailer-daemon@") && s.from.contains(".yahoo.")
        },
        begin: &["message from yahoo", "unable to deliver your message to the following address"],
        end: &["original message", "forwarded message"],
        take: Take::AngledFirst,
    },
    Format {
        name: "postfix",
        when: ALWAYS,
        begin: &[
            "the postfix",
            "the bns postfix",
            "the keftamail",
            "the smtp_gateway",
            "failure reason:",
            "this is the mail system at host",
            "mail system at host",
        ],
        end: &[],
        take: Take::AngledFirst,
    },
    Format {
        name: "qmail",
        when: ALWAYS,
        begin: &[
            "hi. this is the",
            "hi. the mta program at",
            "we're sorry. there's a problem",
            "check your send e-mail address.",
            "this is the mail delivery agent at",
            "unfortunately, your mail was not delivered",
            "your mail message to the following",
        ],
        end: &["--- ", "---below"],
        take: Take::AngledFirst,
    },
    Format {
        name: "groupwise",
        when: |s| s.multipart && ["nov", "ntm", "int", "groupwise"].iter().any(|m| s.mailer.starts_with(m)),
        begin: &[],
        end: &["---"],
        take: Take::First,
    },
    format(
        "groupwise",
        &["undeliverable recipient", "the message that you sent was undeliverable to"],
        &[],
        Take::First,
    ),
    Format {
        name: "microsoft smtpsvc",
        when: MULTIPART,
        begin: &["transcript of session follows"],
        end: &[],
        take: Take::Alone,
    },
    Format {
        name: "caiwireless",
        when: MULTIPART,
        begin: &["the following recipients did not receive this message"],
        end: &[""],
        take: Take::AngledFirst,
    },
    format(
        "mdaemon",
        &["did not receive a copy", "did not receive the message", "had permanent fatal delivery errors"],
        &["session transcript"],
        Take::First,
    ),
    format(
        "sendmail",
        &["the following addresses had", "the following address had", "addresses had permanent fatal errors"],
        &["transcript of session follows"],
        Take::First,
    ),
    format(
        "failed recipients",
        &["here is your list of failed recipients"],
        &["here is your returned mail"],
        Take::Angled,
    ),
    format(
        "exim",
        &["delivery software", "a message that you sent could not be delivered", "this is a permanent error"],
        &["------", "--- the header"],
        Take::First,
    ),
    format(
        "viruswall",
        &["interscan viruswall", "interscan messaging", "virus wall"],
        &["end of message"],
        Take::After(&["rcpt to:"]),
    ),
    format("smail", &["failed addresses follow:"], &["message text follows:"], Take::First),
    format(
        "newmail.ru",
        &["this is the machine generated message", "newmail.ru"],
        &["below the next line"],
        Take::Angled,
    ),
    format(
        "intended recipient",
        &["intended recipient:"],
        &["returned mail follows"],
        Take::After(&["intended recipient:"]),
    ),
    format(
        "undeliverable address",
        &["undeliverable address:"],
        &["original message attached"],
        Take::After(&["undeliverable address:"]),
    ),
    format(
        "addressed to",
        &["created automatically by mail delivery"],
        &["start of returned message"],
        Take::After(&["addressed to"]),
    ),
    format("mailbox full", &["user's mailbox is full:"], &["unable to deliver mail."], Take::Angled),
    format(
        "following user",
        &["could not be delivered to the following user"],
        &["old message:"],
        Take::Angled,
    ),
    format("following addresses", &["unable to deliver message to the following address"], &[], Take::First),
    format(
        "gmail",
        &[
            "delivery to the following recipient failed",
            "delivery to the following recipients failed",
            "your message wasn't delivered to",
            "address not found",
        ],
        &["original message", "technical details"],
        Take::Any,
    ),
    format(
        "delivery failed",
        &[
            "to the following recipients failed",
            "to the following recipients was aborted",
            "to the following recipient failed",
            "to the following recipients has failed",
        ],
        &[],
        Take::First,
    ),
    format(
        "because",
        &[
            "was not delivered to",
            "wasn't delivered to",
            "could not be delivered to",
            "couldn't be delivered to",
            "cannot be delivered to",
        ],
        &["because:", "subject:"],
        Take::Any,
    ),
    format("lotus domino", &["your message", "your document"], &["because:", "because"], Take::Alone),
    format("end of message", &["unable to deliver message to"], &["*** end of message"], Take::Any),
    format("earthlink", &["sorry, unable to deliver your message to"], &[], Take::Any),
    format(
        "smtp32",
        &[
            "invalid final delivery userid",
            "user mailbox",
            "undeliverable to",
            "delivery userid",
            "unknown user:",
            "delivery failed:",
        ],
        &[""],
        Take::Any,
    ),
    format("failed recipients", &["failed recipient"], &["returned mail"], Take::Any),
    format("lsmtp", &["--> error description:"], &["error-end:"], Take::After(&["error-for:"])),
    format(
        "not delivered",
        &[
            "your message could not be delivered",
            "your message was not delivered",
            "message could not be delivered",
        ],
        &["----"],
        Take::First,
    ),
    format(
        "delivery problems",
        &["encountered delivery problems"],
        &["your message reads"],
        Take::After(&["addressed to"]),
    ),
    format(
        "did not reach",
        &["did not reach the following recipient", "did not reach some or all of the intended recipients"],
        &["msexch:"],
        Take::Any,
    ),
    format(
        "deliver program",
        &["this is the deliver program at", "this is the email server at"],
        &["----"],
        Take::Any,
    ),
    format("no such user here", &["no such user here"], &["there is no user"], Take::Any),
    format(
        "following address failed",
        &["the following address failed", "the following addresses failed", "following address(es) failed"],
        &[],
        Take::First,
    ),
    format(
        "could not be reached",
        &["could not be reached", "could not deliver message to the following recipient"],
        &["error type", "-- the header"],
        Take::Any,
    ),
    format("following addresses", &["not delivered to the following"], &["error detail"], Take::First),
    format(
        "dovecot",
        &["was automatically rejected", "was rejected for", "rejected your message"],
        &["reporting"],
        Take::Any,
    ),
    format("mail.ru", &["a message that you sent was rejected"], &[], Take::First),
    format(
        "mailenable",
        &["could not be delivered to some recipients"],
        &["message headers follow"],
        Take::After(&["recipient:"]),
    ),
    format(
        "wasn't able",
        &["wasn't able to deliver the following message", "was not able to deliver the following message"],
        &[],
        Take::After(&["to:"]),
    ),
    format(
        "notification message",
        &["this is a delivery failure notification message"],
        &["the problem appears to be"],
        Take::Any,
    ),
    format("original details", &["delivery has failed"], &["original message details"], Take::Any),
    format(
        "netscape",
        &["was undeliverable due to the following reason"],
        &["please reply to"],
        Take::Angled,
    ),
    format(
        "james",
        &["wasn't able to deliver your message to the following", "i'm afraid i wasn't able"],
        &[],
        Take::First,
    ),
    format(
        "courier",
        &["to the following recipients cannot be delivered", "undeliverable mail"],
        &[],
        Take::AngledFirst,
    ),
    format("opensmtpd", &["the following list of recipients"], &[], Take::First),
    format(
        "oracle",
        &["cannot be delivered to the following recipients", "following recipients:"],
        &[],
        Take::Any,
    ),
    format("communigate", &["failed to deliver to"], &[], Take::After(&["failed to deliver to"])),
    format("powermta", &[">>> "], &[], Take::After(&[">>> "])),
    format("barracuda", &["your message to:", "your message to"], &["was blocked by"], Take::Any),
    format(
        "icewarp",
        &["failed to reach", "unable to reach the following", "unreachable for too long"],
        &[],
        Take::Any,
    ),
    format("qq", &["收件人", "无法发送到", "无法投递", "被退回"], &["原邮件", "原始邮件"], Take::Any),
    format(
        "german",
        &["nicht zugestellt werden", "konnte nicht zugestellt", "unzustellbar an"],
        &["ursprüngliche nachricht", "originalnachricht"],
        Take::Any,
    ),
    format(
        "french",
        &["n'a pas pu être remis", "n'a pas pu etre remis", "impossible de remettre", "échec de la remise"],
        &["message d'origine"],
        Take::Any,
    ),
    format(
        "spanish",
        &["no se pudo entregar", "no se ha podido entregar", "no pudo ser entregado"],
        &["mensaje original"],
        Take::Any,
    ),
    format(
        "italian",
        &["non è stato recapitato", "non è stato possibile recapitare", "impossibile recapitare"],
        &["messaggio originale"],
        Take::Any,
    ),
    format(
        "portuguese",
        &["não pôde ser entregue", "não foi possível entregar", "nao foi possivel entregar"],
        &["mensagem original"],
        Take::Any,
    ),
    format(
        "russian",
        &["не может быть доставлено", "не удалось доставить", "не доставлено"],
        &["исходное сообщение"],
        Take::Any,
    ),
    format(
        "japanese",
        &["配信できませんでした", "送信できませんでした", "届けることができませんでした"],
        &["元のメッセージ"],
        Take::Any,
    ),
    format(
        "unknown user",
        &[
            "unknown local user",
            "user unknown",
            "no such user",
            "mailbox unavailable",
            "recipient address rejected",
        ],
        &[""],
        Take::Any,
    ),
];
