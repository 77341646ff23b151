#![doc = include_str!("../README.md")]

mod api;
mod bans;
mod call;
mod caller;
mod domains;
mod encode;
mod fault;
mod form;
mod lists;
mod pace;
mod params;
mod percent;
mod plugins;
mod queues;
mod reply;
mod reserved;
mod right;
mod router;
mod routes;
mod serve;
mod settings;
mod system;
mod uris;
mod valid;
mod version;

pub use api::{Api, Refresh, Rooms};
pub use right::{Grant, Kind, NewToken, Reach};
pub use routes::{RouteInfo, routes};
pub use serve::{Door, serve};
pub use settings::{Section, Settings};
