//! The transactions of one connection as a machine without sockets: replies go in, octets come out.
//!
//! ```text
//! PIPELINING   MAIL RCPT* DATA ─354─▶ message . MAIL RCPT* DATA ─250, 354─▶ message . …
//! without      MAIL ─250─▶ RCPT ─250─▶ … DATA ─354─▶ message . ─250─▶ MAIL …
//! ```
//!
//! DATA must be the last command of a group, but behind the final dot the next group may begin (RFC 2920 §3.1),
//! so a transaction costs one round trip.

use std::collections::VecDeque;

use thiserror::Error;

use super::batch::Attempt;
use super::capabilities::Capabilities;
use super::command;
use super::dots;
use super::job::{Cause, Job};
use super::outgoing::Outgoing;
use super::verdict::{Verdict, judge};
use crate::Reply;

/// Why a connection cannot be used further.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Trouble {
    /// The relay says that it closes the connection (421, RFC 5321 §3.8).
    #[error("the relay closes the connection: {0}")]
    Closing(Reply),
    /// It was silent while others waited, before there was anything that could be delivered twice.
    #[error("no answer while others waited")]
    GaveWay,
    /// It is lost, or what came over it made no sense.
    #[error("{0}")]
    Lost(String),
}

/// The machine. Works through `jobs` until each is done or the connection is.
pub(crate) struct Session<'j> {
    peer: &'j Capabilities,
    jobs: &'j mut [Job],
    /// What is to be written.
    pub(crate) out: Outgoing,
    /// Commands still to be written, in order.
    plan: VecDeque<Command>,
    /// Commands written whose replies have not come, in order.
    asked: VecDeque<Asked>,
    /// The transaction whose MAIL, RCPT and DATA are planned or asked.
    asking: Option<Transaction>,
    /// The transaction whose message is on its way.
    sending: Option<Sending>,
    /// The recipients that the relay had no room for in the last transaction.
    left_over: Option<(usize, Vec<usize>)>,
    /// The first job that was never begun.
    next: usize,
    /// Transactions that may still begin.
    quota: usize,
    /// The relay still has a transaction open: RSET before the next MAIL.
    dirty: bool,
    replies: usize,
    completed: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Command {
    Reset,
    Mail,
    Rcpt(usize),
    Data,
    Message,
}

/// A command, and where in the stream it ends.
struct Asked {
    command: Command,
    end: u64,
}

struct Transaction {
    job: usize,
    refused: Option<Reply>,
    accepted: Vec<usize>,
    left_over: Vec<usize>,
}

struct Sending {
    job: usize,
    accepted: Vec<usize>,
    /// Where in the stream its final dot ends.
    end: u64,
}

impl<'j> Session<'j> {
    /// Begins the first transaction. `quota` is how many may begin here; `dirty` is what `is_dirty` said when
    /// the connection was used last.
    pub(crate) fn new(peer: &'j Capabilities, jobs: &'j mut [Job], quota: usize, dirty: bool) -> Self {
        let mut session = Self {
            peer,
            jobs,
            out: Outgoing::default(),
            plan: VecDeque::new(),
            asked: VecDeque::new(),
            asking: None,
            sending: None,
            left_over: None,
            next: 0,
            quota,
            dirty,
            replies: 0,
            completed: 0,
        };
        session.begin();
        session
    }

    /// Nothing is under way and nothing more will begin.
    pub(crate) fn is_finished(&self) -> bool {
        self.asked.is_empty() && self.plan.is_empty()
    }

    /// The relay still has a transaction open.
    pub(crate) const fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// A message is on its way and its fate not known.
    pub(crate) const fn is_sending(&self) -> bool {
        self.sending.is_some()
    }

    /// The next reply is the one to a message that is wholly written.
    pub(crate) fn awaits_verdict(&self) -> bool {
        self.asks_for(Command::Message) && self.out.is_empty()
    }

    /// Replies received.
    pub(crate) const fn replies(&self) -> usize {
        self.replies
    }

    /// Transactions that ran to their end, whatever it was.
    pub(crate) const fn completed(&self) -> usize {
        self.completed
    }

    /// Begins no further transaction; what is under way goes on.
    pub(crate) const fn stop(&mut self) {
        self.quota = 0;
    }

    /// One reply from the relay.
    pub(crate) fn reply(&mut self, reply: Reply) -> Result<(), Trouble> {
        self.replies += 1;
        if reply.code == 421 {
            return Err(self.closing(reply));
        }
        let Some(Asked { command, end }) = self.asked.pop_front() else {
            return Err(nonsense("a reply to nothing", &reply));
        };
        if self.out.written() < end && command != Command::Message {
            return Err(nonsense("a reply before the command", &reply));
        }
        match command {
            Command::Reset if reply.is_positive() => {}
            Command::Reset => return Err(nonsense("a refusal of RSET", &reply)),
            Command::Mail => self.mail(reply)?,
            Command::Rcpt(recipient) => self.rcpt(recipient, reply)?,
            Command::Data => self.data(reply)?,
            Command::Message => self.message(&reply)?,
        }
        self.pump();
        Ok(())
    }

