#![doc = include_str!("../README.md")]

mod disk;
mod entry;
mod error;
#[cfg(any(test, feature = "fake-disk"))]
pub mod fake;
mod format;
mod guard;
mod health;
mod index;
mod layout;
mod lease;
mod options;
mod pause;
mod peek;
mod put;
mod quarantine;
mod record;
mod scan;
mod seen;
mod spool;
mod stock;
mod workers;

pub use disk::{Disk, DiskFile, RealDisk, Space};
pub use entry::{Entry, Event, Kind, NewEntry, Recorded, Then, Waiting};
pub use error::SpoolError;
pub use health::SpoolTrouble;
pub use index::Pulse;
pub use index::books::Book;
pub use lease::Leased;
pub use options::Options;
pub use peek::{Peek, Summary};
pub use quarantine::Quarantined;
pub use seen::{Begin, Reservation, SeenKey, SeenLog, seen_key};
pub use spool::Spool;
pub use stock::Discrepancy;

#[cfg(test)]
mod tests;
