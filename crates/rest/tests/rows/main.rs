//! Every row of the path table, over a real socket: success, documented failures, and permissions.
//!
//! A test names the rows it is about: `row_19_…`, `row_19_20_…`. From these names `docs/develop/rest-rows.md` is made.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

mod support;

mod addresses;
mod bans;
mod config;
mod domains;
mod faults;
mod fuzz;
mod header_matches;
mod held;
mod lists;
mod matrix;
mod members;
mod modern;
mod outlets;
mod people;
mod preferences;
mod queues;
mod requests;
mod roster;
mod system;
mod table;
mod uris;
mod users;