    /// The connection is lost: says which jobs were in the middle of something. With `blame` the loss counts
    /// against them.
    pub(crate) fn lost(&mut self, why: &str, blame: bool) {
        let written = self.out.written();
        let mut hit = Vec::new();
        if let Some(sending) = self.sending.take() {
            if written >= sending.end && !sending.accepted.is_empty() {
                self.fail(sending.job, Cause::Unknown(why.to_owned()));
            } else {
                hit.push(sending.job);
            }
        }
        hit.extend(self.asking.take().map(|transaction| transaction.job));
        if blame {
            for job in hit {
                if let Some(job) = self.jobs.get_mut(job) {
                    job.losses += 1;
                }
            }
        }
    }

    /// The jobs that were in the middle of something hear that the relay closes.
    fn closing(&mut self, reply: Reply) -> Trouble {
        // 421 in the place of the reply to a message is a verdict: not taken, and not the message's fault.
        let sending = if self.asks_for(Command::Message) { self.sending.take() } else { None };
        let sending = sending.map(|sending| sending.job);
        let job = sending.or_else(|| self.asking.as_ref().map(|transaction| transaction.job));
        if let Some(job) = job.and_then(|job| self.jobs.get_mut(job)) {
            job.closings += 1;
        }
        Trouble::Closing(reply)
    }

    fn mail(&mut self, reply: Reply) -> Result<(), Trouble> {
        if !reply.is_positive() {
            if !reply.is_temporary() && !reply.is_permanent() {
                return Err(nonsense("an answer to MAIL", &reply));
            }
            if let Some(transaction) = &mut self.asking {
                transaction.refused = Some(reply);
            }
            self.skip_unwritten();
        }
        Ok(())
    }

    fn rcpt(&mut self, recipient: usize, reply: Reply) -> Result<(), Trouble> {
        let Some(transaction) = &mut self.asking else {
            return Err(nonsense("an answer to RCPT", &reply));
        };
        let job = transaction.job;
        match judge(&reply, !transaction.accepted.is_empty()) {
            Verdict::Accepted => transaction.accepted.push(recipient),
            // Without MAIL a refusal of RCPT says nothing about the recipient.
            _ if transaction.refused.is_some() => {}
            Verdict::TooMany => transaction.left_over.push(recipient),
            Verdict::Deferred => self.decide(job, recipient, Attempt::Deferred(reply)),
            Verdict::Failed => self.decide(job, recipient, Attempt::Failed(reply)),
            Verdict::Nonsense => return Err(nonsense("an answer to RCPT", &reply)),
        }
        let nobody = self.asking.as_ref().is_some_and(|transaction| transaction.accepted.is_empty());
        if nobody && self.plan.front() == Some(&Command::Data) {
            self.skip_unwritten();
        }
        Ok(())
    }

    fn data(&mut self, reply: Reply) -> Result<(), Trouble> {
        let Some(transaction) = self.asking.take() else {
            return Err(nonsense("an answer to DATA", &reply));
        };
        let Transaction { job, refused, accepted, left_over } = transaction;
        let is_refused = refused.is_some();
        if let Some(refused) = refused {
            self.fail(job, Cause::Refused(refused));
        }
        if reply.code == 354 {
            if is_refused && !accepted.is_empty() {
                // It would deliver whatever we end with, were it empty.
                return Err(nonsense("an answer to DATA", &reply));
            }
            self.send_message(job, accepted);
        } else if reply.is_temporary() || reply.is_permanent() {
            if !accepted.is_empty() {
                self.fail(job, Cause::Refused(reply));
            }
            self.dirty = true;
            self.completed += 1;
        } else {
            return Err(nonsense("an answer to DATA", &reply));
        }
        if !left_over.is_empty() {
            self.left_over = Some((job, left_over));
        }
        if self.peer.pipelining || !self.is_sending() {
            self.begin();
        }
        Ok(())
    }

    /// RFC 2920 §3.1: if DATA is accepted though no recipient was, a lone dot ends it; nobody gets anything.
    fn send_message(&mut self, job: usize, accepted: Vec<usize>) {
        self.dirty = accepted.is_empty();
        let message = match self.jobs.get(job) {
            Some(job) if !accepted.is_empty() => job.batch.message.as_slice(),
            _ => &[],
        };
        dots::stuff(message, |piece| self.out.push(piece));
        let end = self.out.end();
        self.asked.push_back(Asked { command: Command::Message, end });
        self.sending = Some(Sending { job, accepted, end });
    }

