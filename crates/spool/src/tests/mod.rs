//! What the spool promises, tried on a disk that fails on demand.

mod basics;
mod cuts;
mod damage;
mod fairness;
mod group;
mod guarding;
mod model;
mod starting;
mod story;
pub(crate) mod tools;
