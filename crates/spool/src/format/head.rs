use std::collections::BTreeMap;

use posthaste_model::{EntryId, Envelope, ListId, Stage, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Fault, HEAD, VERSION};

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// The first: what the entry is.
    Header,
    /// The second: the message.
    Message,
    /// The third: proof that the first two are whole.
    End,
    /// Any later one: an event.
    Step,
}

impl Sort {
    const fn byte(self) -> u8 {
        match self {
            Self::Header => b'H',
            Self::Message => b'M',
            Self::End => b'E',
            Self::Step => b'S',
        }
    }
}

/// The 16 octets before a payload, all little-endian:
/// length u32, sort u8, version u8, number u16, CRC-32C of the payload u32, CRC-32C of the twelve before it u32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: u32,
    pub(super) sort: Sort,
    pub(super) number: u16,
    pub(super) crc: u32,
}

/// The first record's payload, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) id: EntryId,
    pub(crate) list: ListId,
    pub(crate) stage: Stage,
    pub(crate) put: Timestamp,
    pub(crate) envelope: Envelope,
    #[serde(default)]
    pub(crate) notes: BTreeMap<String, String>,
}

/// What stands before the message.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) header: Header,
    /// Offset of the message's first octet.
    pub(crate) message_at: usize,
    pub(crate) message_len: usize,
    pub(crate) message_crc: u32,
    /// What END must say.
    pub(crate) proof: u32,
}

impl Head {
    pub(super) fn new(sort: Sort, number: u16, payload: &[u8]) -> Option<Self> {
        let length = u32::try_from(payload.len()).ok()?;
        Some(Self { length, sort, number, crc: crc32c::crc32c(payload) })
    }

    pub(super) fn encode(self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        let first = self.first();
        let crc = crc32c::crc32c(&first).to_le_bytes();
        for (place, byte) in bytes.iter_mut().zip(first.into_iter().chain(crc)) {
            *place = byte;
        }
        bytes
    }

    /// All but its own checksum.
    fn first(self) -> [u8; 12] {
        let [l0, l1, l2, l3] = self.length.to_le_bytes();
        let [n0, n1] = self.number.to_le_bytes();
        let [c0, c1, c2, c3] = self.crc.to_le_bytes();
        [l0, l1, l2, l3, self.sort.byte(), VERSION, n0, n1, c0, c1, c2, c3]
    }

    /// Reads and checks the head at the front of `bytes`.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let Some(&[l0, l1, l2, l3, sort, version, n0, n1, c0, c1, c2, c3, h0, h1, h2, h3]) =
            bytes.first_chunk::<HEAD>()
        else {
            return Err(Fault::Damaged("the file ends inside the head of a record".to_owned()));
        };
        let first = [l0, l1, l2, l3, sort, version, n0, n1, c0, c1, c2, c3];
        if crc32c::crc32c(&first) != u32::from_le_bytes([h0, h1, h2, h3]) {
            return Err(Fault::Damaged("the head of a record fails its checksum".to_owned()));
        }
        if version != VERSION {
            return Err(Fault::Newer(format!("format version {version}; this one knows {VERSION}")));
        }
        let sort = match sort {
            b'H' => Sort::Header,
            b'M' => Sort::Message,
            b'E' => Sort::End,
            b'S' => Sort::Step,
            other => return Err(Fault::Newer(format!("a record of sort {other:#04x}"))),
        };
        Ok(Self {
            length: u32::from_le_bytes([l0, l1, l2, l3]),
            sort,
            number: u16::from_le_bytes([n0, n1]),
            crc: u32::from_le_bytes([c0, c1, c2, c3]),
        })
    }

    /// The payload behind this head at the front of `bytes`, checked.
    pub(super) fn payload(self, bytes: &[u8]) -> Result<&[u8], Fault> {
        let payload = bytes
            .get(HEAD..HEAD + self.length as usize)
            .ok_or_else(|| Fault::Damaged("the file ends inside a record".to_owned()))?;
        if crc32c::crc32c(payload) != self.crc {
            return Err(Fault::Damaged("a record fails its checksum".to_owned()));
        }
        Ok(payload)
    }
}

/// What END says of the records before it: CRC-32C of both heads, which hold the checksums of both payloads.
///
/// The heads without their own checksums: a CRC over octets followed by their own CRC is the same for all octets, and
/// END would belong to any header and any message.
pub(super) fn proof(header: Head, message: Head) -> u32 {
    crc32c::crc32c(&[header.first(), message.first()].concat())
}

/// How many octets of the file [`front`] needs, told from its first ones.
pub(crate) fn wanted(bytes: &[u8]) -> usize {
    Head::decode(bytes).map_or(0, |head| HEAD + head.length as usize + HEAD)
}

/// Reads what stands before the message.
pub(crate) fn front(bytes: &[u8]) -> Result<Front, Fault> {
    let head = expect(bytes, Sort::Header, 0)?;
    let payload = head.payload(bytes)?;
    let message_head = HEAD + payload.len();
    let rest = bytes.get(message_head..).unwrap_or_default();
    let message = expect(rest, Sort::Message, 1)?;
    let header = serde_json::from_slice(payload).map_err(|e| Fault::Newer(format!("its header: {e}")))?;
    let message_at = message_head + HEAD;
    Ok(Front {
        header,
        message_at,
        message_len: message.length as usize,
        message_crc: message.crc,
        proof: proof(head, message),
    })
}

pub(super) fn expect(bytes: &[u8], sort: Sort, number: u16) -> Result<Head, Fault> {
    let head = Head::decode(bytes)?;
    if head.sort != sort || head.number != number {
        return Err(Fault::Damaged(format!(
            "record {number} should be {sort:?} but is {:?} {}",
            head.sort, head.number
        )));
    }
    Ok(head)
}
