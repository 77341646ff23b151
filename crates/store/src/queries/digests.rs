//! Digests: what was collected, what was closed, and who reads them.

mod bump;
pub(crate) mod collect;
pub(crate) mod issues;
pub(crate) mod readers;
mod renumber;
