//! What is done to an accepted post, in order. Pure: a draft comes in, a changed draft goes out.
//!
//! A new step is one file here and one line in `STEPS`.

mod anonymise;
mod authentication_results;
mod avoid_duplicates;
mod been_there;
mod cleanse;
mod cleanse_dkim;
mod content_filter;
mod cook;
mod decorate;
mod dmarc;
mod draft;
mod enclose;
mod keep_signatures;
mod list_headers;
mod personal_to;
mod reply_to;
mod run;
mod segment;
mod sender_copy;
mod subject_prefix;
mod tagger;

pub(crate) use self::cleanse_dkim::remove_signatures;
pub(crate) use self::content_filter::filtered_size;
pub use self::draft::{ArchiveLinks, Draft, Stop};
pub(crate) use self::list_headers::{list_fields, one_click_slot};
pub(crate) use self::run::pieces;
pub use self::run::{Outgoing, run};
pub use self::segment::{Segment, TextEncoding, Vars, render, to_bytes};
pub(crate) use self::subject_prefix::without_prefix;

/// One step.
trait Step {
    /// Its name in logs.
    const NAME: &'static str;
    /// Changes the draft, or says that the post goes no further.
    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop>;
}

/// One line of the table.
struct Link {
    name: &'static str,
    apply: fn(&mut Draft<'_>) -> Result<(), Stop>,
}

macro_rules! steps {
    ($($step:path),* $(,)?) => { &[$(Link { name: <$step as Step>::NAME, apply: |draft| $step.apply(draft) }),*] };
}

/// What an accepted post goes through, in this order.
const STEPS: &[Link] = steps![
    authentication_results::AuthenticationResults,
    content_filter::ContentFilter,
    tagger::Tagger,
    cleanse::Cleanse,
    cleanse_dkim::CleanseDkim,
    anonymise::Anonymise,
    avoid_duplicates::AvoidDuplicates,
    sender_copy::SenderCopy,
    cook::Cook,
    reply_to::ReplyTo,
    subject_prefix::SubjectPrefix,
    list_headers::ListHeaders,
    been_there::BeenThere,
    personal_to::PersonalTo,
    dmarc::Dmarc,
    decorate::Decorate,
];
