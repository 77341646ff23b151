//! Keys of the notes that travel in the header of a spool entry.

/// The sub-address that was written to, by [`posthaste_model::SubAddress::name`].
pub const SUB: &str = "sub";
/// What stood behind the delimiter of the envelope recipient.
pub const EXTENSION: &str = "extension";
/// What an entry of our own making is for: `held`, `rejected`, `undelivered`, `bounce`.
pub const PURPOSE: &str = "purpose";
/// The entry this one was born from.
pub const PARENT: &str = "parent";
/// JSON of who accepted a post that was held, in the entry it went on with.
pub const APPROVED: &str = "approved";
/// JSON of the recipients that failed for good, in an entry at stage `bounce`.
pub const FAILED: &str = "failed";
/// The Message-ID of the post that failed, in an entry at stage `bounce` that we made ourselves.
pub const POST: &str = "post";
