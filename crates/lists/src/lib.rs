#![doc = include_str!("../README.md")]

mod approval;
pub mod archive;
mod authenticity;
pub mod bounces;
pub mod canary;
mod commands;
pub mod delivery;
pub mod digest;
mod events;
pub mod facts;
mod gate;
mod gather;
mod history;
pub mod intake;
pub mod lint;
pub mod moderation;
mod news;
pub mod notes;
pub mod notices;
mod outlets;
mod parts;
mod patterns;
pub mod pipeline;
pub mod post;
pub mod reason;
pub mod rules;
pub mod runners;
mod seal;
mod site;
pub mod subscription;
pub mod template;
mod templates;
mod topics;
mod words_of;

pub use approval::{hash_password, is_password_hash, take_password, verify_password};
pub use authenticity::{Authenticity, Provenance};
pub use canary::{CANARY_LIST, is_canary};
pub use events::{Destination, Doors, Events, IN_TIME};
pub use gate::Gate;
pub use gather::gather;
pub use history::{History, Trace, TraceEvent, TraceGroup, find_finished};
pub use intake::{ANSWERS, Answers, Directory, Injected, Intake, Names};
pub use news::{FROM_NEWS, NewsServer};
pub use outlets::Outlets;
pub use patterns::Patterns;
pub use runners::{
    Archiving, Bell, Bounces, Chores, Commands, Digests, Incoming, Moderation, News, OutLimits, Outgoing,
    Tools, Working, second_chances,
};
pub use seal::Seal;
pub use site::{BounceSite, CommandSite, LiveSite, OneClick, Site};
pub use templates::{
    FetchError, Fetcher, Found, Page, Scope, Source, Templates, Wording, check_address, check_text,
    templates_guide,
};

pub(crate) use intake::{message_id_of, new_entry_id};
