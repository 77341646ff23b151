//! What lists do, seen from outside: LMTP in, a sink out, pages and command line beside; some of it on every database.

mod answers;
mod bytes;
mod explained;
mod filter;
mod invited;
mod languages;
mod life;
mod limits;
mod policies;
mod reading;
mod scene;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "not every test needs every helper")]
mod support;
mod trouble;
mod witnessed;
