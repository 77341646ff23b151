use std::collections::HashSet;

use bytes::Bytes;
use posthaste_mime::Message;

use super::{Draft, STEPS, Segment, Stop, TextEncoding, keep_signatures};

/// What the steps have made of a post.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// What goes to the members, in pieces.
    pub segments: Vec<Segment>,
    /// Some pieces differ from copy to copy, so each recipient needs a transaction of their own.
    pub personal: bool,
    /// Keys of addresses that get no copy from the list.
    pub skip: HashSet<String>,
    /// What goes to archive and digest: without header and footer.
    pub archive: Message,
    /// The subject without prefix and reply marks.
    pub bare_subject: String,
    /// What could not be done, for the log.
    pub notes: Vec<String>,
}

/// Runs every step, then cuts the message into what all copies share and what differs.
pub fn run(mut draft: Draft<'_>) -> Result<Outgoing, Stop> {
    let covered = keep_signatures::covered(&draft);
    for step in STEPS {
        let guard = covered.as_ref().filter(|_| keep_signatures::is_optional(step.name));
        let before = guard.map(|covered| (covered, draft.clone()));
        (step.apply)(&mut draft).inspect_err(|stop| {
            tracing::debug!(step = step.name, ?stop, "the post goes no further");
        })?;
        if let Some((covered, before)) = before
            && keep_signatures::breaks(covered, &before, &draft)
        {
            let note = format!("{} was left out: it would break the author's signature", step.name);
            draft = before;
            draft.notes.push(note);
        }
    }
    let segments = cut(&draft);
    Ok(Outgoing {
        personal: segments.iter().any(|s| matches!(s, Segment::Text { .. })),
        segments,
        skip: draft.skip,
        archive: draft.undecorated.unwrap_or(draft.message),
        bare_subject: draft.bare_subject,
        notes: draft.notes,
    })
}

fn cut(draft: &Draft<'_>) -> Vec<Segment> {
    pieces(&draft.message, &draft.slots, draft.body.as_deref())
}

/// A message in pieces: the fields named by `slots` give way to what differs from copy to copy, and so does the body if
/// there is another.
pub(crate) fn pieces(
    message: &Message,
    slots: &[(&'static str, String)],
    body: Option<&[Segment]>,
) -> Vec<Segment> {
    let mut segments = vec![];
    let mut shared = Vec::with_capacity(message.head.len());
    let head = &message.head;
    for field in head.fields() {
        match slots.iter().find(|(name, _)| field.is(name)) {
            None => shared.extend_from_slice(field.raw()),
            Some((_, template)) => {
                segments.push(Segment::Shared(Bytes::from(std::mem::take(&mut shared))));
                segments.push(Segment::Text { template: template.clone(), encoding: TextEncoding::Plain });
            }
        }
    }
    shared.extend_from_slice(head.separator());
    segments.push(Segment::Shared(Bytes::from(shared)));
    match body {
        Some(body) => segments.extend(body.iter().cloned()),
        None => segments.push(Segment::Shared(message.body.clone())),
    }
    segments.retain(|s| !matches!(s, Segment::Shared(bytes) if bytes.is_empty()));
    segments
}
