//! What the rooms ask of the database, one file for each matter. Every method of [`Store`](crate::Store) is here.

pub(crate) mod answers;
pub(crate) mod audit;
pub(crate) mod automatic;
pub(crate) mod bans;
pub(crate) mod crossposts;
pub(crate) mod decisions;
pub(crate) mod deeds;
pub(crate) mod digests;
pub(crate) mod directory;
pub(crate) mod domains;
pub(crate) mod header_matches;
pub(crate) mod held;
pub(crate) mod lists;
pub(crate) mod marks;
pub(crate) mod members;
pub(crate) mod news;
mod packed;
pub(crate) mod pendings;
pub(crate) mod people;
pub(crate) mod posting;
mod posting_record;
pub(crate) mod preferences;
pub(crate) mod recipients;
pub(crate) mod requests;
pub(crate) mod templates;
mod topics;
pub(crate) mod words;
