#![doc = include_str!("../README.md")]

pub mod client;
mod reply;
pub mod server;

pub use reply::Reply;
