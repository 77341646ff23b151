use posthaste_mime::Field;

use super::{Draft, Step, Stop};

/// Leaves the mark by which the list knows its own posts should they come back.
pub(super) struct BeenThere;

impl Step for BeenThere {
    const NAME: &'static str = "been-there";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        let posting = draft.list.name.to_string();
        draft.message.head.append(Field::structured("X-BeenThere", &posting));
        Ok(())
    }
}
