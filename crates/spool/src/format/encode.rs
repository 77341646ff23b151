use bytes::Bytes;

use super::head::{Head, Header, Sort, proof};
use super::tail::{StepLine, end_payload};
use crate::entry::Recorded;
use crate::error::SpoolError;

/// A new entry's file in three parts: what stands before the message, the message, and what stands after it.
pub(crate) fn new_entry(
    header: &Header,
    message: &Bytes,
    events: &[Recorded],
) -> Result<(Vec<u8>, Bytes, Vec<u8>), SpoolError> {
    let payload = json_line(header)?;
    let header_head = head(Sort::Header, 0, &payload)?;
    let message_head = head(Sort::Message, 1, message)?;
    let front = [&header_head.encode()[..], &payload, &message_head.encode()].concat();
    let mut back = Vec::new();
    record(&mut back, Sort::End, 2, &end_payload(proof(header_head, message_head)))?;
    let mut number = 3u16;
    for event in events {
        step(&mut back, number, event)?;
        number = number.wrapping_add(1);
    }
    Ok((front, message.clone(), back))
}

/// Appends the record of one event to `out`.
pub(crate) fn step(out: &mut Vec<u8>, number: u16, event: &Recorded) -> Result<(), SpoolError> {
    let line = StepLine {
        at: event.at,
        stage: event.stage,
        kind: event.kind,
        then: event.then,
        also: event.also.clone(),
    };
    let mut payload = json_line(&line)?;
    payload.extend_from_slice(&event.data);
    payload.push(b'\n');
    record(out, Sort::Step, number, &payload)
}

fn json_line(value: &impl serde::Serialize) -> Result<Vec<u8>, SpoolError> {
    let mut line = serde_json::to_vec(value).map_err(|e| SpoolError::TooLarge(e.to_string()))?;
    line.push(b'\n');
    Ok(line)
}

fn record(out: &mut Vec<u8>, sort: Sort, number: u16, payload: &[u8]) -> Result<(), SpoolError> {
    out.extend_from_slice(&head(sort, number, payload)?.encode());
    out.extend_from_slice(payload);
    Ok(())
}

fn head(sort: Sort, number: u16, payload: &[u8]) -> Result<Head, SpoolError> {
    Head::new(sort, number, payload).ok_or_else(|| {
        SpoolError::TooLarge(format!("a record of {} octets; 4 GiB is the most", payload.len()))
    })
}
