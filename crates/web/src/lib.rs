#![doc = include_str!("../README.md")]

mod guard;
mod mailbox;
mod serve;

pub use mailbox::{Caught, Mailbox, MailboxError, mailbox_router};
pub use serve::serve;
