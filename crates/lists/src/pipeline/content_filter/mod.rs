//! The content filter: what a list does not want in its posts is taken out, and a post that is nothing else goes no further.

mod policy;
mod reduce;
mod report;

use bytes::Bytes;
use posthaste_mime::{Field, Message, Part};
use posthaste_model::{FilterAction, MailingList};

use self::policy::Policy;
use super::{Draft, Step, Stop};
use crate::facts::ContentFacts;
use crate::reason::Reason;

/// The name that stands in reasons.
const NAME: &str = "content-filter";

/// Takes out what the list does not want.
pub(super) struct ContentFilter;

impl Step for ContentFilter {
    const NAME: &'static str = NAME;

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        if !draft.list.settings.filter_content {
            return Ok(());
        }
        match filter(&draft.message, draft.list, draft.facts.site.content) {
            Filtered::Same => Ok(()),
            Filtered::Changed(mut message) => {
                message.head.replace(Field::new("X-Content-Filtered-By", &draft.facts.site.software));
                draft.message = message;
                Ok(())
            }
            Filtered::Refused(reason) => stop(draft, reason),
        }
    }
}

/// What the filter has made of a message.
enum Filtered {
    /// Nothing.
    Same,
    /// Another one.
    Changed(Message),
    /// It may not go on; why.
    Refused(Reason),
}

/// What becomes of a post of which nothing may go on.
fn stop(draft: &Draft<'_>, reason: Reason) -> Result<(), Stop> {
    Err(match draft.list.settings.filter_action {
        // Whoever asks for these lets the post go as it came.
        FilterAction::Accept | FilterAction::Defer => return Ok(()),
        // A moderator has seen it: it goes as it came.
        FilterAction::Hold if draft.facts.approved => return Ok(()),
        FilterAction::Hold => Stop::Hold(reason),
        FilterAction::Reject => Stop::Reject(reason),
        FilterAction::Forward => Stop::Forward(reason),
        FilterAction::Preserve if draft.facts.site.content.preserve => Stop::Preserve(reason),
        FilterAction::Discard | FilterAction::Preserve => Stop::Discard(reason),
    })
}

fn filter(message: &Message, list: &MailingList, site: ContentFacts) -> Filtered {
    let settings = &list.settings;
    let policy = Policy::of(settings);
    let mut part = Part::of(message);
    if let Some(refusal) = policy.refuses(&part) {
        return Filtered::Refused(refusal.reason());
    }
    let before = part.leaves();
    let mut removed = vec![];
    if !policy.prune(&mut part, &mut removed) {
        return Filtered::Refused(Reason::phrase(NAME, "reason.content-empty", []));
    }
    if settings.collapse_alternatives {
        reduce::collapse(&mut part);
    }
    reduce::single(&mut part);
    if settings.convert_html_to_plaintext {
        reduce::plain(&mut part);
    }
    reduce::second_of_two(&mut part);
    if !part.is_changed() && part.leaves() == before {
        return Filtered::Same;
    }
    let mut message = part.into_message();
    if site.report && !removed.is_empty() {
        report::add(&mut message, &removed, &settings.preferred_language);
    }
    Filtered::Changed(message)
}

/// Bytes of the message as the filter would let it go on; as it is if it would not, or if the list does not filter.
pub(crate) fn filtered_size(message: &Message, list: &MailingList, site: ContentFacts) -> Option<u64> {
    if !list.settings.filter_content {
        return None;
    }
    match filter(message, list, site) {
        Filtered::Changed(message) => Some(message.len() as u64),
        Filtered::Same => Some(message.len() as u64),
        // The filter speaks about it, not the limit.
        Filtered::Refused(_) => Some(0),
    }
}

/// A part in a few words, for the report.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Removed {
    kind: String,
    name: Option<String>,
}

impl Removed {
    fn of(part: &Part) -> Self {
        Self {
            kind: part.kind().to_owned(),
            name: posthaste_mime::file_names(part.head()).into_iter().next(),
        }
    }
}

/// A message with nothing but this text in it.
fn text_body(text: &str) -> Bytes {
    posthaste_mime::crlf(Bytes::from(text.to_owned()))
}
