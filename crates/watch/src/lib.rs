#![doc = include_str!("../README.md")]

pub mod alerts;
mod canary;
pub mod check;
mod collect;
pub mod doctor;
mod fetch;
pub mod health;
mod keys;
mod ledger;
pub mod metrics;
mod moderating;
mod one_click;
pub mod samples;
mod supervisor;
mod upload;
mod vitals;
mod watch;
mod watchdog;

pub use canary::{Canary, CanaryOptions, Door, post};
pub use fetch::fetch_page;
pub use keys::{Key, Keys, KeysError};
pub use ledger::{LedgerLine, LedgerReport, Totals};
pub use moderating::{MODERATE_BY_LINK, MODERATE_BY_MAIL, moderate_tag, moderate_token, moderate_verify};
pub use one_click::{ENABLE, ONE_CLICK, one_click_token, one_click_verify};
pub use posthaste_model::{Beat, Planted};
pub use samples::{Sample, Samples};
pub use supervisor::Supervisor;
pub use upload::upload;
pub use vitals::{
    CanaryVitals, Counters, Dependency, DiskVitals, Latency, LedgerRow, LedgerVitals, QuarantineVitals,
    StageVitals, TaskVitals, Vitals, Waiting, WayVitals,
};
pub use watch::{Needed, Rooms, Settings, Watch};
pub use watchdog::watchdog;
