use posthaste_mime::Field;

use super::{Draft, Step, Stop};

/// Says which software this is and that it is list mail, so that automatic answers stay away.
pub(super) struct Cook;

impl Step for Cook {
    const NAME: &'static str = "cook-headers";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        let software = &draft.facts.site.software;
        let head = &mut draft.message.head;
        // People's filters look for this field; the name is Mailman's, the value says the truth.
        if !head.has("X-Mailman-Version") && !software.is_empty() {
            head.append(Field::new("X-Mailman-Version", software));
        }
        if !head.has("Precedence") {
            head.append(Field::structured("Precedence", "list"));
        }
        Ok(())
    }
}
