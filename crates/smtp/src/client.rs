//! The SMTP client: hands batches to the relay over a [`Pool`] of connections and says what became of every
//! recipient.
//!
//! ```text
//! Pool::send_each ─▶ lease a connection ─▶ Session (no sockets: replies in, octets out) ─▶ Attempts
//!                       │       ▲                │
//!                    Breaker    └── connection lost before the final dot: the rest goes over another one
//!              (who may connect)
//! ```
//!
//! - A relay that is away, or refuses our login, costs no attempt: [`Pool::send`] waits, and the pool probes with
//!   one connection at a time until it is back (P15).
//! - Only a reply to RCPT can fail a recipient. What the relay says to MAIL, DATA or the message itself is
//!   [`SendError::Refused`] and about the post or about us.
//! - After the final dot nothing is sent twice: a connection lost there is [`SendError::Unknown`].
//! - Nobody waits long for a relay that is silent about somebody else's recipients: [`Haste`].
//! - Bodies are never copied, only written.

mod auth;
mod batch;
mod breaker;
mod capabilities;
mod command;
mod connect;
mod connection;
mod dots;
mod haste;
mod job;
mod outgoing;
mod pool;
mod relay;
mod reply;
mod resolve;
mod seats;
mod session;
mod site;
mod stream;
mod tls;
mod verdict;
mod width;

pub use batch::{Attempt, Batch, SendError};
pub use haste::Haste;
pub use pool::{Pool, RelayState};
pub use relay::{Login, Relay, Timeouts, Tls};
