#![doc = include_str!("../README.md")]

pub mod bench;
pub mod dns;
pub mod exim;
pub mod hook;
pub mod inn;
pub mod mariadb;
pub mod message;
mod mta;
pub mod ports;
pub mod postfix;
pub mod postgres;
pub mod power;
pub mod process;
pub mod proxy;
pub mod server;
pub mod sink;
pub mod source;
pub mod swaks;
pub mod wait;

pub use dns::NameServer;
pub use exim::Exim;
pub use hook::Hook;
pub use inn::Inn;
pub use ports::Port;
pub use postfix::Postfix;
pub use power::{Ext4, ReadOnly};
pub use proxy::{Proxy, Wire};
pub use server::{Server, ServerOptions};
pub use sink::Sink;
pub use source::Source;
