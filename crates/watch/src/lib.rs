#![doc = include_str!("../README.md")]

mod vitals;

pub use vitals::{
    CanaryVitals, Counters, Dependency, DiskVitals, LedgerRow, LedgerVitals, QuarantineVitals, StageVitals,
    TaskVitals, Vitals, Waiting,
};
