//! The LMTP and SMTP server: a sans-I/O [`Session`], and a thin shell of sockets and deadlines around it.

mod ask;
mod bdat;
mod budget;
mod command;
mod connection;
mod content;
mod data;
mod events;
mod fuzz;
mod lhlo;
mod limits;
mod listener;
mod mail;
mod path;
mod rcpt;
mod session;

use std::future::Future;

use bytes::Bytes;
use posthaste_model::{ForwardPath, ReversePath};

use crate::Reply;

pub use budget::Budget;
pub use fuzz::fuzz_session;
pub use limits::Limits;
pub use listener::{Listener, serve};
pub use session::{Session, Step};

/// What stands behind the server: says who is known here, and takes the messages.
///
/// A handler that panics, or misses its deadline, is answered for with `451 4.3.0`; the session goes on.
pub trait Handler: Send + Sync + 'static {
    /// Asked at MAIL, and again before [`data`](Self::data): can a message be taken now? Must be cheap. Whatever is
    /// wrong is our own trouble, so a reply that is not 4xx goes out as `451 4.3.0`.
    fn ready(&self) -> Result<(), Reply>;

    /// May this recipient have this message? `Err` is the reply the peer gets.
    fn rcpt(
        &self,
        peer: &str,
        from: &ReversePath,
        to: &ForwardPath,
    ) -> impl Future<Output = Result<(), Reply>> + Send;

    /// Takes the message. One reply per accepted recipient, in their order; a positive one says that the message is
    /// on disk for that recipient. Missing replies go out as `451 4.3.0`.
    fn data(&self, transaction: Transaction) -> impl Future<Output = Vec<Reply>> + Send;
}

/// One message and the recipients it was accepted for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transaction {
    /// Who handed it over: `127.0.0.1:4711` or `unix`.
    pub peer: String,
    /// MAIL FROM.
    pub reverse_path: ReversePath,
    /// Every RCPT TO that was answered with 250, in order, duplicates included; never empty.
    pub forward_paths: Vec<ForwardPath>,
    /// The message as transmitted: dot-stuffing undone, every line ended by CRLF, no other CR or LF anywhere.
    pub message: Bytes,
    /// True if MAIL had the parameter SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
}

/// Which of the two protocols a listener speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// RFC 2033: LHLO, and after the message one reply per recipient.
    Lmtp,
    /// RFC 5321: EHLO or HELO, and one reply for all.
    Smtp,
}

/// How a server speaks and what it bears.
#[derive(Clone, Debug)]
pub struct Options {
    /// LMTP or SMTP.
    pub protocol: Protocol,
    /// Our own name, in greetings and as the domain of `<postmaster>`.
    pub hostname: String,
    /// What a peer may ask of us.
    pub limits: Limits,
}

impl Options {
    /// Options with the default limits.
    pub fn new(protocol: Protocol, hostname: impl Into<String>) -> Self {
        Self { protocol, hostname: hostname.into(), limits: Limits::default() }
    }
}
