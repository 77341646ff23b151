use std::sync::Arc;

use bytes::{Buf, BytesMut};
use posthaste_model::{ForwardPath, ReversePath};

use super::budget::{Budget, Share};
use super::command::Command;
use super::content::Content;
use super::{Options, Protocol, Transaction, events};
use crate::Reply;

/// One session without its socket: octets go in, steps and octets come out.
///
/// ```text
///            ┌───────────── Read: write the output, fill the input ◄───┐
///  step() ───┼───────────── Write: the output is large, write it       │
///            ├── Ready, Rcpt, Data: ask, then answer_*() ──────────────┤
///            └───────────── Close: write the output, hang up
/// ```
///
/// It never waits, never looks at a clock, and gives the same steps and output however the input was cut.
#[derive(Debug)]
pub struct Session {
    pub(super) options: Arc<Options>,
    pub(super) budget: Arc<Budget>,
    pub(super) peer: String,
    input: BytesMut,
    output: BytesMut,
    pub(super) mode: Mode,
    /// What the client said first; nothing yet if `None`.
    pub(super) hello: Option<Hello>,
    pub(super) open: Option<Open>,
    line: LineState,
    bad: u32,
    /// The last MAIL was refused for our own trouble.
    pub(super) turned_away: bool,
    stopping: bool,
}

/// What a [`Session`] wants next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Write the output, then put more octets into the input.
    Read,
    /// Write the output; it has grown large.
    Write,
    /// Ask [`Handler::ready`](super::Handler::ready), then call [`Session::answer_ready`].
    Ready,
    /// Ask [`Handler::rcpt`](super::Handler::rcpt) with [`Session::reverse_path`], then call
    /// [`Session::answer_rcpt`].
    Rcpt(ForwardPath),
    /// Hand over the message, then call [`Session::answer_data`].
    Data(Transaction),
    /// Write the output and hang up. If `linger`, the peer may still be talking: hear it out for a moment, or its
    /// host throws our last words away.
    Close {
        /// Whether the peer was cut off.
        linger: bool,
    },
}

/// Why the shell ends a session that has not ended itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HangUp {
    /// Nothing came for too long.
    Idle,
    /// The session as a whole took too long.
    TooLong,
    /// We are stopping.
    Stopping,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hello {
    /// LHLO or EHLO: extensions may be used.
    Extended,
    /// HELO.
    Plain,
}

/// What the next octets of input are, or which answer is awaited.
#[derive(Debug)]
pub(super) enum Mode {
    Command,
    /// Inside the message, after 354.
    Data,
    /// Inside a chunk of BDAT.
    Chunk {
        left: u64,
        last: bool,
    },
    /// Inside a chunk that belongs to no transaction; `bad` if the peer should have known.
    SkipChunk {
        left: u64,
        reply: Reply,
        bad: bool,
    },
    /// The transaction begins if we are ready.
    AwaitReady(Open),
    AwaitRcpt,
    /// The number of replies owed, and the memory of the message.
    AwaitData {
        recipients: usize,
        _share: Share,
    },
    Closed {
        linger: bool,
    },
}

/// A mail transaction (RFC 5321 §3.3), from MAIL on.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) reverse_path: ReversePath,
    pub(super) smtputf8: bool,
    /// What SIZE declared, 0 if nothing.
    pub(super) size: usize,
    pub(super) forward_paths: Vec<ForwardPath>,
    /// Set by DATA and by the first BDAT.
    pub(super) content: Option<Content>,
}

/// What is known of the current command line beyond the octets that stand in the input.
#[derive(Debug, Default)]
struct LineState {
    /// Octets of the current line that have been looked at for its end, and hold none.
    scanned: usize,
    /// Octets of an overlong line that have been thrown away.
    skipped: usize,
    /// A bare LF came since the last CRLF: nothing up to the next CRLF is a command.
    tainted: bool,
}

/// Output is written when this much of it waits, octets.
const MUCH_OUTPUT: usize = 64 * 1024;
/// A line of this length is no command, octets.
const ABSURD_LINE: usize = 64 * 1024;

