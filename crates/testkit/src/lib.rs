#![doc = include_str!("../README.md")]

pub mod mariadb;
pub mod message;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod server;
pub mod sink;
pub mod source;
pub mod wait;

pub use ports::Port;
pub use server::{Server, ServerOptions};
pub use sink::Sink;
pub use source::Source;
