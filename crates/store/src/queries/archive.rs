//! The archive's memory: posts, threads, months.

pub(crate) mod add;
pub(crate) mod look;
pub(crate) mod stats;
mod thread;