impl Session {
    /// A session that begins with its greeting.
    pub fn new(options: Arc<Options>, budget: Arc<Budget>, peer: impl Into<String>) -> Self {
        let mut session = Self {
            budget,
            peer: peer.into(),
            input: BytesMut::new(),
            output: BytesMut::new(),
            mode: Mode::Command,
            hello: None,
            open: None,
            line: LineState::default(),
            bad: 0,
            turned_away: false,
            stopping: false,
            options,
        };
        let protocol = match session.options.protocol {
            Protocol::Lmtp => "LMTP",
            Protocol::Smtp => "ESMTP",
        };
        let greeting = format!("{} {protocol} Posthaste", session.options.hostname);
        session.say(&Reply::bare(220, greeting));
        session
    }

    /// Where octets from the peer are put.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// Octets for the peer; take them away once written.
    pub fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// Who is speaking to us: `127.0.0.1:4711` or `unix`.
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// MAIL FROM of the open transaction.
    pub fn reverse_path(&self) -> &ReversePath {
        self.open.as_ref().map_or(&ReversePath::Null, |open| &open.reverse_path)
    }

    /// True while a message is arriving: what a stop lets finish.
    pub fn in_message(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.content.is_some())
    }

    /// No further transaction is begun; the session ends with 421 as soon as no message is arriving.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Goes as far as the input allows.
    pub fn step(&mut self) -> Step {
        loop {
            if self.output.len() > MUCH_OUTPUT {
                return Step::Write;
            }
            if self.stopping && matches!(self.mode, Mode::Command) && !self.in_message() {
                self.hang_up(HangUp::Stopping);
            }
            let step = match self.mode {
                Mode::Command => self.read_command(),
                Mode::Data => self.read_data(),
                Mode::Chunk { .. } | Mode::SkipChunk { .. } => self.read_chunk(),
                Mode::Closed { linger } => Some(Step::Close { linger }),
                // An answer is owed; asking again would be asking twice.
                Mode::AwaitReady(_) | Mode::AwaitRcpt | Mode::AwaitData { .. } => Some(Step::Read),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// The session is over, whatever it was doing.
    pub(super) fn hang_up(&mut self, why: HangUp) {
        let reply = match why {
            HangUp::Idle => Reply::new(421, (4, 4, 2), "Nothing came for too long, good bye"),
            HangUp::TooLong => Reply::new(421, (4, 4, 2), "The session took too long, good bye"),
            HangUp::Stopping => Reply::new(421, (4, 3, 2), "Closing for maintenance, come back soon"),
        };
        self.say(&reply);
        self.close(false);
    }

    pub(super) fn say(&mut self, reply: &Reply) {
        reply.write(&mut self.output);
    }

    /// Answers a bad command; the last straw closes the session.
    pub(super) fn scold(&mut self, reply: &Reply) {
        self.bad += 1;
        if self.bad > self.options.limits.bad_commands {
            events::too_many_bad_commands(reply);
            self.say(&Reply::new(421, (4, 7, 0), "Too many bad commands, good bye"));
            self.close(true);
        } else {
            self.say(reply);
        }
    }

    /// Answers a command for which a transaction is missing. A peer that sends its commands in one flight (RFC 2920) cannot
    /// know that we have just refused its MAIL for our own trouble: then it is not a bad one.
    pub(super) fn out_of_turn(&mut self, reply: &Reply) {
        if self.turned_away { self.say(reply) } else { self.scold(reply) }
    }

    /// A message went through, so the peer is one of the good ones.
    pub(super) fn forgive(&mut self) {
        self.bad = 0;
    }

    pub(super) fn close(&mut self, linger: bool) {
        self.open = None;
        self.input.clear();
        self.mode = Mode::Closed { linger };
    }

    pub(super) fn take_input(&mut self) -> BytesMut {
        std::mem::take(&mut self.input)
    }

    /// What of the input is not used yet goes back; nothing was put in meanwhile.
    pub(super) fn return_input(&mut self, mut input: BytesMut, used: usize) {
        input.advance(used.min(input.len()));
        self.input = input;
    }

    fn read_command(&mut self) -> Option<Step> {
        let input = self.take_input();
        let fresh = input.get(self.line.scanned..).unwrap_or_default();
        let Some(at) = fresh.iter().position(|octet| *octet == b'\n') else {
            self.keep_part_of_a_line(input);
            return matches!(self.mode, Mode::Command).then_some(Step::Read);
        };
        let end = self.line.scanned + at;
        let (line, _) = input.split_at_checked(end).unwrap_or((&input, &[]));
        let ended = line.last().is_some_and(|octet| *octet == b'\r');
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        let length = self.line.skipped + end + 1;
        let tainted =
            std::mem::replace(&mut self.line, LineState { tainted: !ended, ..LineState::default() }).tainted;
        let step = if length > self.options.limits.command_line {
            if length > ABSURD_LINE {
                self.absurd_line();
            } else {
                self.scold(&Reply::new(500, (5, 5, 2), "The command line is too long"));
            }
            None
        } else if tainted || !ended || text.contains(&b'\r') {
            self.scold(&Reply::new(500, (5, 5, 2), "Commands end with CRLF, and hold no other CR or LF"));
            None
        } else {
            self.obey(text)
        };
        if !matches!(self.mode, Mode::Closed { .. }) {
            self.return_input(input, end + 1);
        }
        step
    }

    /// No end of the line yet: it waits in the input, unless it is too long to be of any use.
    fn keep_part_of_a_line(&mut self, mut input: BytesMut) {
        if self.line.skipped + input.len() > ABSURD_LINE {
            self.absurd_line();
            return;
        }
        if input.len() > self.options.limits.command_line {
            // A CR at the end may be half of a CRLF.
            let used = input.len() - usize::from(input.ends_with(b"\r"));
            self.line.skipped += used;
            input.advance(used);
        }
        self.line.scanned = input.len();
        self.input = input;
    }

    fn absurd_line(&mut self) {
        self.say(&Reply::new(500, (5, 5, 2), "That is not SMTP, good bye"));
        self.close(true);
    }

    fn obey(&mut self, line: &[u8]) -> Option<Step> {
        let command = match Command::parse(line) {
            Ok(command) => command,
            Err(reply) => {
                self.scold(&reply);
                return None;
            }
        };
        match command {
            Command::Lhlo => self.lhlo(),
            Command::Ehlo => self.ehlo(),
            Command::Helo => self.helo(),
            Command::Mail(argument) => return self.mail(argument),
            Command::Rcpt(argument) => return self.rcpt(argument),
            Command::Data => self.data(),
            Command::Bdat(size, last) => self.bdat(size, last),
            Command::Rset => {
                self.open = None;
                self.say(&Reply::ok("Ok"));
            }
            Command::Noop => self.say(&Reply::ok("Ok")),
            Command::Help => self.help(),
            // Who is known here shows at RCPT; RFC 5321 §3.5.3.
            Command::Vrfy => self.say(&Reply::new(252, (2, 1, 5), "Send mail to find out")),
            Command::Quit => {
                self.say(&Reply::new(221, (2, 0, 0), "Good bye"));
                self.close(false);
            }
            Command::BadBdat => {
                // Going on would take the octets of a chunk for commands.
                self.say(&Reply::new(501, (5, 5, 4), "Write BDAT size or BDAT size LAST; good bye"));
                self.close(true);
            }
            Command::Http => {
                self.say(&Reply::new(500, (5, 5, 1), "This is not a web server, good bye"));
                self.close(true);
            }
        }
        None
    }

    fn help(&mut self) {
        let hello = match self.options.protocol {
            Protocol::Lmtp => "LHLO",
            Protocol::Smtp => "EHLO HELO",
        };
        self.say(&Reply::new(
            214,
            (2, 0, 0),
            format!("{hello} MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT"),
        ));
    }
}
