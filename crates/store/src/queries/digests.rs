//! Digests: what was collected, what was closed, and who reads them.

pub(crate) mod collect;
pub(crate) mod issues;
pub(crate) mod readers;
