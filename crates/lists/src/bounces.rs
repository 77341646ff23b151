//! Reports of failure: what they say, whom they are about, whether they count. Pure; `runners/bounce` acts on it.
//!
//! Four questions, each answered in its own place: what does this mail say ([`read()`]); whose copy was it ([`named()`]);
//! who is to blame ([`blame`]); what follows for the member ([`weigh`], [`due()`]).

mod address;
mod complaint;
mod dsn;
mod find;
mod kinds;
mod named;
mod parts;
mod read;
mod reading;
mod returned;
mod score;
mod source;
mod special;
mod status;
mod table;
mod texts;

pub use self::find::{Finding, Told, find};
pub(crate) use self::named::tag;
pub use self::named::{Named, extensions, named};
pub use self::read::read;
pub use self::reading::{Complaint, Failure, Mail, Reading};
pub use self::score::{Delivery, Domain, Due, Evidence, MANY, Probes, Tell, Weighed, due, weigh};
pub(crate) use self::status::enhanced;
pub use self::status::{Blame, blame};
