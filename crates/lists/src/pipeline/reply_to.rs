use posthaste_mime::{Field, address_entries, format_mailbox};
use posthaste_model::ReplyToMunging::{ExplicitHeader, ExplicitHeaderOnly, NoMunging, PointToList};

use super::{Draft, Step, Stop};

/// Sets where answers go, as the list wants it.
pub(super) struct ReplyTo;

impl Step for ReplyTo {
    const NAME: &'static str = "reply-to";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        let settings = &draft.list.settings;
        let mode = settings.reply_goes_to_list;
        if draft.list.settings.anonymous_list || (mode == NoMunging && !settings.first_strip_reply_to) {
            return Ok(());
        }
        let mut answers = Answers::default();
        if matches!(mode, ExplicitHeader | ExplicitHeaderOnly) {
            answers.add(&settings.reply_to_address, settings.reply_to_address.clone());
        }
        if !settings.first_strip_reply_to {
            for value in draft.message.head.all("Reply-To").map(Field::unfolded) {
                for entry in address_entries(&value) {
                    answers.add(&entry.address, entry.source.to_owned());
                }
            }
        }
        if mode == PointToList {
            let posting = draft.list.name.to_string();
            answers.add(&posting, format_mailbox(&draft.description(), &posting));
        }
        let head = &mut draft.message.head;
        if answers.written.is_empty() {
            head.remove("Reply-To");
        } else {
            head.replace(Field::structured("Reply-To", &answers.written.join(", ")));
        }
        Ok(())
    }
}

/// Addresses as they will be written, each once.
#[derive(Default)]
struct Answers {
    keys: Vec<String>,
    written: Vec<String>,
}

impl Answers {
    fn add(&mut self, address: &str, written: String) {
        let key = address.to_lowercase();
        if !key.is_empty() && !self.keys.contains(&key) {
            self.keys.push(key);
            self.written.push(written);
        }
    }
}
