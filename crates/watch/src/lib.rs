#![doc = include_str!("../README.md")]

mod keys;
mod supervisor;
mod vitals;

pub use keys::{Key, Keys, KeysError};
pub use posthaste_model::{Beat, Planted};
pub use supervisor::Supervisor;
pub use vitals::{
    CanaryVitals, Counters, Dependency, DiskVitals, LedgerRow, LedgerVitals, QuarantineVitals, StageVitals,
    TaskVitals, Vitals, Waiting,
};
