use bytes::Bytes;
use posthaste_model::{Stage, Timestamp};
use serde::{Deserialize, Serialize};

use super::head::{Front, Head, Sort, expect};
use super::{Fault, HEAD};
use crate::entry::{Kind, Recorded, Then};

/// The first line of an event's payload, as JSON; the data follows, then a newline.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StepLine {
    pub(super) at: Timestamp,
    pub(super) stage: Stage,
    pub(super) kind: Kind,
    pub(super) then: Then,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) also: Vec<Stage>,
}

/// What stands after the message.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) steps: Vec<Recorded>,
    /// Length of the file up to the last whole record.
    pub(crate) length: u64,
    /// The number of the next record.
    pub(crate) next: u16,
    /// True if an unfinished record follows: its step was never acknowledged and is done again.
    pub(crate) torn: bool,
}

/// Reads everything after the message.
pub(crate) fn tail(bytes: &Bytes, front: &Front) -> Result<Tail, Fault> {
    let end = expect(bytes, Sort::End, 2)?;
    if end.payload(bytes)? != end_payload(front.proof) {
        return Err(Fault::Damaged("END does not belong to this header and message".to_owned()));
    }
    let start = front.message_at + front.message_len;
    let mut at = HEAD + end.length as usize;
    let mut steps = Vec::new();
    let mut next = 3u16;
    let mut torn = false;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let Some((head, payload)) = whole(rest)? else {
            torn = true;
            break;
        };
        if head.sort != Sort::Step || head.number != next {
            return Err(Fault::Damaged(format!("event {next} is missing or out of its place")));
        }
        let (from, length) = (at + HEAD, payload.len());
        steps.push(read(&bytes.slice(from..from + length))?);
        at = from + length;
        next = next.wrapping_add(1);
    }
    Ok(Tail { steps, length: (start + at) as u64, next, torn })
}

/// END's payload. Like every payload it ends in an octet that no single flipped bit turns into zero; see [`whole`].
pub(super) fn end_payload(proof: u32) -> [u8; 5] {
    let [a, b, c, d] = proof.to_le_bytes();
    [a, b, c, d, b'\n']
}

/// The record at the front of `rest`, or `None` if its writing was interrupted.
///
/// Interrupted means: the file ends inside it, or from somewhere inside it to the end of the file there are only
/// zeros, because the file system made the file longer before it wrote the data. Each record ends in a newline, so
/// zeros at the end are never a whole record, nor a whole record with one bit flipped.
fn whole(rest: &[u8]) -> Result<Option<(Head, &[u8])>, Fault> {
    let written = rest.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
    if rest.len() < HEAD {
        return Ok(None);
    }
    let head = match Head::decode(rest) {
        Err(Fault::Damaged(_)) if written < HEAD => return Ok(None),
        other => other?,
    };
    let end = HEAD + head.length as usize;
    if rest.len() < end {
        return Ok(None);
    }
    match head.payload(rest) {
        Err(Fault::Damaged(_)) if written < end => Ok(None),
        Err(e) => Err(e),
        Ok(payload) => Ok(Some((head, payload))),
    }
}

/// Reads a step. Its data stays where it is, beside the message: nothing is copied.
fn read(payload: &Bytes) -> Result<Recorded, Fault> {
    let newline = payload.iter().position(|&b| b == b'\n').unwrap_or(payload.len());
    let line = payload.get(..newline).unwrap_or_default();
    let line: StepLine =
        serde_json::from_slice(line).map_err(|e| Fault::Newer(format!("one of its events: {e}")))?;
    let end = payload.len().saturating_sub(1);
    Ok(Recorded {
        at: line.at,
        stage: line.stage,
        kind: line.kind,
        then: line.then,
        also: line.also,
        data: payload.slice((newline + 1).min(end)..end),
    })
}
