//! The `planned` record: the finished message and everybody who is to get it.
//!
//! ```text
//! length of head, u32 little endian │ head, JSON │ blobs, one for each Shared segment │ bare message │ recipients, one a line
//! recipient line: address TAB member key TAB language TAB display name LF
//! ```
//!
//! One record, so accepting a post for a hundred thousand members is one durable step. Recipients stay one buffer of
//! text in memory, too: about seventy bytes each.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::authenticity::Provenance;
use crate::pipeline::{Segment, TextEncoding};

/// Why a `planned` record cannot be read.
#[derive(Debug, Error)]
pub enum PlanError {
    /// It ends too soon or its lengths do not fit.
    #[error("the planned record is cut short")]
    Short,
    /// Its head is not what we write.
    #[error("the head of the planned record cannot be read: {0}")]
    Head(#[from] serde_json::Error),
}

/// What a delivery needs to know besides message and recipients.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The envelope sender, `dev-bounces@lists.example.org`; empty = the null path.
    pub sender: String,
    /// Each recipient gets a transaction of their own with a VERP sender and their own texts.
    pub personal: bool,
    /// The Message-ID, for logs and traces.
    pub message_id: String,
    /// Who is told if some recipients can never be reached; empty for our own notices.
    pub owners: Vec<String>,
    /// Where the list's owners are reached, `dev-owner@lists.example.org`.
    pub owner_address: String,
    /// The list's name for people.
    pub display_name: String,
    /// The subject, decoded, for notices about this post.
    pub subject: String,
    /// Where the post came from, if it is to be sealed (RFC 8617).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    plan: Plan,
    segments: Vec<SegmentHead>,
    /// The copy for archive, digest and newsgroup, if one of them waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bare: Option<BareHead>,
    recipients: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BareHead {
    /// It is what members get.
    Same,
    /// It stands behind the segments, so long.
    Own(usize),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SegmentHead {
    Shared(usize),
    Text { template: String, encoding: TextEncoding },
}

/// A `planned` record, read.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What it says.
    pub plan: Plan,
    /// The message.
    pub segments: Vec<Segment>,
    /// The message without the list's header and footer, if archive, digest or newsgroup wait for it.
    pub bare: Option<Bytes>,
    /// Who is to get it.
    pub recipients: Recipients,
}

/// One recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recipient<'a> {
    /// Where to.
    pub address: &'a str,
    /// The membership's key; nil for who is no member.
    pub member: Uuid,
    /// Their language; empty = the list's.
    pub language: &'a str,
    /// Their name; may be empty.
    pub name: &'a str,
}

/// Many recipients in one buffer.
#[derive(Clone, Debug, Default)]
pub struct Recipients {
    text: Bytes,
    /// Where each line ends, in octets.
    ends: Vec<u32>,
}

impl Recipients {
    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The one at `index`.
    pub fn get(&self, index: usize) -> Option<Recipient<'_>> {
        let mut columns = std::str::from_utf8(self.line(index)?).ok()?.splitn(4, '\t');
        Some(Recipient {
            address: columns.next()?,
            member: columns.next()?.parse().unwrap_or_default(),
            language: columns.next()?,
            name: columns.next()?,
        })
    }

    /// The address of the one at `index`, which is all that sending needs of most.
    pub fn address(&self, index: usize) -> Option<&str> {
        let line = self.line(index)?;
        std::str::from_utf8(line.split(|b| *b == b'\t').next()?).ok()
    }

    fn line(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)? as usize;
        let start = index.checked_sub(1).and_then(|i| self.ends.get(i)).map_or(0, |e| *e as usize + 1);
        self.text.get(start..end)
    }

    fn read(text: Bytes) -> Self {
        let ends = text.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i as u32).collect();
        Self { text, ends }
    }
}

/// Builds the recipients' lines, page by page.
#[derive(Debug, Default)]
pub struct RecipientsBuilder {
    text: BytesMut,
    count: usize,
}

impl RecipientsBuilder {
    /// Adds one.
    pub fn push(&mut self, recipient: Recipient<'_>) {
        let line_break = |c: char| c == '\t' || c == '\n' || c == '\r';
        self.text.put_slice(recipient.address.as_bytes());
        self.text.put_u8(b'\t');
        let mut buffer = Uuid::encode_buffer();
        self.text.put_slice(recipient.member.as_simple().encode_lower(&mut buffer).as_bytes());
        self.text.put_u8(b'\t');
        self.text.put_slice(recipient.language.as_bytes());
        self.text.put_u8(b'\t');
        self.text.put_slice(recipient.name.replace(line_break, " ").as_bytes());
        self.text.put_u8(b'\n');
        self.count += 1;
    }