    fn message(&mut self, reply: &Reply) -> Result<(), Trouble> {
        let Some(sending) = self.sending.take() else {
            return Err(nonsense("a verdict on nothing", reply));
        };
        let early = self.out.written() < sending.end;
        let nobody = sending.accepted.is_empty();
        if reply.is_temporary() || reply.is_permanent() {
            if !nobody {
                self.fail(sending.job, Cause::Refused(reply.clone()));
            }
        } else if reply.is_positive() && !early {
            for recipient in sending.accepted {
                self.decide(sending.job, recipient, Attempt::Delivered(reply.clone()));
            }
        } else {
            self.sending = Some(sending);
            return Err(nonsense("a verdict on the message", reply));
        }
        self.completed += 1;
        if early {
            return Err(nonsense("a verdict before the end of the message", reply));
        }
        if self.asking.is_none() {
            self.begin();
        }
        Ok(())
    }

    /// Command by command, what has become pointless is not sent.
    fn skip_unwritten(&mut self) {
        if self.plan.is_empty() {
            return;
        }
        self.plan.clear();
        if let Some(transaction) = self.asking.take() {
            // MAIL may have opened a transaction at the relay.
            self.dirty = transaction.refused.is_none();
            self.completed += 1;
            if let Some(refused) = transaction.refused {
                self.fail(transaction.job, Cause::Refused(refused));
            }
        }
        self.begin();
    }

    /// Plans the next transaction, if there is one.
    fn begin(&mut self) {
        while self.quota > 0 {
            let Some((job, recipients)) = self.next_recipients() else { return };
            let Some(place) = self.jobs.get_mut(job) else { return };
            let recipients = command::allowed(self.peer, place, recipients);
            if !place.is_open() || recipients.is_empty() {
                continue;
            }
            self.quota -= 1;
            if std::mem::take(&mut self.dirty) {
                self.plan.push_back(Command::Reset);
            }
            self.plan.push_back(Command::Mail);
            self.plan.extend(recipients.iter().map(|&recipient| Command::Rcpt(recipient)));
            self.plan.push_back(Command::Data);
            self.asking = Some(Transaction {
                job,
                refused: None,
                accepted: Vec::with_capacity(recipients.len()),
                left_over: Vec::new(),
            });
            self.pump();
            return;
        }
    }

    fn next_recipients(&mut self) -> Option<(usize, Vec<usize>)> {
        if let Some(left_over) = self.left_over.take() {
            return Some(left_over);
        }
        let (job, place) = self.jobs.iter().enumerate().skip(self.next).find(|(_, job)| job.is_open())?;
        self.next = job + 1;
        Some((job, place.undecided().collect()))
    }

    /// Writes what may be written now: the whole group, or without PIPELINING one command at a time.
    fn pump(&mut self) {
        if self.plan.is_empty() || !(self.peer.pipelining || self.asked.is_empty()) {
            return;
        }
        let mut text = bytes::BytesMut::new();
        while self.peer.pipelining || self.asked.is_empty() {
            let Some(command) = self.plan.pop_front() else { break };
            let job = self.asking.as_ref().and_then(|transaction| self.jobs.get(transaction.job));
            let Some(job) = job else { continue };
            match command {
                Command::Reset => text.extend_from_slice(b"RSET\r\n"),
                Command::Mail => command::mail(self.peer, &job.batch, &mut text),
                Command::Rcpt(recipient) => command::rcpt(&job.batch, recipient, &mut text),
                Command::Data => text.extend_from_slice(b"DATA\r\n"),
                Command::Message => {}
            }
            self.asked.push_back(Asked { command, end: self.out.end() + text.len() as u64 });
        }
        self.out.push(text.freeze());
    }

    fn asks_for(&self, command: Command) -> bool {
        self.asked.front().is_some_and(|asked| asked.command == command)
    }

    fn decide(&mut self, job: usize, recipient: usize, attempt: Attempt) {
        if let Some(job) = self.jobs.get_mut(job) {
            tracing::debug!(recipient = %job.batch.recipients.get(recipient).map_or("", |r| r.as_str()), ?attempt);
            job.decide(recipient, attempt);
        }
    }

    fn fail(&mut self, job: usize, cause: Cause) {
        if let Some(job) = self.jobs.get_mut(job) {
            job.fail(cause);
        }
    }
}

fn nonsense(what: &str, reply: &Reply) -> Trouble {
    Trouble::Lost(format!("the relay does not follow SMTP: it sent {what}: {reply}"))
}

#[cfg(test)]
mod tests;
