#![doc = include_str!("../README.md")]

mod bodies;
mod content;
mod export;
mod flowed;
mod hide;
mod source;
mod subject;
mod summary;
mod text;
mod tree;
mod when;

pub use bodies::{Bodies, BodyError, BodyKey};
pub use content::{Content, Origin, StoredFile};
pub use export::{Export, mbox_piece};
pub use hide::hide_addresses;
pub use source::{Found, Source, SourceError};
pub use subject::{Topic, tidy, without_prefix};
pub use summary::{Repair, Summary};
pub use text::Block;
pub use tree::{Branch, Placed, arrange};
