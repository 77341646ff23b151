use std::sync::Arc;

use super::content::{Content, Taken, too_large};
use super::session::{Mode, Session, Step};
use super::{Protocol, Transaction, ask};
use crate::Reply;

impl Session {
    /// RFC 5321 §4.1.1.4, and RFC 2033 §4.2 where there are no recipients.
    pub(super) fn data(&mut self) {
        let Some(open) = &mut self.open else {
            self.out_of_turn(&Reply::new(503, (5, 5, 1), "Send MAIL and RCPT first"));
            return;
        };
        if open.content.is_some() {
            self.scold(&Reply::new(503, (5, 5, 1), "The message has begun with BDAT, go on with it"));
            return;
        }
        if open.forward_paths.is_empty() {
            // Not a bad command: a pipelining peer cannot know yet.
            self.say(&no_recipients());
            return;
        }
        let mut content = Content::data(Arc::clone(&self.budget));
        content.expect(open.size);
        open.content = Some(content);
        self.mode = Mode::Data;
        self.say(&Reply::bare(354, "Go ahead, end with <CRLF>.<CRLF>"));
    }

    pub(super) fn read_data(&mut self) -> Option<Step> {
        let input = self.take_input();
        let Some(content) = self.open.as_mut().and_then(|open| open.content.as_mut()) else {
            self.close(true);
            return None;
        };
        match content.take(&input, &self.options.limits) {
            Taken::All => {
                let used = input.len();
                self.return_input(input, used);
                Some(Step::Read)
            }
            Taken::End(used) => {
                self.return_input(input, used);
                self.hand_over()
            }
            Taken::Overrun => {
                let reply = too_large(&self.options.limits);
                self.refuse_message(&reply);
                self.close(true);
                None
            }
        }
    }

    /// The message is complete: hands it over, or refuses it.
    pub(super) fn hand_over(&mut self) -> Option<Step> {
        self.mode = Mode::Command;
        let limits = &self.options.limits;
        let content = self.open.as_mut().and_then(|open| open.content.take())?;
        match content.finish(limits) {
            Ok((message, share)) => {
                let open = self.open.take()?;
                self.mode = Mode::AwaitData { recipients: open.forward_paths.len(), _share: share };
                Some(Step::Data(Transaction {
                    peer: self.peer.clone(),
                    reverse_path: open.reverse_path,
                    forward_paths: open.forward_paths,
                    message,
                    smtputf8: open.smtputf8,
                }))
            }
            Err(reply) => {
                self.refuse_message(&reply);
                None
            }
        }
    }

    /// The answer to [`Step::Data`]: one reply per recipient.
    pub fn answer_data(&mut self, replies: Vec<Reply>) {
        let Mode::AwaitData { recipients, .. } = self.mode else { return };
        self.mode = Mode::Command;
        let replies = ask::replies(replies, recipients);
        if replies.iter().any(Reply::is_positive) {
            self.forgive();
        }
        match self.options.protocol {
            Protocol::Lmtp => replies.iter().for_each(|reply| self.say(reply)),
            Protocol::Smtp => {
                if let Some(reply) = ask::one_for_all(&replies) {
                    self.say(reply);
                }
            }
        }
    }

    /// Ends the transaction with the same answer for everyone (RFC 2033 §4.2: still one each).
    pub(super) fn refuse_message(&mut self, reply: &Reply) {
        let recipients = self.open.take().map_or(0, |open| open.forward_paths.len());
        let times = if self.options.protocol == Protocol::Lmtp { recipients } else { 1 };
        for _ in 0..times {
            self.say(reply);
        }
    }
}

/// DATA or BDAT without a recipient (RFC 2033 §4.2).
pub(super) fn no_recipients() -> Reply {
    Reply::new(503, (5, 5, 1), "No valid recipients")
}
