//! What the spool promises, tried on a disk that fails on demand.

mod basics;
mod tools;
