#![doc = include_str!("../README.md")]

mod access;
mod ack;
mod answer;
mod apart;
mod archive;
mod assets;
mod call;
mod guard;
mod health;
mod house;
pub mod made_up;
mod mailbox;
mod member;
mod membership;
mod moderate;
mod ops;
mod pace;
mod router;
mod routes;
mod seen;
mod serve;
mod site;
mod status;
mod verdict;
mod words;

pub use access::BaseUrl;
pub use apart::{ApartError, Door, serve_apart};
/// What [`serve_apart`] serves.
pub use axum::Router;
pub use house::{Act, Acting, House, Looking};
pub use mailbox::{Caught, Mailbox, MailboxError, mailbox_router};
pub use membership::Reply;
pub use moderate::{HeldPost, Measure};
pub use router::{figures_router, pages_router};
pub use seen::{Acked, Grade, Incident, Line, OpenAlert, Planned, Seen, SetAside, Trend, Window};
pub use serve::serve;
pub use site::{Site, SiteOptions};
