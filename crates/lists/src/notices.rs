//! Mail that Posthaste writes itself. Pure: each function returns an entry ready to be put, born planned, so that it
//! needs neither rules nor the database again.
//!
//! Nobody's automatic mail is ever answered ([`may_answer`], P36).

mod about;
pub(crate) mod acknowledged;
mod announcement;
mod auto_response;
mod bounced;
mod filtered;
mod given_up;
mod held;
mod membership;
mod moderation;
mod rejected;
mod report;

use std::collections::BTreeMap;

use posthaste_mime::{AutoSubmitted, Field, Message, Notice, make_message_id};
use posthaste_model::{EntryId, Envelope, ForwardPath, ListId, MailingList, ReversePath, Stage, Timestamp};
use posthaste_spool::{Event, Kind, NewEntry, Then};

pub(crate) use self::about::About;
pub use self::announcement::Announcement;
pub use self::auto_response::{WrittenTo, auto_response};
pub use self::bounced::{BounceAbout, to_member, to_owners, to_probe};
pub(crate) use self::filtered::filtered;
pub use self::given_up::given_up;
pub use self::held::{Held, held_for_author};
pub(crate) use self::membership::MembershipLetter;
pub use self::moderation::{dropped, forwarded, held_for_moderator, refused};
pub use self::rejected::rejected;
pub use self::report::{FailedRecipient, undelivered_report};
use crate::delivery::{Plan, Recipient, RecipientsBuilder, encode_plan};
use crate::notes;
use crate::pipeline::Segment;

/// What a notice says to whom; the rest is the same for all.
pub(crate) struct Letter<'a> {
    /// The entry it is born from.
    pub(crate) parent: EntryId,
    /// What for: makes its id, so that writing it twice makes one.
    pub(crate) purpose: &'a str,
    pub(crate) list: &'a ListId,
    pub(crate) from: &'a str,
    /// The To field.
    pub(crate) to: &'a str,
    pub(crate) recipients: &'a [String],
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) auto_submitted: AutoSubmitted,
    pub(crate) extra: Vec<Field>,
    pub(crate) attached: Option<bytes::Bytes>,
    pub(crate) hostname: &'a str,
    pub(crate) at: Timestamp,
}

impl Letter<'_> {
    /// The entry; `None` if there is nobody to write to.
    pub(crate) fn into_entry(self) -> Option<NewEntry> {
        // The null path: nobody answers a notice of ours (RFC 5321 §4.5.5).
        self.into_entry_from(String::new())
    }

    /// The same, from an envelope sender that hears of it if it fails.
    fn into_entry_from(self, sender: String) -> Option<NewEntry> {
        let id = self.parent.child(self.purpose);
        let message_id = make_message_id(id.uuid().as_bytes(), self.hostname);
        let notice = Notice {
            from: self.from.to_owned(),
            to: self.to.to_owned(),
            subject: self.subject.clone(),
            text: self.text,
            message_id: message_id.clone(),
            date: self.at,
            auto_submitted: self.auto_submitted,
            extra: self.extra,
            attached: self.attached,
        };
        let message = notice.to_message().to_bytes();
        let mut recipients = RecipientsBuilder::default();
        let mut first = None;
        for address in self.recipients {
            if let Ok(path) = ForwardPath::parse(address) {
                first.get_or_insert(path);
                recipients.push(Recipient { address, member: uuid::Uuid::nil(), language: "", name: "" });
            }
        }
        let plan = Plan {
            provenance: None,
            sender,
            personal: false,
            message_id,
            owners: vec![],
            owner_address: self.from.to_owned(),
            display_name: String::new(),
            subject: self.subject,
        };
        let data = encode_plan(plan, &[Segment::Shared(message.clone())], &recipients).ok()?;
        Some(NewEntry {
            id,
            stage: Stage::Out,
            list: self.list.clone(),
            envelope: Envelope {
                reverse_path: ReversePath::Null,
                forward_path: first?,
                client: "posthaste".into(),
                received: self.at,
            },
            notes: BTreeMap::from([
                (notes::PURPOSE.to_owned(), self.purpose.to_owned()),
                (notes::PARENT.to_owned(), self.parent.to_string()),
            ]),
            message,
            events: vec![Event { kind: Kind::Planned, then: Then::Stay, also: vec![], data }],
        })
    }
}

/// True if this message may get an automatic answer: its envelope names somebody, and it is not automatic itself
/// (RFC 3834 §2, RFC 5321 §4.5.5).
pub fn may_answer(envelope: &Envelope, message: &Message) -> bool {
    may_answer_path(&envelope.reverse_path, message)
}

/// The same, before there is an envelope.
pub(crate) fn may_answer_path(from: &ReversePath, message: &Message) -> bool {
    let automatic = message.head.text("Auto-Submitted").is_some_and(|v| !v.trim().eq_ignore_ascii_case("no"));
    let bulk = message
        .head
        .text("Precedence")
        .is_some_and(|v| ["bulk", "list", "junk"].iter().any(|word| v.trim().eq_ignore_ascii_case(word)));
    let listed = message.head.has("List-Id") || message.head.has("X-BeenThere");
    !from.is_null() && !automatic && !bulk && !listed
}

/// The List-Id field of a notice about this list.
pub(crate) fn list_id_field(list: &MailingList) -> Field {
    Field::structured("List-Id", &format!("<{}>", list.list_id))
}

/// In-Reply-To and References for an answer to this message.
pub(crate) fn reply_fields(message: &Message) -> Vec<Field> {
    let Some(id) = message.head.text("Message-ID") else { return vec![] };
    vec![Field::structured("In-Reply-To", id.trim()), Field::structured("References", id.trim())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p36_automatic_mail_is_never_answered() {
        let envelope = |from: &str| Envelope {
            reverse_path: ReversePath::from(from.to_owned()),
            forward_path: ForwardPath::parse("dev@example.org").unwrap(),
            client: String::new(),
            received: Timestamp::default(),
        };
        let message = |head: &str| Message::parse(format!("{head}\r\n\r\nx\r\n").into_bytes().into());
        let cases = [
            ("anne@example.com", "Subject: x", true),
            ("", "Subject: x", false),
            ("anne@example.com", "Auto-Submitted: auto-replied", false),
            ("anne@example.com", "Auto-Submitted: no", true),
            ("anne@example.com", "Precedence: Bulk", false),
            ("anne@example.com", "precedence: list", false),
            ("anne@example.com", "Precedence: junk", false),
            ("anne@example.com", "List-Id: <x.example.org>", false),
        ];
        for (from, head, may) in cases {
            assert_eq!(may_answer(&envelope(from), &message(head)), may, "{from} {head}");
        }
    }
}
