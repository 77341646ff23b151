//! The only part of this room that waits: each runner leases entries of one stage, does its step, records it.

mod incoming;
mod outgoing;

pub use incoming::Incoming;
pub use outgoing::{OutLimits, Outgoing};

/// An entry whose lease ended this often without a recorded step is set aside (P14).
const ATTEMPTS: u32 = 3;
