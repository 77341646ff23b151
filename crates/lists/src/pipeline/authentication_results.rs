use posthaste_mime::Field;

use super::{Draft, Step, Stop};

/// What we found out of where the post is from stands in one Authentication-Results field on top; all others go, for nobody
/// behind us can tell who wrote them (RFC 8601 §5).
pub(super) struct AuthenticationResults;

impl Step for AuthenticationResults {
    const NAME: &'static str = "validate-authenticity";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        if let Some(results) = &draft.facts.auth.results {
            draft.message.head.remove("Authentication-Results");
            draft.message.head.prepend(Field::structured("Authentication-Results", results));
        }
        Ok(())
    }
}
