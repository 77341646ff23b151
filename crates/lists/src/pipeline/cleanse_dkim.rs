use posthaste_mime::Head;

use super::{Draft, Step, Stop};

/// Takes out what others signed, where the site wants that.
pub(super) struct CleanseDkim;

const THEIRS: [&str; 3] = ["DomainKey-Signature", "DKIM-Signature", "Authentication-Results"];

impl Step for CleanseDkim {
    const NAME: &'static str = "cleanse-dkim";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        if draft.facts.site.remove_dkim_headers {
            let ours = draft.facts.auth.results.is_some();
            remove_signatures(&mut draft.message.head, ours);
        }
        Ok(())
    }
}

/// The same for mail to owners, which goes through no steps. `keep_results` keeps Authentication-Results, if it is ours.
pub(crate) fn remove_signatures(head: &mut Head, keep_results: bool) {
    head.retain(|field| {
        !THEIRS.iter().any(|name| field.is(name)) || (keep_results && field.is("Authentication-Results"))
    });
}
