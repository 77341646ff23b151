//! The DKIM-safe mode: what the author's signatures cover stays as it is.

use std::collections::BTreeSet;

use posthaste_auth::signed_fields;

use super::Draft;

/// The steps that may be left out. The others do what must be done (passwords go, List-* fields come), what protects the
/// members (content filtering), or what makes a signature needless (From is the list's).
const OPTIONAL: [&str; 5] = ["avoid-duplicates", "reply-to", "subject-prefix", "personal-to", "decorate"];

/// What is to be kept: the fields that signatures cover; `None` if nothing is.
pub(super) fn covered(draft: &Draft<'_>) -> Option<BTreeSet<String>> {
    if !draft.list.settings.keep_signatures || draft.list.settings.anonymous_list {
        return None;
    }
    // A signature that does not hold protects nobody; if nobody looked, each may hold.
    let good = draft.facts.auth.signed_by();
    let names = signed_fields(&draft.post.message.head, good.as_deref());
    (!names.is_empty()).then_some(names)
}

/// True if this step may be taken back.
pub(super) fn is_optional(step: &str) -> bool {
    OPTIONAL.contains(&step)
}

/// True if what signatures cover differs between the two.
pub(super) fn breaks(covered: &BTreeSet<String>, before: &Draft<'_>, after: &Draft<'_>) -> bool {
    let differ = |name: &String| {
        let raw =
            |draft: &Draft<'_>| -> Vec<_> { draft.message.head.all(name).map(|f| f.raw().clone()).collect() };
        raw(before) != raw(after)
    };
    let slot = after.slots.len() != before.slots.len()
        && after.slots.iter().any(|(name, _)| covered.contains(&name.to_ascii_lowercase()));
    before.message.body != after.message.body || after.body.is_some() || slot || covered.iter().any(differ)
}
