//! The bytes of an entry's file. Pure: slices in, slices out; `README.md` is the specification.

mod encode;
mod head;
mod tail;

pub(crate) use encode::{new_entry, step};
pub(crate) use head::{Header, front, wanted};
pub(crate) use tail::{Tail, tail};

use bytes::Bytes;
use thiserror::Error;

use crate::entry::Entry;

/// Octets of the fixed part before each record's payload.
pub(crate) const HEAD: usize = 16;
/// The version of the format this code writes, and the newest it reads.
pub(crate) const VERSION: u8 = 1;

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    /// Its checks hold, but it says things this version does not know.
    #[error("{0}")]
    Newer(String),
    /// A check failed.
    #[error("{0}")]
    Damaged(String),
}

/// One whole file, checked to the last octet.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) entry: Entry,
    pub(crate) tail: Tail,
}

/// Reads a whole file, checking everything.
pub(crate) fn decode(bytes: &Bytes) -> Result<Decoded, Fault> {
    let front = front(bytes)?;
    let end = front.message_at + front.message_len;
    let message = bytes
        .get(front.message_at..end)
        .ok_or_else(|| Fault::Damaged("the file ends inside the message".to_owned()))?;
    if crc32c::crc32c(message) != front.message_crc {
        return Err(Fault::Damaged("the message fails its checksum".to_owned()));
    }
    let tail = tail(&bytes.slice(end..), &front)?;
    let header = front.header;
    let entry = Entry {
        id: header.id,
        stage: header.stage,
        list: header.list,
        envelope: header.envelope,
        notes: header.notes,
        put: header.put,
        message: bytes.slice(front.message_at..end),
        events: tail.steps.clone(),
    };
    Ok(Decoded { entry, tail })
}
