//! Alerts: who is told what, when, and until when.
//!
//! ```text
//! Vitals ─▶ rules ─▶ findings ─▶ State::step ─▶ actions ─▶ channels (mail past our queue, webhooks)
//!                                   │    ▲                └▶ journal ─▶ report, incident export
//!                                   └────┘ incidents, acks, ladder; kept over restarts
//! ```
//!
//! Everything that judges is a pure step over plain values and times given as arguments.

mod finding;
mod incident;
mod journal;
mod ladder;
mod memory;
mod message;
mod policy;
mod rules;
mod state;

pub use finding::{Alert, Finding, Group, Level};
pub use incident::{Ack, AlertState, Incident, Line, Told};
pub use journal::{Event, Happening};
pub use ladder::{Ladder, Rung};
pub use memory::{Burn, Memory, PathHealth};
pub use message::{Facts, Kind, Message, Words};
pub use policy::{Contact, Policy, Target};
pub use rules::{View, judge};
pub use state::{Action, Moment, Notice, State, Window};
