use std::collections::BTreeMap;

use posthaste_mime::Message;
use posthaste_model::{ArchivePolicy, Envelope, ForwardPath, MailingList, ReversePath, Stage, SubAddress};
use posthaste_spool::{Event, Kind, NewEntry, Then};

use super::{ArchiveError, Archiver, Keeping, Kept, Piece};
use crate::delivery::{Plan, Recipient, RecipientsBuilder, encode_plan};
use crate::notes;
use crate::pipeline::Segment;

/// The public service www.mail-archive.com, which gets the posts of public lists by mail.
pub struct MailArchive {
    /// Where it is read, with a slash at the end.
    base: String,
    /// Where it gets mail.
    recipient: String,
}

impl MailArchive {
    /// Read at `base`, written to at `recipient`.
    pub fn new(base: &str, recipient: &str) -> Self {
        Self { base: format!("{}/", base.trim_end_matches('/')), recipient: recipient.to_owned() }
    }

    fn mail(&self, piece: Piece<'_>) -> Option<NewEntry> {
        let purpose = format!("archiver {}", self.name());
        let sender = piece.list.name.address(SubAddress::Bounces);
        let plan = Plan {
            sender: sender.clone(),
            personal: false,
            message_id: crate::message_id_of(piece.message),
            owners: vec![],
            owner_address: piece.list.name.address(SubAddress::Owner),
            display_name: piece.list.settings.display_name.clone(),
            subject: Message::parse(piece.message.clone()).head.text("Subject").unwrap_or_default(),
            provenance: None,
        };
        let mut recipients = RecipientsBuilder::default();
        let nobody = uuid::Uuid::nil();
        recipients.push(Recipient { address: &self.recipient, member: nobody, language: "", name: "" });
        let data = encode_plan(plan, &[Segment::Shared(piece.message.clone())], &recipients).ok()?;
        Some(NewEntry {
            id: piece.id.child(&purpose),
            stage: Stage::Out,
            list: piece.list.list_id.clone(),
            envelope: Envelope {
                reverse_path: ReversePath::from(sender),
                forward_path: ForwardPath::parse(&self.recipient).ok()?,
                client: "posthaste".into(),
                received: piece.received,
            },
            notes: BTreeMap::from([
                (notes::PURPOSE.to_owned(), purpose),
                (notes::PARENT.to_owned(), piece.id.to_string()),
            ]),
            message: piece.message.clone(),
            events: vec![Event { kind: Kind::Planned, then: Then::Stay, also: vec![], data }],
        })
    }
}

impl Archiver for MailArchive {
    fn name(&self) -> &'static str {
        "mail-archive"
    }

    fn list_url(&self, list: &MailingList) -> Option<String> {
        // RFC 3986 §3.3 lets @ stand in a path; the service writes it encoded.
        Some(format!("{}{}", self.base, list.name.to_string().replace('@', "%40")))
    }

    fn permalink(&self, _: &MailingList, hash: &str) -> Option<String> {
        Some(format!("{}{hash}", self.base))
    }

    fn takes(&self, list: &MailingList) -> bool {
        list.settings.archive_policy == ArchivePolicy::Public
    }

    fn keep<'a>(&'a self, piece: Piece<'a>) -> Keeping<'a> {
        let mail = self.mail(piece).map(|mail| Kept::ByMail(Box::new(mail)));
        let address = || ArchiveError::Refused(format!("{:?} is no address", self.recipient));
        Box::pin(std::future::ready(mail.ok_or_else(address)))
    }
}
