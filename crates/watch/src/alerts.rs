//! Alerts: who is told what, when, and until when.
//!
//! ```text
//! Vitals ─▶ rules ─▶ findings ─▶ State::step ─▶ actions ─▶ channels (mail past our queue, webhooks)
//!                                   │    ▲                └▶ journal ─▶ report, incident export
//!                                   └────┘ incidents, acks, ladder; kept over restarts
//! ```
//!
//! Everything that judges is a pure step over plain values and times given as arguments.

pub mod channels;
mod desk;
mod finding;
mod incident;
mod journal;
mod ladder;
mod memory;
mod message;
mod outbox;
mod policy;
mod report;
mod rules;
mod shelf;
mod state;
mod token;

pub use desk::{Alerts, Overview, Proof, PublicStatus, Setup, Shown};
pub use finding::{Alert, Finding, Group, Level};
pub use incident::{Ack, AlertState, Incident, Line, Told};
pub use journal::{Event, Happening};
pub use ladder::{Ladder, Rung};
pub use memory::{Burn, Memory, PathHealth};
pub use message::{Facts, Kind, Message, Words};
pub use outbox::{Parcel, recipients};
pub use policy::{Contact, Policy, Target};
pub use report::{Report, export};
pub use rules::{View, judge};
pub use shelf::{journal, note};
pub use state::{Action, Moment, Notice, State, Window};
