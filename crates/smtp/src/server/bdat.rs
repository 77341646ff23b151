use std::sync::Arc;

use super::content::{Content, Taken, too_large};
use super::data::no_recipients;
use super::session::{Mode, Session, Step};
use crate::Reply;

impl Session {
    /// RFC 3030 §2. The octets of a chunk follow its command whatever we think of it, so they are always read.
    pub(super) fn bdat(&mut self, size: u64, last: bool) {
        let limits = &self.options.limits;
        let most = limits.message_size.saturating_add(limits.overrun) as u64;
        let (reply, bad) = match &mut self.open {
            Some(open) if !open.forward_paths.is_empty() => {
                let declared = open.size;
                let content = open.content.get_or_insert_with(|| {
                    let mut content = Content::chunks(Arc::clone(&self.budget));
                    content.expect(declared);
                    content
                });
                if size <= most.saturating_sub(content.size() as u64) {
                    self.mode = Mode::Chunk { left: size, last };
                    return;
                }
                let reply = too_large(limits);
                self.refuse_chunk(&reply, last);
                self.close(true);
                return;
            }
            Some(_) => (no_recipients(), false),
            None => (Reply::new(503, (5, 5, 1), "Send MAIL and RCPT first"), !self.turned_away),
        };
        if size > most {
            self.say(&reply);
            self.close(true);
        } else {
            self.mode = Mode::SkipChunk { left: size, reply, bad };
        }
    }

    pub(super) fn read_chunk(&mut self) -> Option<Step> {
        let input = self.take_input();
        let (Mode::Chunk { left, .. } | Mode::SkipChunk { left, .. }) = &mut self.mode else { return None };
        let used = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
        *left -= used as u64;
        let complete = *left == 0;
        if let (Mode::Chunk { .. }, Some(open)) = (&self.mode, &mut self.open) {
            let octets = input.get(..used).unwrap_or_default();
            let taken = open.content.as_mut().map(|content| content.take(octets, &self.options.limits));
            debug_assert_eq!(taken, Some(Taken::All), "the size of the chunk was checked before");
        }
        self.return_input(input, used);
        if complete { self.end_chunk() } else { Some(Step::Read) }
    }

    fn end_chunk(&mut self) -> Option<Step> {
        match std::mem::replace(&mut self.mode, Mode::Command) {
            Mode::Chunk { last: true, .. } => return self.hand_over(),
            Mode::SkipChunk { reply, bad: true, .. } => self.scold(&reply),
            Mode::SkipChunk { reply, .. } => self.say(&reply),
            _ => {
                let content = self.open.as_ref().and_then(|open| open.content.as_ref());
                let refusal = content.and_then(|content| content.refusal(&self.options.limits));
                self.say(&refusal.unwrap_or_else(|| Reply::ok("Ok")));
            }
        }
        None
    }

    /// One reply for a chunk in between, one per recipient for the last.
    fn refuse_chunk(&mut self, reply: &Reply, last: bool) {
        if last {
            self.refuse_message(reply);
        } else {
            self.say(reply);
        }
    }
}
