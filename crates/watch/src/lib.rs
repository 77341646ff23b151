#![doc = include_str!("../README.md")]

mod keys;
mod vitals;

pub use keys::{Key, Keys, KeysError};
pub use vitals::{
    CanaryVitals, Counters, Dependency, DiskVitals, LedgerRow, LedgerVitals, QuarantineVitals, StageVitals,
    TaskVitals, Vitals, Waiting,
};
