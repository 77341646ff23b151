use posthaste_mime::{Field, address_entries, format_mailbox};
use posthaste_model::{Personalization, ReplyToMunging};

use super::{Draft, Step, Stop};

/// With full personalisation To names the one recipient, and Cc the list instead, so that answers to all still reach it.
pub(super) struct PersonalTo;

impl Step for PersonalTo {
    const NAME: &'static str = "personal-to";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        let settings = &draft.list.settings;
        if settings.personalize != Personalization::Full || !draft.personal {
            return Ok(());
        }
        let posting = draft.list.name.to_string();
        let entry = format_mailbox(&draft.description(), &posting);
        let mode = settings.reply_goes_to_list;
        let head = &mut draft.message.head;
        head.replace(Field::structured("To", &posting));
        draft.slots.push(("To", "To: ${user_to}\r\n".into()));
        if settings.anonymous_list
            || matches!(mode, ReplyToMunging::PointToList | ReplyToMunging::ExplicitHeaderOnly)
        {
            return Ok(());
        }
        let values: Vec<String> = head.all("Cc").map(Field::unfolded).collect();
        let entries: Vec<_> = values.iter().flat_map(|value| address_entries(value)).collect();
        if entries.iter().any(|e| e.address.eq_ignore_ascii_case(&posting)) {
            return Ok(());
        }
        let mut written: Vec<&str> = entries.iter().map(|e| e.source).collect();
        written.push(&entry);
        head.replace(Field::structured("Cc", &written.join(", ")));
        Ok(())
    }
}
