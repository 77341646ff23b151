//! Mail in: which list and which of its addresses a recipient means, and how a message becomes durable.
//!
//! Nothing here asks the database before saying 250: names come from the [`Directory`]'s snapshot in memory.

mod accept;
mod address;
mod answers;
mod canary;
mod directory;
mod names;
mod rcpt;

pub use accept::{Injected, Intake};
pub(crate) use accept::{message_id_of, new_entry_id};
pub use address::{Destination, split};
pub use answers::{ANSWERS, Answers};
pub use directory::{Directory, Snapshot};
pub use names::Names;
