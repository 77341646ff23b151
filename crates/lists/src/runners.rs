//! The only part of this room that waits: each runner leases entries of one stage, does its step, records it.

mod failures;
mod incoming;
mod outgoing;
mod poison;
mod working;

pub use incoming::Incoming;
pub use outgoing::{OutLimits, Outgoing};
pub use working::Working;
