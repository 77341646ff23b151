use posthaste_mime::Field;

use super::{Draft, Step, Stop};
use crate::topics;

/// Says what a post is about, on lists that have topics.
pub(super) struct Tagger;

impl Step for Tagger {
    const NAME: &'static str = "tagger";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        if !draft.list.settings.topics_enabled {
            return Ok(());
        }
        draft.message.head.remove("X-Topics");
        let topics = topics::of(&draft.message, draft.list);
        if !topics.is_empty() {
            draft.message.head.append(Field::new("X-Topics", &topics.join(", ")));
        }
        Ok(())
    }
}
