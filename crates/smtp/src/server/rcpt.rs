use posthaste_model::ForwardPath;

use super::session::{Mode, Session, Step};
use super::{ask, mail, path};
use crate::Reply;

impl Session {
    /// RFC 5321 §4.1.1.3.
    pub(super) fn rcpt(&mut self, argument: &str) -> Option<Step> {
        let Some(open) = &self.open else {
            self.out_of_turn(&Reply::new(503, (5, 5, 1), "Send MAIL first"));
            return None;
        };
        if open.content.is_some() {
            self.scold(&Reply::new(503, (5, 5, 1), "The message has begun, it is too late for recipients"));
            return None;
        }
        if open.forward_paths.len() >= self.options.limits.recipients {
            // RFC 5321 §4.5.3.1.10: temporary, so the peer sends the rest in another transaction.
            self.say(&Reply::new(452, (4, 5, 3), "Too many recipients, send the rest separately"));
            return None;
        }
        match forward_path(argument, open.smtputf8, &self.options.hostname) {
            Ok(to) => {
                self.mode = Mode::AwaitRcpt;
                return Some(Step::Rcpt(to));
            }
            Err(reply) if reply.code == 553 => self.say(&reply),
            Err(reply) => self.scold(&reply),
        }
        None
    }

    /// The answer to [`Step::Rcpt`], with the recipient it was about.
    pub fn answer_rcpt(&mut self, to: ForwardPath, answer: Result<(), Reply>) {
        self.mode = Mode::Command;
        match answer {
            Ok(()) => {
                self.say(&Reply::new(250, (2, 1, 5), "Ok"));
                if let Some(open) = &mut self.open {
                    open.forward_paths.push(to);
                }
            }
            Err(reply) => self.say(&ask::refusal(reply)),
        }
    }
}

fn forward_path(argument: &str, smtputf8: bool, hostname: &str) -> Result<ForwardPath, Reply> {
    let bad_address = || Reply::new(501, (5, 1, 3), "The recipient is not <address>");
    let (text, parameters) =
        path::parse(argument).filter(|(text, _)| !text.is_empty()).ok_or_else(bad_address)?;
    if let Some(word) = parameters.split_ascii_whitespace().next() {
        if !parameters.starts_with(' ') {
            return Err(bad_address());
        }
        // We announce no extension with a parameter here; DSN would be one.
        return Err(mail::unknown(&word.split('=').next().unwrap_or(word).to_ascii_uppercase()));
    }
    if !(text.is_ascii() || smtputf8) {
        return Err(path::needs_smtputf8());
    }
    if text.eq_ignore_ascii_case("postmaster") {
        return ForwardPath::parse(&format!("{text}@{hostname}")).map_err(|_| bad_address());
    }
    ForwardPath::parse(text).map_err(|_| bad_address())
}