    /// How many were added.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True if none was.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Writes a `planned` record.
pub fn encode(plan: Plan, segments: &[Segment], recipients: &RecipientsBuilder) -> Result<Bytes, PlanError> {
    encode_with(plan, segments, recipients, None)
}

/// Writes a `planned` record that also carries `bare`: the message for archive, digest and newsgroup.
pub fn encode_with(
    plan: Plan,
    segments: &[Segment],
    recipients: &RecipientsBuilder,
    bare: Option<&Bytes>,
) -> Result<Bytes, PlanError> {
    let own = bare.filter(|bare| !is_made_of(bare, segments));
    let bare = bare.map(|_| own.map_or(BareHead::Same, |own| BareHead::Own(own.len())));
    let heads = segments
        .iter()
        .map(|segment| match segment {
            Segment::Shared(bytes) => SegmentHead::Shared(bytes.len()),
            Segment::Text { template, encoding } => {
                SegmentHead::Text { template: template.clone(), encoding: *encoding }
            }
        })
        .collect();
    let head = serde_json::to_vec(&Head { plan, segments: heads, bare, recipients: recipients.count })?;
    let blobs: usize = segments.iter().map(|s| if let Segment::Shared(b) = s { b.len() } else { 0 }).sum();
    let own = own.map(Bytes::as_ref).unwrap_or_default();
    let mut out = BytesMut::with_capacity(4 + head.len() + blobs + own.len() + recipients.text.len());
    out.put_u32_le(u32::try_from(head.len()).map_err(|_| PlanError::Short)?);
    out.put_slice(&head);
    for segment in segments {
        if let Segment::Shared(bytes) = segment {
            out.put_slice(bytes);
        }
    }
    out.put_slice(own);
    out.put_slice(&recipients.text);
    Ok(out.freeze())
}

/// True if these pieces, one after the other, are `whole`.
fn is_made_of(whole: &[u8], segments: &[Segment]) -> bool {
    let mut rest = whole;
    for segment in segments {
        let Segment::Shared(bytes) = segment else { return false };
        let Some(after) = rest.strip_prefix(bytes.as_ref()) else { return false };
        rest = after;
    }
    rest.is_empty()
}

/// Reads a `planned` record; the blobs and recipients stay slices of `data`.
pub fn decode(data: &Bytes) -> Result<Planned, PlanError> {
    let take = |range: Range<usize>| {
        if range.start <= range.end && range.end <= data.len() {
            Ok(data.slice(range))
        } else {
            Err(PlanError::Short)
        }
    };
    let length: [u8; 4] = take(0..4)?.as_ref().try_into().map_err(|_| PlanError::Short)?;
    let mut at = 4 + u32::from_le_bytes(length) as usize;
    let head: Head = serde_json::from_slice(&take(4..at)?)?;
    let mut segments = Vec::with_capacity(head.segments.len());
    for segment in head.segments {
        segments.push(match segment {
            SegmentHead::Shared(length) => {
                let end = at.checked_add(length).ok_or(PlanError::Short)?;
                let blob = take(at..end)?;
                at = end;
                Segment::Shared(blob)
            }
            SegmentHead::Text { template, encoding } => Segment::Text { template, encoding },
        });
    }
    let bare = match head.bare {
        None => None,
        Some(BareHead::Same) => Some(Bytes::from(crate::pipeline::to_bytes(&segments).concat())),
        Some(BareHead::Own(length)) => {
            let end = at.checked_add(length).ok_or(PlanError::Short)?;
            let own = take(at..end)?;
            at = end;
            Some(own)
        }
    };
    let recipients = Recipients::read(take(at..data.len())?);
    if recipients.len() != head.recipients {
        return Err(PlanError::Short);
    }
    Ok(Planned { plan: head.plan, segments, bare, recipients })
}

/// How many recipients a `planned` record has; 0 if it cannot be read. Cheap: reads the head only.
pub fn planned_recipients(data: &[u8]) -> u32 {
    #[derive(Deserialize)]
    struct Count {
        recipients: u32,
    }
    let head = data.split_first_chunk::<4>().and_then(|(length, rest)| {
        serde_json::from_slice::<Count>(rest.get(..u32::from_le_bytes(*length) as usize)?).ok()
    });
    head.map_or(0, |head| head.recipients)
}

/// How many recipients wait after these events: for [`posthaste_spool::Options::weigh`].
pub fn waiting_recipients(events: &[posthaste_spool::Recorded]) -> u32 {
    let mut waiting = 0;
    for event in events {
        match event.kind {
            posthaste_spool::Kind::Planned => waiting = planned_recipients(&event.data),
            posthaste_spool::Kind::Sent => {
                let outcomes: Vec<super::Outcome> = serde_json::from_slice(&event.data).unwrap_or_default();
                let done: usize =
                    outcomes.iter().filter(|o| o.fate.is_final()).map(|o| o.indices().count()).sum();
                waiting = waiting.saturating_sub(u32::try_from(done).unwrap_or(u32::MAX));
            }
            _ => {}
        }
    }
    waiting
}

/// For how many recipients in each domain an entry with these events still waits; nothing if nothing was planned, or the
/// plan cannot be read. For people, not for loops.
pub fn waiting_by_domain(events: &[posthaste_spool::Recorded]) -> BTreeMap<String, usize> {
    let (mut waiting, mut planned) = (BTreeMap::new(), None);
    let mut progress = super::Progress::new(0);
    for event in events {
        match event.kind {
            posthaste_spool::Kind::Planned => {
                planned = decode(&event.data).ok();
                progress = super::Progress::new(planned.as_ref().map_or(0, |p| p.recipients.len()));
            }
            posthaste_spool::Kind::Sent => {
                let outcomes: Vec<super::Outcome> = serde_json::from_slice(&event.data).unwrap_or_default();
                progress.replay(&outcomes);
            }
            _ => {}
        }
    }
    let Some(planned) = planned else { return waiting };
    for index in progress.waiting() {
        let domain = super::domain_of(planned.recipients.address(index).unwrap_or_default());
        *waiting.entry(domain.to_lowercase()).or_default() += 1;
    }
    waiting
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            sender: "dev-bounces@example.org".into(),
            personal: true,
            message_id: "<a@b>".into(),
            owners: vec!["olive@example.org".into()],
            owner_address: "dev-owner@example.org".into(),
            display_name: "Dev".into(),
            subject: "Hi".into(),
            provenance: None,
        }
    }

    #[test]
    fn round_trip() {
        let mut builder = RecipientsBuilder::default();
        for i in 0..3_u128 {
            builder.push(Recipient {
                address: &format!("m{i}@example.com"),
                member: Uuid::from_u128(i),
                language: if i == 1 { "de" } else { "" },
                name: "Anne\tP\n",
            });
        }
        let segments = vec![
            Segment::Shared(Bytes::from_static(b"Subject: x\r\n\r\nbody\r\n")),
            Segment::Text { template: "$user_email\n".into(), encoding: TextEncoding::Plain },
        ];
        let data = encode(plan(), &segments, &builder).unwrap();
        let planned = decode(&data).unwrap();
        assert_eq!(planned.plan, plan());
        assert_eq!((planned_recipients(&data), planned_recipients(&data[..9])), (3, 0));
        assert_eq!(planned.segments, segments);
        assert_eq!(planned.recipients.len(), 3);
        let second = planned.recipients.get(1).unwrap();
        assert_eq!((second.address, second.language, second.name), ("m1@example.com", "de", "Anne P "));
        assert_eq!(second.member, Uuid::from_u128(1));
        assert_eq!(planned.recipients.address(2), Some("m2@example.com"));
        assert_eq!(planned.recipients.address(3), None);
        assert_eq!(planned.recipients.get(3), None);
    }

    #[test]
    fn the_bare_message_is_stored_once() {
        let builder = RecipientsBuilder::default();
        let shared = |text: &'static str| Segment::Shared(Bytes::from_static(text.as_bytes()));
        let segments = [shared("Subject: x\r\n\r\n"), shared("body\r\n")];
        let size = encode(plan(), &segments, &builder).unwrap().len();
        for (bare, stored) in [("Subject: x\r\n\r\nbody\r\n", false), ("Subject: x\r\n\r\nbo", true)] {
            let bare = Bytes::from(bare);
            let data = encode_with(plan(), &segments, &builder, Some(&bare)).unwrap();
            assert_eq!(decode(&data).unwrap().bare.as_ref(), Some(&bare));
            assert_eq!(data.len() > size + 20 + bare.len() / 2, stored, "{} {size}", data.len());
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let mut builder = RecipientsBuilder::default();
        builder.push(Recipient { address: "a@b.c", member: Uuid::nil(), language: "", name: "" });
        let data = encode(plan(), &[Segment::Shared(Bytes::from_static(b"x"))], &builder).unwrap();
        for end in 0..data.len() {
            assert!(decode(&data.slice(..end)).is_err(), "{end}");
        }
    }
}
