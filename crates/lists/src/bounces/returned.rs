//! The post that came back with a report, as far as its header tells whose copy of which post it was.

use bytes::Bytes;
use posthaste_mime::{Head, Message};

use super::address;
use super::parts::Part;

/// What its header says.
#[derive(Default)]
pub(super) struct Returned {
    /// Its Message-ID, with angle brackets; empty if unknown.
    pub(super) message_id: String,
    /// The envelope sender it came with, if a mail server wrote it down.
    pub(super) senders: Vec<String>,
    /// Addresses of pages in List-Unsubscribe.
    pub(super) links: Vec<String>,
}

impl Returned {
    /// Of the parts that can hold it, the last with a Message-ID.
    pub(super) fn of(parts: &[Part]) -> Self {
        let kinds = [
            "message/rfc822",
            "message/global",
            "message/rfc822-headers",
            "message/global-headers",
            "text/rfc822-headers",
        ];
        let heads = parts.iter().rev().filter(|p| kinds.contains(&p.kind.as_str())).map(|part| {
            let text = part.text.trim_start();
            Message::parse(Bytes::from(format!("{text}\r\n\r\n"))).head
        });
        heads
            .into_iter()
            .find(|head| head.has("Message-ID"))
            .map(|head| Self::read(&head))
            .unwrap_or_default()
    }

    fn read(head: &Head) -> Self {
        let values = |name| head.all(name).map(posthaste_mime::Field::unfolded).collect::<Vec<_>>();
        let senders = values("Return-Path").into_iter().chain(values("X-Envelope-From"));
        let links = values("List-Unsubscribe");
        let links =
            links.iter().flat_map(|l| l.split(['<', '>', ',', ' '])).filter(|l| l.starts_with("https://"));
        Self {
            message_id: head.text("Message-ID").unwrap_or_default().trim().to_owned(),
            senders: senders.filter_map(|v| address::any(&v)).collect(),
            links: links.map(str::to_owned).collect(),
        }
    }
}
